import t from 'tap';
import { onSignals } from '../../src/control/signals.ts';
import { HandClock } from '../support/hand-clock.ts';

t.test('each signal has its meaning, and an echo of one is not a second one', async (t) => {
  const clock = new HandClock();
  const done: string[] = [];
  onSignals(
    { reload: () => done.push('reload'), reopen: () => done.push('reopen'), stop: () => done.push('stop') },
    clock,
  );
  process.emit('SIGHUP');
  process.emit('SIGUSR1');
  t.same(done.splice(0), ['reload', 'reopen']);
  process.emit('SIGTERM');
  clock.advance(49);
  process.emit('SIGTERM');
  t.same(done.splice(0), ['stop'], 'passed on by a wrapper');
  process.emit('SIGINT');
  t.same(done.splice(0), ['stop'], 'another signal is another one');
  clock.advance(50);
  process.emit('SIGTERM');
  t.same(done.splice(0), ['stop']);
});

import t from 'tap';
import { Backoff } from '../../src/control/backoff.ts';
import { readyLine } from '../../src/control/ready-line.ts';
import { FaultWindow, StallWatch } from '../../src/control/watch.ts';

t.test('a loop is stalled when its heartbeat stands still for the whole time', async (t) => {
  const watch = new StallWatch(100);
  t.notOk(watch.isStalled(1, 0));
  t.notOk(watch.isStalled(1, 99));
  t.ok(watch.isStalled(1, 100));
  t.notOk(watch.isStalled(2, 150), 'it beats again');
  t.notOk(watch.isStalled(2, 249));
  t.ok(watch.isStalled(2, 250));
});

t.test('faults count within a minute, not over the life of a worker', async (t) => {
  const window = new FaultWindow(5);
  t.notOk(window.isBeyond(100, 0), 'what was before does not count');
  t.notOk(window.isBeyond(105, 10_000));
  t.ok(window.isBeyond(106, 20_000));
  const slow = new FaultWindow(5);
  for (let minute = 0; minute < 10; minute += 1) t.notOk(slow.isBeyond(minute * 5, minute * 60_000));
});

t.test('a child that worked is started at once, one that ends soon after its start ever later', async (t) => {
  const backoff = new Backoff();
  t.equal(backoff.nextDelayMs(10_000), 0);
  t.same(
    [undefined, 10, undefined, 0, 0, 0, 0, 0].map((readyForMs) => backoff.nextDelayMs(readyForMs)),
    [100, 200, 400, 800, 1600, 3200, 5000, 5000],
  );
  t.equal(backoff.nextDelayMs(250), 0);
  t.equal(backoff.nextDelayMs(undefined), 100, 'counted from the start again');
});

t.test('the ready line names every address in config order', async (t) => {
  const listeners = [
    { host: '127.0.0.1', port: 8080 },
    { host: '::1', port: 8443 },
  ];
  t.equal(
    readyLine(listeners, '127.0.0.1:9901'),
    'parapet: ready listener.0=127.0.0.1:8080 listener.1=[::1]:8443 admin=127.0.0.1:9901',
  );
  t.equal(readyLine(listeners.slice(0, 1), undefined), 'parapet: ready listener.0=127.0.0.1:8080');
  t.equal(readyLine([], 'unix:/run/p.sock'), 'parapet: ready admin=unix:/run/p.sock');
});

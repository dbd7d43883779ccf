/** sd_notify(3): what is sent, to whom, and what becomes of a failure. The protocol itself is tested end to end. */
import t from 'tap';
import { type ManagerEnvironment, ServiceManager } from '../../src/control/service-manager.ts';
import { HandClock } from '../support/hand-clock.ts';

function setUp(over: Partial<ManagerEnvironment> = {}, fails = false) {
  const clock = new HandClock();
  const sent: string[] = [];
  const told: string[] = [];
  const environment = { socket: '/run/notify', watchdogUs: undefined, watchdogPid: undefined, ...over };
  const manager = new ServiceManager(environment, {
    clock,
    monotonicUs: () => 1234n,
    send: (socket, text) => {
      if (fails) throw new Error('ENOENT');
      sent.push(`${socket} ${text}`);
    },
    tell: (line) => told.push(line),
    pid: 70,
    parentPid: 60,
  });
  return { clock, sent, told, manager };
}

t.test('each state has its message', async (t) => {
  const { manager, sent } = setUp();
  manager.ready('Up.');
  manager.reloading();
  manager.status('Busy.');
  manager.stopping();
  t.same(sent, [
    '/run/notify READY=1\nMAINPID=70\nSTATUS=Up.',
    '/run/notify RELOADING=1\nMONOTONIC_USEC=1234\nSTATUS=The config is read again.',
    '/run/notify STATUS=Busy.',
    '/run/notify STOPPING=1\nSTATUS=Draining.',
  ]);
});

t.test('without a socket nothing is sent; a failure is told once', async (t) => {
  const none = setUp({ socket: undefined });
  none.manager.ready('Up.');
  t.same([none.sent, none.told], [[], []]);
  const broken = setUp({}, true);
  broken.manager.ready('Up.');
  broken.manager.stopping();
  t.match(broken.told, [/cannot be told \(NOTIFY_SOCKET\): ENOENT/]);
  t.equal(broken.told.length, 1);
});

t.test(
  'signs of life are asked for three times in the time of the watchdog, where it is meant for us',
  async (t) => {
    const rows: [environment: Partial<ManagerEnvironment>, asked: number][] = [
      [{ watchdogUs: '3000000' }, 3],
      [{ watchdogUs: '3000000', watchdogPid: '70' }, 3],
      [{ watchdogUs: '3000000', watchdogPid: '60' }, 3],
      [{ watchdogUs: '3000000', watchdogPid: '1' }, 0],
      [{ watchdogUs: 'nonsense' }, 0],
      [{}, 0],
    ];
    for (const [environment, expected] of rows) {
      const { clock, manager } = setUp(environment);
      let asked = 0;
      manager.watch(() => (asked += 1));
      for (let second = 0; second < 3; second += 1) clock.advance(1000);
      t.equal(asked, expected, JSON.stringify(environment));
      manager.close();
      clock.advance(5000);
      t.equal(asked, expected, 'none after the end');
    }
  },
);

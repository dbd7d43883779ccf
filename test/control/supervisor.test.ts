/** The supervisor with a stub in place of the proxy: a script that speaks the handover and does as a test says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ListenerRequest } from '../../src/control/handover.ts';
import { ServiceManager } from '../../src/control/service-manager.ts';
import { Supervisor, type SupervisorPorts } from '../../src/control/supervisor.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until, within } from '../support/within.ts';

/** Says what it hears on standard output, one JSON message a line; does what its first argument says. */
const stub = `
import { Socket } from 'node:net';
const how = process.argv[2];
const pipe = new Socket({ fd: 3 });
const send = (message) => pipe.write(JSON.stringify(message) + '\\n');
let rest = '';
pipe.setEncoding('utf8');
pipe.on('data', (piece) => {
  const lines = (rest + piece).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    process.stdout.write(line + '\\n');
    const message = JSON.parse(line);
    if (message.kind === 'start' && how === 'fail') process.exit(1);
    if (message.kind === 'start' && how !== 'silent') send({ kind: 'ready', adminPort: 4711 });
    if (message.kind === 'reload') send({ kind: 'open', listener: { key: 'new 1', where: 'listeners[1].address', address: '127.0.0.1:0', host: '127.0.0.1', port: 0, backlog: 5 } });
    if (message.kind === 'reopen') send({ kind: 'inForce', text: 'second', files: [], keys: ['new 1'] });
    if (message.kind === 'drain' && how !== 'stuck') process.exit(0);
    if (message.kind === 'end') process.exit(143);
  }
});
pipe.on('close', () => process.exit(7));
`;

interface Heard {
  kind: string;
  [key: string]: unknown;
}

/** What it is when no service manager has started the process. */
function silentManager(): ServiceManager {
  const environment = { socket: undefined, watchdogUs: undefined, watchdogPid: undefined };
  const send = () => {
    throw new Error('there is nobody to tell');
  };
  const ports = { clock: systemClock, monotonicUs: () => 0n, send, tell: () => {}, pid: 1, parentPid: 0 };
  return new ServiceManager(environment, ports);
}

class Rig {
  readonly told: string[] = [];
  readonly heard: Heard[] = [];
  readonly closed: number[] = [];
  readonly sent: number[][] = [];
  readonly children: ChildProcess[] = [];
  /** How the next child behaves. */
  how = 'ready';
  failListen: string | undefined;
  readonly supervisor: Supervisor;
  #nextPort = 40_000;

  constructor(t: Test, listeners: ListenerRequest[], dropsRights = false) {
    const script = join(temporaryFolder(t), 'stub.mjs');
    writeFileSync(script, stub);
    const open = () => openSync('/dev/null', 'r');
    const ports: SupervisorPorts = {
      binding: {
        listen: (_host, port) => {
          if (this.failListen !== undefined) throw Object.assign(new Error('no'), { code: this.failListen });
          return { fd: open(), port: port === 0 ? this.#nextPort++ : port };
        },
        closeFd: (fd) => {
          this.closed.push(fd);
          closeSync(fd);
        },
        descriptorPair: () => [open(), open()],
        sendDescriptors: (_channel, fds) => this.sent.push(fds),
      },
      spawn: (descriptors) => this.#spawn(script, descriptors),
      clock: systemClock,
      tell: (line) => this.told.push(line),
      manager: silentManager(),
    };
    this.supervisor = new Supervisor(
      {
        file: 'p.yaml',
        text: 'first',
        files: [['/a', 'Yg==']],
        workers: 2,
        listeners,
        testFaults: false,
        dropsRights,
      },
      ports,
    );
    t.teardown(() => {
      for (const child of this.children) child.kill('SIGKILL');
    });
  }

  #spawn(script: string, descriptors: number[]): ChildProcess {
    const child = spawn(process.execPath, [script, this.how], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe', ...descriptors],
    });
    this.children.push(child);
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      this.heard.push(...lines.map((line) => JSON.parse(line) as Heard));
    });
    return child;
  }

  async waitHeard(kind: string, count = 1): Promise<Heard> {
    return await until(
      10_000,
      `${count} ${kind}`,
      () => this.heard.filter((one) => one.kind === kind)[count - 1],
    );
  }
}

const listener = (over: Partial<ListenerRequest> = {}): ListenerRequest => ({
  key: '127.0.0.1:0 1',
  where: 'listeners[0].address',
  address: '127.0.0.1:0',
  host: '127.0.0.1',
  port: 0,
  backlog: 5,
  ...over,
});

t.test(
  'the child gets the config and the sockets, numbered from 5 on, and the first SIGTERM drains it',
  async (t) => {
    const rig = new Rig(t, [listener(), listener({ key: '127.0.0.1:0 2' })]);
    const done = rig.supervisor.run();
    t.match(await rig.waitHeard('start'), {
      text: 'first',
      workers: 2,
      adminPort: 0,
      listeners: [
        { key: '127.0.0.1:0 1', port: 40_000, fds: [5, 6] },
        { key: '127.0.0.1:0 2', port: 40_001, fds: [7, 8] },
      ],
    });
    rig.supervisor.stop();
    t.equal(await within(10_000, 'the end', done), 0);
    t.same(rig.told, []);
  },
);

t.test(
  'a child that dies is started again with the same sockets and the admin port that it had',
  async (t) => {
    const rig = new Rig(t, [listener()]);
    const done = rig.supervisor.run();
    await rig.waitHeard('start');
    const opened = rig.closed.length;
    rig.children[0]?.kill('SIGKILL');
    t.match(await rig.waitHeard('start', 2), { adminPort: 4711, listeners: [{ port: 40_000, fds: [5, 6] }] });
    t.match(rig.told[0], /the proxy ended \(SIGKILL\) and is started again/);
    t.ok(rig.closed.length - opened <= 3, 'no listening socket was closed');
    rig.children[1]?.kill('SIGKILL');
    await rig.waitHeard('start', 3);
    rig.supervisor.stop();
    t.equal(await within(10_000, 'the end', done), 0);
  },
);

t.test('a first start that fails is the end', async (t) => {
  const rig = new Rig(t, [listener()]);
  rig.how = 'fail';
  t.equal(await within(10_000, 'the end', rig.supervisor.run()), 1);
  t.equal(rig.children.length, 1);
});

t.test('the second SIGTERM ends a child that does not drain', async (t) => {
  const rig = new Rig(t, [listener()]);
  rig.how = 'stuck';
  const done = rig.supervisor.run();
  await rig.waitHeard('start');
  rig.supervisor.stop();
  await rig.waitHeard('drain');
  rig.supervisor.stop();
  t.equal(await within(10_000, 'the end', done), 143);
});

t.test('a child that does not even listen is killed by the second SIGTERM', async (t) => {
  const rig = new Rig(t, [listener()]);
  const done = rig.supervisor.run();
  await rig.waitHeard('start');
  rig.children[0]?.kill('SIGSTOP');
  rig.supervisor.stop();
  rig.supervisor.stop();
  t.equal(await within(10_000, 'the end', done), 1);
});

t.test('a child that was never ready has nothing to drain: the first SIGTERM ends it', async (t) => {
  const rig = new Rig(t, [listener()]);
  rig.how = 'silent';
  const done = rig.supervisor.run();
  await rig.waitHeard('start');
  rig.children[0]?.kill('SIGSTOP');
  rig.supervisor.stop();
  t.equal(await within(10_000, 'the end', done), 1);
});

t.test('a reload adds a listener through the channel, and what is in force outlives a crash', async (t) => {
  const rig = new Rig(t, [listener()]);
  const done = rig.supervisor.run();
  await rig.waitHeard('start');
  rig.supervisor.reload();
  t.match(await rig.waitHeard('opened'), { key: 'new 1', port: 40_001 });
  t.equal(rig.sent[0]?.length, 2);
  rig.supervisor.reopen();
  await rig.waitHeard('reopen');
  rig.children[0]?.kill('SIGKILL');
  t.match(await rig.waitHeard('start', 2), {
    text: 'second',
    listeners: [{ key: 'new 1', port: 40_001, fds: [5, 6] }],
  });
  rig.supervisor.stop();
  await within(10_000, 'the end', done);
});

t.test('a listener that cannot be added is refused with its reason', async (t) => {
  const rig = new Rig(t, [listener()]);
  const done = rig.supervisor.run();
  await rig.waitHeard('start');
  rig.failListen = 'EACCES';
  rig.supervisor.reload();
  t.match(await rig.waitHeard('refused'), {
    key: 'new 1',
    message: /change listeners\[1\]\.address in p\.yaml/,
  });
  rig.supervisor.stop();
  await within(10_000, 'the end', done);
});

t.test('a port that is in use names the key to change', async (t) => {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const rig = new Rig(t, [listener({ address: `127.0.0.1:${port}`, port })]);
  t.equal(await rig.supervisor.run(), 1);
  t.equal(
    rig.told[0],
    `127.0.0.1:${port} is in use: stop what listens there, or change listeners[0].address in p.yaml`,
  );
  t.equal(rig.children.length, 0);
});

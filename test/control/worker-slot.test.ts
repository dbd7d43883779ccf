/** Worker slots with threads that a test plays itself. */
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { EdgeRing, EdgeThread } from '../../src/control/edge-life.ts';
import { Fleet } from '../../src/control/fleet.ts';
import type { EdgeConfiguration, EdgeSetup, FromEdge, ToEdge } from '../../src/edge/protocol.ts';
import { counters } from '../../src/engine/contract.ts';
import { CounterPage } from '../../src/metrics/index.ts';
import { HandClock } from '../support/hand-clock.ts';

class FakeThread extends EventEmitter implements EdgeThread {
  readonly setup: EdgeSetup;
  readonly heard: ToEdge[] = [];
  isAlive = true;
  /** Terminating it does nothing. */
  resists = false;

  constructor(setup: EdgeSetup) {
    super();
    this.setup = setup;
  }

  get index(): number {
    return this.setup.engine.workerIndex;
  }

  postMessage(message: ToEdge): void {
    this.heard.push(message);
    if (message.kind === 'drain') this.say({ kind: 'draining' });
    if (message.kind === 'stop') this.end();
  }

  say(message: FromEdge): void {
    this.emit('message', message);
  }

  ready(): void {
    this.say({ kind: 'ready', ringPath: `ring-${this.setup.engine.ringId}`, ringKind: 2, ringError: 0 });
  }

  end(code = 0, error?: Error): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    if (error !== undefined) this.emit('error', error);
    this.emit('exit', code);
  }

  async terminate(): Promise<number> {
    if (!this.resists) this.end(1);
    return 1;
  }

  kinds(): string[] {
    return this.heard.map(({ kind }) => kind);
  }
}

class Rig {
  readonly clock = new HandClock();
  readonly threads: FakeThread[] = [];
  readonly told: string[] = [];
  readonly rings: string[] = [];
  readonly buffers = new Map<number, ArrayBuffer>();
  readonly fleet: Fleet;
  readonly started: Promise<void>;
  #ringId = 0;

  constructor(workers: number, over: { perMinuteMax?: number; stallMs?: number } = {}) {
    const settings = { stallMs: 1000, perMinuteMax: 5, drainMs: 3000, ...over };
    this.fleet = new Fleet(workers, (slot) => configuration(1, slot), settings, {
      clock: this.clock,
      tell: (line) => this.told.push(line),
      stuck: (name) => this.told.push(`${name} is stuck`),
      createThread: (setup) => {
        const thread = new FakeThread(setup);
        this.threads.push(thread);
        return thread;
      },
      engineOptions: (workerIndex) => ({
        workerIndex,
        workers,
        arenaBytes: 0,
        ringPath: '',
        ringBytes: 0,
        ringId: (this.#ringId += 1),
        bootIdHex: '',
        rayFirstHex: '',
        ticketKeys: new Uint8Array(),
      }),
      ringOpened: (_worker, { ringPath }: EdgeRing) => this.rings.push(`open ${ringPath}`),
      ringLeft: ({ ringPath }) => this.rings.push(`left ${ringPath}`),
      page: (index) => new CounterPage(this.#buffer(index)),
    });
    this.started = this.fleet.start(settings.stallMs);
  }

  #buffer(index: number): ArrayBuffer {
    const known = this.buffers.get(index) ?? new ArrayBuffer(4096);
    this.buffers.set(index, known);
    return known;
  }

  set(index: number, name: string, value: number): void {
    new BigUint64Array(this.#buffer(index))[counters.findIndex(([counter]) => counter === name)] =
      BigInt(value);
  }

  thread(at: number): FakeThread {
    const thread = this.threads[at];
    if (thread === undefined) throw new Error(`no thread ${at}`);
    return thread;
  }

  /** Lets promises settle. */
  async settle(): Promise<void> {
    for (let round = 0; round < 4; round += 1) await turn();
  }

  /** Time in small steps, so that what it sets off is seen. */
  async pass(ms: number): Promise<void> {
    for (let past = 0; past < ms; past += 20) {
      this.clock.advance(20);
      await this.settle();
    }
  }
}

function configuration(id: number, slot: number): EdgeConfiguration {
  return {
    policy: { id },
    tables: { servers: [] },
    listeners: [{ id: 1, fd: 10 + slot }],
  } as unknown as EdgeConfiguration;
}

async function start(workers: number, over = {}): Promise<Rig> {
  const rig = new Rig(workers, over);
  for (const thread of rig.threads) thread.ready();
  await rig.started;
  return rig;
}

t.test('a worker that cannot start fails the start', async (t) => {
  const rig = new Rig(2);
  rig.thread(0).ready();
  rig.thread(1).end(1, new Error('no arena'));
  await t.rejects(rig.started, /no arena/);
});

t.test('a worker that ends is replaced, with the same sockets and another page', async (t) => {
  const rig = await start(2);
  t.same(rig.fleet.missing, []);
  await rig.pass(300);
  rig.set(0, 'connections_open', 7);
  rig.set(0, 'exchanges_total', 9);
  rig.thread(0).end(1, Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
  await rig.settle();
  t.same(rig.fleet.missing, [0]);
  t.match(rig.told[0], /worker 0 ended \(ERR_WORKER_OUT_OF_MEMORY\) and is replaced at once/);
  rig.clock.advance(0);
  const next = rig.thread(2);
  t.same(next.setup.configuration.listeners, [{ id: 1, fd: 10 }]);
  next.ready();
  await rig.settle();
  t.same(rig.fleet.missing, []);
  t.same(rig.rings, ['open ring-1', 'open ring-2', 'left ring-1', 'open ring-3']);
  t.equal(rig.fleet.replacements, 1);
  const page = new CounterPage(rig.buffers.get(0) as ArrayBuffer);
  t.equal(page.read('connections_open'), 0, 'what it held is gone');
  t.equal(page.read('exchanges_total'), 9, 'what it did is not');
});

t.test('a worker that ends at once again and again is started ever later', async (t) => {
  const rig = await start(1);
  rig.thread(0).end();
  await rig.settle();
  t.equal(rig.threads.length, 1);
  await rig.pass(100);
  t.equal(rig.threads.length, 2);
  rig.thread(1).end();
  await rig.settle();
  await rig.pass(180);
  t.equal(rig.threads.length, 2);
  await rig.pass(40);
  t.equal(rig.threads.length, 3);
});

t.test('a worker whose loop does not turn for worker.stallMs is ended and replaced', async (t) => {
  const rig = await start(2);
  for (let beat = 1; beat <= 20; beat += 1) {
    rig.set(0, 'heartbeat', beat);
    rig.set(1, 'heartbeat', beat);
    await rig.pass(100);
  }
  t.equal(rig.threads.length, 2, 'a heartbeat keeps it alive');
  for (let beat = 21; beat <= 40; beat += 1) {
    rig.set(1, 'heartbeat', beat);
    await rig.pass(100);
  }
  t.notOk(rig.thread(0).isAlive);
  t.ok(rig.thread(1).isAlive);
  t.match(rig.told[0], /worker 0 has not turned its loop for 1000 ms and is ended/);
  t.equal(rig.thread(2).index % 2, 0);
});

t.test('a worker that fails too often is drained while its replacement accepts', async (t) => {
  const rig = await start(1, { stallMs: 1_000_000 });
  rig.set(0, 'exchanges_live', 2);
  rig.set(0, 'policy_faults_total', 3);
  for (let fault = 0; fault < 3; fault += 1)
    rig.thread(0).say({ kind: 'fault', text: 'oops', isCounted: false });
  await rig.pass(600);
  t.same(rig.thread(0).kinds(), ['drain']);
  t.equal(rig.thread(1).index, 1, 'on the other page of the slot');
  rig.thread(1).ready();
  await rig.pass(1000);
  t.ok(rig.thread(0).isAlive, 'exchanges in flight go on');
  rig.set(0, 'exchanges_live', 0);
  await rig.pass(40);
  t.same(rig.thread(0).kinds(), ['drain', 'stop']);
  t.notOk(rig.thread(0).isAlive);
  t.ok(
    rig.told.some((line) =>
      /worker 0 is drained and replaced: it failed more than 5 times within a minute/.test(line),
    ),
  );
  t.equal(rig.told.filter((line) => line === 'worker 0: oops').length, 1, 'the same fault is told once');
});

t.test('draining ends after drainMs, with what is still in flight', async (t) => {
  const rig = await start(1);
  rig.set(0, 'exchanges_live', 1);
  t.ok(rig.fleet.replace(0, 'a test asks'));
  t.notOk(rig.fleet.replace(5, 'a test asks'));
  rig.thread(1).ready();
  for (let beat = 1; beat <= 29; beat += 1) {
    rig.set(1, 'heartbeat', beat);
    await rig.pass(100);
  }
  t.ok(rig.thread(0).isAlive);
  await rig.pass(140);
  t.notOk(rig.thread(0).isAlive);
});

t.test('a configuration is put in force when every worker has prepared it', async (t) => {
  const rig = await start(2);
  const published = rig.fleet.publish((slot) => configuration(2, slot), {
    stallMs: 1000,
    perMinuteMax: 5,
    drainMs: 1,
  });
  rig.thread(0).say({ kind: 'prepared', id: 2 });
  await rig.settle();
  t.same(rig.thread(0).kinds(), ['prepare'], 'not before the other one');
  rig.thread(1).say({ kind: 'prepared', id: 2 });
  await rig.settle();
  for (const thread of rig.threads) {
    t.same(thread.kinds(), ['prepare', 'commit']);
    thread.say({ kind: 'committed', id: 2 });
  }
  t.equal(await published, undefined);
});

t.test('one refusal anywhere abandons it everywhere', async (t) => {
  const rig = await start(2);
  const published = rig.fleet.publish((slot) => configuration(2, slot), {
    stallMs: 1000,
    perMinuteMax: 5,
    drainMs: 1,
  });
  rig.thread(0).say({ kind: 'prepared', id: 2 });
  rig.thread(1).say({ kind: 'refused', id: 2, message: 'no such field' });
  t.equal(await published, 'worker 1: no such field');
  for (const thread of rig.threads) t.same(thread.kinds(), ['prepare', 'abandon']);
});

t.test('a worker that ends while it prepares a configuration refuses it', async (t) => {
  const rig = await start(2, { stallMs: 100_000 });
  await rig.pass(300);
  const published = rig.fleet.publish((slot) => configuration(2, slot), {
    stallMs: 1000,
    perMinuteMax: 5,
    drainMs: 1,
  });
  rig.thread(0).say({ kind: 'prepared', id: 2 });
  rig.thread(1).end(1, new Error('out of memory'));
  t.equal(await published, 'worker 1: it ended while it prepared the configuration');
  t.same(rig.thread(0).kinds(), ['prepare', 'abandon']);
  await rig.pass(40);
  t.equal(rig.thread(2).setup.configuration.policy.id, 1, 'the next one begins with what is in force');
});

t.test('a worker that begins between the two steps gets the configuration whole', async (t) => {
  const rig = await start(2, { stallMs: 100_000 });
  const published = rig.fleet.publish((slot) => configuration(2, slot), {
    stallMs: 1000,
    perMinuteMax: 5,
    drainMs: 1,
  });
  rig.thread(0).say({ kind: 'prepared', id: 2 });
  await rig.pass(300);
  rig.thread(0).end();
  await rig.pass(40);
  const late = rig.thread(2);
  t.equal(late.setup.configuration.policy.id, 1);
  rig.thread(1).say({ kind: 'prepared', id: 2 });
  await rig.settle();
  t.same(late.kinds(), ['prepare', 'commit']);
  t.same(rig.thread(1).kinds(), ['prepare', 'commit']);
  for (const thread of [late, rig.thread(1)]) thread.say({ kind: 'committed', id: 2 });
  t.equal(await published, undefined);
  // And the next one begins with it.
  late.ready();
  await rig.pass(300);
  late.end();
  await rig.pass(40);
  t.equal(rig.thread(3).setup.configuration.policy.id, 2);
});

t.test('a worker that does not answer refuses', async (t) => {
  const rig = await start(1, { stallMs: 1_000_000 });
  const published = rig.fleet.publish((slot) => configuration(2, slot), {
    stallMs: 1000,
    perMinuteMax: 5,
    drainMs: 1,
  });
  await rig.pass(60_000);
  t.match(await published, /not prepared after 60000 ms/);
});

t.test('a thread that cannot even be torn down is told', async (t) => {
  const rig = await start(1);
  rig.thread(0).resists = true;
  await rig.pass(1500);
  t.same(rig.told, ['worker 0 has not turned its loop for 1000 ms and is ended']);
  await rig.pass(10_000);
  t.equal(rig.told[1], 'worker 0 is stuck');
});

t.test('new addresses reach every thread', async (t) => {
  const rig = await start(2);
  rig.fleet.setAddresses(4, ['192.0.2.1']);
  for (const thread of rig.threads)
    t.same(thread.heard, [{ kind: 'addresses', server: 4, addresses: ['192.0.2.1'] }]);
});

t.test('the end drains all workers, and starts none again', async (t) => {
  const rig = await start(2);
  const drained = rig.fleet.drain(() => rig.told.push('stopped'));
  await rig.pass(100);
  await drained;
  t.same(rig.told, ['stopped']);
  t.ok(rig.threads.every((thread) => !thread.isAlive));
  await rig.pass(10_000);
  t.equal(rig.threads.length, 2);
});

const silent = (t: Test, rig: Rig) => t.same(rig.told, []);

t.test('an orderly life tells nothing', async (t) => {
  const rig = await start(1);
  for (let beat = 1; beat <= 30; beat += 1) {
    rig.set(0, 'heartbeat', beat);
    await rig.pass(100);
  }
  silent(t, rig);
});

/** The loop: batches, faults, snapshots, and the room that a batch has. */
import t from 'tap';
import { commandFlag, controlWord, eventFlag, reasons } from '../../src/engine/contract.ts';
import { Policy, testFaults } from '../../src/pipeline/index.ts';
import { defaultCacheSettings, defaultOriginSettings } from '../../src/pipeline/protocol.ts';
import { type Command, earlyKey, FakeEngine, type Fields } from '../support/fake-engine.ts';
import { FakeProxy, snapshotWith } from '../support/fake-proxy.ts';

function addRequest(engine: FakeEngine, slot: number, fields: Fields = [], snapshot = 1): void {
  const head = engine.request({ fields: [['host', 'a'], ...fields] });
  const index = engine.event('request', { slot, generation: 1, snapshot, head, flags: eventFlag.keyValid });
  engine.lookUpInto(index, earlyKey(7, 'a', '/'));
}

t.test('every event of a batch is answered, in order', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  engine.put(earlyKey(7, 'a', '/'), { freshUntil: engine.now + 10, ageAtStore: 3, storedAt: engine.now - 2 });
  engine.begin();
  addRequest(engine, 1);
  addRequest(engine, 2, [['cache-control', 'no-cache']]);
  addRequest(engine, 3, [['if-none-match', '*']]);
  addRequest(engine, 4);
  const commands = engine.run(() => policy.onBatch());
  t.same(
    commands.map((command) => [command.word('slot'), command.kind, command.word('status')]),
    [
      [1, 'serve', 0],
      [2, 'fetch', 0],
      [3, 'serve', 304],
      [4, 'serve', 0],
    ],
  );
  t.equal(commands[0]?.word('age'), 5);
  t.equal(commands[0]?.word('ttl'), 10);
});

t.test('the common hit and the long way say the same', async (t) => {
  const engine = new FakeEngine();
  const slow = { ...defaultCacheSettings, mode: 'cdn' as const };
  const zone = snapshotWith().zones[0]!;
  const run = (snapshot: ReturnType<typeof snapshotWith>): Command => {
    const policy = new Policy(engine.memory, engine.ports, snapshot, 0);
    engine.begin();
    const head = engine.request({ target: '/a.css', fields: [['host', 'a']] });
    const index = engine.event('request', {
      slot: 1,
      generation: 2,
      snapshot: 1,
      head,
      flags: eventFlag.keyValid,
    });
    engine.lookUpInto(index, earlyKey(7, 'a', '/a.css'));
    return engine.run(() => policy.onBatch())[0]!;
  };
  engine.put(earlyKey(7, 'a', '/a.css'), {
    freshUntil: engine.now + 10,
    ageAtStore: 3,
    storedAt: engine.now - 2,
    flags: 4,
  });
  const fast = run(snapshotWith());
  const long = run(snapshotWith({ zones: [{ ...zone, cache: slow }] }));
  for (const word of [
    'kind',
    'slot',
    'generation',
    'object',
    'objectGeneration',
    'age',
    'ttl',
    'cacheStatus',
    'cacheResult',
    'editsLength',
  ] as const) {
    t.equal(fast.word(word), long.word(word), word);
  }
});

t.test('a throw costs one exchange: the cursor says which, and the batch goes on', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith({ testFaults: true }), 0);
  engine.begin();
  addRequest(engine, 1);
  addRequest(engine, 2, [['x-parapet-test-fault', 'throw']]);
  addRequest(engine, 3);
  t.throws(() => engine.run(() => policy.onBatch()), /asked the policy to throw/);
  t.equal(engine.words[controlWord.eventCursor], 1);
  t.same(
    engine.commands().map((command) => command.word('slot')),
    [1],
  );
  engine.begin();
  addRequest(engine, 3);
  t.same(
    engine.run(() => policy.onBatch()).map((command) => command.kind),
    ['fetch'],
  );
});

t.test('faults cannot be asked for unless the process was started for it', async (t) => {
  const proxy = new FakeProxy(() => ({ body: 'fine' }));
  for (const fault of testFaults)
    t.equal(proxy.send({ fields: [['x-parapet-test-fault', fault]] }).body, 'fine');
});

t.test('an exchange is decided by the snapshot that it began under', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  const origins = [{ ...defaultOriginSettings, name: 'site', servers: [{ id: 99, hostHeader: '' }] }];
  policy.prepare(snapshotWith({ id: 2, origins }));
  const ask = (snapshot: number): number => {
    engine.begin();
    addRequest(engine, 1, [], snapshot);
    return engine.run(() => policy.onBatch())[0]!.word('server');
  };
  t.equal(ask(1), 11);
  policy.commit(2);
  t.equal(ask(2), 99);
  t.equal(ask(1), 11);
  t.same(policy.snapshotIds, [1, 2]);
  policy.retain([1, 2]);
  t.same(policy.snapshotIds, [1, 2]);
  policy.retain([2]);
  t.same(policy.snapshotIds, [2]);
});

t.test('a snapshot that is refused changes nothing', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  const zones = [{ ...snapshotWith().zones[0]!, origin: 5 }];
  t.throws(() => policy.prepare(snapshotWith({ id: 2, zones })), /origin 5/);
  t.throws(() => policy.prepare(snapshotWith({ id: 2, trustedProxies: ['nonsense'] })));
  t.throws(() => policy.commit(2));
  policy.prepare(snapshotWith({ id: 3 }));
  policy.abandon(3);
  t.same(policy.snapshotIds, [1]);
});

t.test('where the out region is full an exchange gets a 500, and the others go on', async (t) => {
  const engine = new FakeEngine(1024);
  const policy = new Policy(engine.memory, engine.ports, snapshotWith({ trustedProxies: ['0.0.0.0/0'] }), 0);
  engine.begin();
  const peer = engine.address('10.0.0.1');
  for (const [slot, length] of [
    [1, 10],
    [2, 2000],
    [3, 10],
  ] as const) {
    const head = engine.request({ method: 'POST', fields: [['x-forwarded-for', '1'.repeat(length)]] });
    engine.event('request', { slot, generation: 1, snapshot: 1, head, clientAddress: peer });
  }
  const commands = engine.run(() => policy.onBatch());
  t.same(
    commands.map((command) => [command.word('slot'), command.kind]),
    [
      [1, 'fetch'],
      [2, 'respond'],
      [3, 'fetch'],
    ],
  );
  t.equal(commands[1]?.word('status'), 500);
  t.equal(reasons[commands[1]!.word('reason')], 'policy_fault');
});

t.test('a background fetch comes before what is served', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  engine.put(earlyKey(7, 'a', '/'), {
    freshUntil: engine.now - 5,
    staleWhileRevalidateUntil: engine.now + 5,
  });
  engine.begin();
  addRequest(engine, 1);
  const [fetch, serve] = engine.run(() => policy.onBatch());
  t.equal(fetch?.kind, 'fetch');
  t.ok(fetch!.flags & commandFlag.background);
  t.ok(fetch!.flags & commandFlag.collapse);
  t.equal(fetch?.word('object'), serve?.word('object'));
  t.equal(serve?.kind, 'serve');
});

t.test('the store is not asked again for what the engine has looked up', async (t) => {
  const proxy = new FakeProxy(() => ({ fields: [['cache-control', 'max-age=60']] }));
  proxy.send();
  proxy.send();
  t.equal(proxy.engine.lookups, 0);
  proxy.send({ fields: [['origin', 'http://b']] });
  t.equal(proxy.engine.lookups, 1);
});

t.test('an object that is gone when it is looked at is fetched', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  const object = engine.put(earlyKey(7, 'a', '/'), { freshUntil: engine.now + 5 });
  engine.begin();
  addRequest(engine, 1, [['if-none-match', '"a"']]);
  object.generation += 1;
  t.equal(engine.run(() => policy.onBatch())[0]?.kind, 'fetch');
});

t.test('the record gets the client behind trusted proxies', async (t) => {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith({ trustedProxies: ['10.0.0.0/8'] }), 0);
  engine.put(earlyKey(7, 'a', '/'), { freshUntil: engine.now + 10 });
  const recorded = (peer: string, fields: Fields): string => {
    engine.begin();
    const head = engine.request({ fields: [['host', 'a'], ...fields] });
    const clientAddress = engine.address(peer);
    const index = engine.event('request', { snapshot: 1, head, clientAddress, flags: eventFlag.keyValid });
    engine.lookUpInto(index, earlyKey(7, 'a', '/'));
    t.equal(engine.run(() => policy.onBatch())[0]?.kind, 'serve');
    return engine.recordedAddress(clientAddress);
  };
  const fields: Fields = [['x-forwarded-for', '203.0.113.7, 10.0.0.9']];
  t.equal(recorded('10.0.0.1', fields), '203.0.113.7', 'of a hit too');
  t.equal(recorded('10.0.0.1', []), '10.0.0.1');
  t.equal(recorded('192.0.2.1', fields), '192.0.2.1');
});

t.test('a request that has been here before waits for nobody', async (t) => {
  const proxy = new FakeProxy(() => ({ fields: [['cache-control', 'max-age=60']] }));
  const response = proxy.send({ fields: [['via', '1.1 parapet']] });
  t.notOk(response.commands[0]!.flags & commandFlag.collapse);
});

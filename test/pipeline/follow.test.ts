/** Followers of a collapsed fetch, event by event. */
import t from 'tap';
import {
  commandFlag,
  eventFlag,
  failCause,
  followCause,
  objectFlag,
  storeState,
} from '../../src/engine/contract.ts';
import { Policy } from '../../src/pipeline/index.ts';
import { type Command, earlyKey, FakeEngine, type Fields, type Stored } from '../support/fake-engine.ts';
import { snapshotWith } from '../support/fake-proxy.ts';

interface Scene {
  engine: FakeEngine;
  send: (fields?: Fields) => Command;
  follow: (cause: keyof typeof followCause, object?: Stored, state?: number, fields?: Fields) => Command;
}

function scene(): Scene {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, snapshotWith(), 0);
  const heads = (fields: Fields): number => engine.request({ fields: [['host', 'a'], ...fields] });
  const only = (commands: Command[]): Command => {
    t.equal(commands.length, 1);
    return commands[0]!;
  };
  return {
    engine,
    send(fields = []) {
      engine.begin();
      const index = engine.event('request', {
        slot: 3,
        generation: 9,
        snapshot: 1,
        head: heads(fields),
        flags: eventFlag.keyValid,
      });
      engine.lookUpInto(index, earlyKey(7, 'a', '/'));
      return only(engine.run(() => policy.onBatch()));
    },
    follow(cause, object, state = storeState.object, fields = []) {
      engine.begin();
      engine.event('follow', {
        slot: 3,
        generation: 9,
        snapshot: 1,
        head: heads(fields),
        cause: followCause[cause],
        storeState: object === undefined ? 0 : state,
        object: object?.object ?? 0,
        objectGeneration: object?.generation ?? 0,
        storedAt: object?.storedAt ?? 0,
        freshUntil: object?.freshUntil ?? 0,
        objectFlags: object?.flags ?? 0,
        objectStatus: object?.status ?? 0,
        objectBodyLow: object?.body.length ?? 0,
      });
      return only(engine.run(() => policy.onBatch()));
    },
  };
}

const key = earlyKey(7, 'a', '/');

t.test('what fills already is served while it fills', async (t) => {
  const { engine, send, follow } = scene();
  const fetch = send();
  t.equal(fetch.kind, 'fetch');
  t.ok(fetch.flags & commandFlag.collapse);
  t.equal(fetch.key, '', 'the early key');
  const object = engine.put('hidden', { freshUntil: engine.now + 60 });
  const serve = follow('head', object, storeState.filling);
  t.equal(serve.kind, 'serve');
  t.equal(serve.word('object'), object.object);
  t.equal(serve.edits[0]?.value, 'parapet; fwd=uri-miss; fwd-status=200; collapsed');
});

t.test('a range of what fills is served, where its size is known', async (t) => {
  const { engine, send, follow } = scene();
  send();
  const object = engine.put('hidden', { freshUntil: engine.now + 60, body: 'hello' });
  const part = follow('head', object, storeState.filling, [['range', 'bytes=1-2']]);
  t.equal(part.word('status'), 206);
  t.equal(part.edits[0]?.value, 'bytes 1-2/5');
});

t.test('a response that is stale already is not shared', async (t) => {
  const { engine, send, follow } = scene();
  send();
  const object = engine.put(key, { freshUntil: engine.now, fields: [['etag', '"a"']] });
  const alone = follow('head', object, storeState.filling);
  t.equal(alone.kind, 'fetch');
  t.notOk(alone.flags & commandFlag.collapse);
  const validating = follow('head', object);
  t.equal(validating.word('object'), object.object);
  t.same(validating.edits[0]?.name, 'if-none-match');
  t.notOk(validating.flags & commandFlag.collapse);
});

t.test('a fetch that is released goes alone', async (t) => {
  const { send, follow } = scene();
  send();
  const alone = follow('released');
  t.equal(alone.kind, 'fetch');
  t.notOk(alone.flags & (commandFlag.collapse | commandFlag.unconditional));
});

t.test('who has waited as long as the origin may take does not wait for another fetch', async (t) => {
  const { engine, send, follow } = scene();
  send();
  engine.now += 59;
  t.equal(follow('failed').kind, 'fetch');
  engine.now += 1;
  const given = follow('failed');
  t.equal(given.kind, 'respond');
  t.equal(given.word('status'), 504);
  t.match(given.edits.map(({ value }) => value).join(), 'error=http_response_timeout');
});

t.test('after a failed leader one takes over, but not without end', async (t) => {
  const { send, follow } = scene();
  send();
  for (let round = 1; round < 3; round += 1) {
    const again = follow('failed');
    t.equal(again.kind, 'fetch');
    t.ok(again.flags & commandFlag.collapse);
  }
  const given = follow('failed');
  t.equal(given.kind, 'respond');
  t.equal(given.word('status'), 502);
  t.equal(
    given.edits.find(({ name }) => name === 'proxy-status')?.value,
    'parapet; error=destination_unavailable',
  );
  t.equal(failCause.destinationUnavailable, 4);
});

t.test(
  'an answer that stands elsewhere is no failure: after a few of them each asks for itself',
  async (t) => {
    const { send, follow } = scene();
    send();
    for (let round = 1; round <= 2; round += 1) {
      const again = follow('elsewhere');
      t.equal(again.kind, 'fetch');
      t.ok(again.flags & commandFlag.collapse);
      t.equal(follow('failed').kind, 'fetch', 'which does not count among the failures');
    }
    const alone = follow('elsewhere');
    t.equal(alone.kind, 'fetch');
    t.notOk(alone.flags & commandFlag.collapse);
  },
);

t.test('after a failed leader a stale response may do', async (t) => {
  const { engine, send, follow } = scene();
  engine.put(key, { freshUntil: engine.now - 5, staleIfErrorUntil: engine.now + 5 });
  const validating = send();
  t.ok(validating.flags & commandFlag.collapse);
  const stale = follow('failed');
  t.equal(stale.kind, 'serve');
  t.equal(stale.word('cacheStatus'), 3);
});

t.test('responses that turn out to vary are looked for again', async (t) => {
  const { engine, send, follow } = scene();
  send([['foo', '1']]);
  const flags = objectFlag.varyMarker;
  const marker = engine.put(key, { flags, fields: [['vary', 'foo']], freshUntil: engine.now + 99 });
  const again = follow('elsewhere', undefined, 0, [['foo', '1']]);
  t.equal(again.kind, 'fetch');
  t.ok(again.flags & commandFlag.collapse);
  t.ok(again.key.startsWith(`${key}\x02`), 'under the secondary key now');
  t.ok(again.key.endsWith('\x031'));
  const variant = engine.put(again.key, { freshUntil: engine.now + 60, flags: objectFlag.hasVary });
  const serve = follow('head', variant, storeState.object, [['foo', '1']]);
  t.equal(serve.kind, 'serve');
  t.equal(serve.edits[0]?.value, 'parapet; fwd=vary-miss; fwd-status=200; collapsed');
  t.ok(marker.generation > 0);
});

t.test('a variant is served at once where it is there', async (t) => {
  const { engine, send, follow } = scene();
  send([['foo', '1']]);
  engine.put(key, { flags: objectFlag.varyMarker, fields: [['vary', 'foo']], freshUntil: engine.now + 99 });
  const again = follow('elsewhere', undefined, 0, [['foo', '1']]);
  engine.put(again.key, { freshUntil: engine.now + 60 });
  t.equal(follow('elsewhere', undefined, 0, [['foo', '1']]).kind, 'serve');
});

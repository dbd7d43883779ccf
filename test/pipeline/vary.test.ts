/** Responses that vary (RFC 9111 4.1). */
import t from 'tap';
import { objectFlag } from '../../src/engine/contract.ts';
import { FakeProxy, type Origin, snapshotWith } from '../support/fake-proxy.ts';

function varying(names: string): Origin {
  return (request) => ({
    fields: [
      ['cache-control', 'max-age=60'],
      ['vary', names],
      ['etag', `"${request.get('foo')}"`],
    ],
    body: `foo ${request.get('foo')}`,
  });
}

t.test('each variant is stored, and found by the fields that select it', async (t) => {
  const proxy = new FakeProxy(varying('Foo'));
  t.equal(
    proxy.send({ fields: [['foo', '1']] }).get('cache-status'),
    'parapet; fwd=uri-miss; fwd-status=200; stored',
  );
  const second = proxy.send({ fields: [['foo', '2']] });
  t.equal(second.get('cache-status'), 'parapet; fwd=vary-miss; fwd-status=200; stored');
  for (const value of ['1', '2']) {
    const hit = proxy.send({
      fields: [
        ['other', 'x'],
        ['foo', value],
      ],
    });
    t.equal(hit.cacheResult, 'hit');
    t.equal(hit.body, `foo ${value}`);
  }
  t.equal(proxy.send().cacheResult, 'miss', 'without the field');
  t.equal(proxy.send().cacheResult, 'hit');
  t.equal(proxy.asked.length, 3);
});

t.test('one marker stands for all, as long as the names are the same', async (t) => {
  const proxy = new FakeProxy(varying('Foo, Bar'));
  for (const value of ['1', '2', '3']) proxy.send({ fields: [['foo', value]] });
  const markers = [...proxy.engine.store.values()].filter((one) => (one.flags & objectFlag.varyMarker) !== 0);
  t.equal(markers.length, 1);
  t.same(markers[0]?.fields, [['vary', 'bar,foo']]);
});

t.test('names add up, and a response without Vary is kept as a variant', async (t) => {
  const proxy = new FakeProxy(varying('Foo'));
  proxy.send({ fields: [['foo', '1']] });
  proxy.origin = varying('Bar');
  proxy.send({ fields: [['foo', '2']] });
  proxy.origin = () => ({ fields: [['cache-control', 'max-age=60']], body: 'plain' });
  t.equal(proxy.send({ fields: [['foo', '3']] }).cacheResult, 'miss');
  t.equal(proxy.send({ fields: [['foo', '3']] }).body, 'plain');
  t.equal(proxy.send({ fields: [['foo', '2']] }).cacheResult, 'hit');
  t.equal(
    proxy.send({
      fields: [
        ['foo', '2'],
        ['bar', 'x'],
      ],
    }).cacheResult,
    'miss',
  );
});

t.test('values are compared in their normal form', async (t) => {
  const proxy = new FakeProxy(varying('Accept-Encoding, Foo'));
  proxy.send({
    fields: [
      ['accept-encoding', 'gzip, br'],
      ['foo', '1,2'],
    ],
  });
  const same = proxy.send({
    fields: [
      ['foo', '1'],
      ['accept-encoding', 'BR , gzip'],
      ['foo', '2'],
    ],
  });
  t.equal(same.cacheResult, 'hit');
});

t.test('a stale variant is validated by its own tag', async (t) => {
  const proxy = new FakeProxy(varying('Foo'));
  for (const value of ['1', '2']) proxy.send({ fields: [['foo', value]] });
  proxy.advance(61);
  proxy.origin = () => ({ status: 304 });
  t.equal(proxy.send({ fields: [['foo', '2']] }).cacheResult, 'revalidated');
  t.equal(proxy.asked[2]?.get('if-none-match'), '"2"');
  t.equal(proxy.send({ fields: [['foo', '2']] }).cacheResult, 'hit');
});

t.test('a variant that may not be stored leaves the others alone', async (t) => {
  const proxy = new FakeProxy(varying('Foo'));
  const send = (foo: string) => proxy.send({ fields: [['foo', foo]] });
  send('1');
  proxy.origin = () => ({ fields: [['cache-control', 'no-store']] });
  t.equal(send('2').cacheResult, 'bypass');
  t.equal(send('1').cacheResult, 'hit');
  const again = send('2');
  t.equal(again.commands[0]!.flags & 2, 0, 'it is remembered: not collapsed any more');
  t.equal(again.get('cache-status'), 'parapet; fwd=vary-miss; detail=NOT-STORABLE');
});

t.test('an unsafe request drops all variants', async (t) => {
  const proxy = new FakeProxy((request) =>
    request.method === 'GET' ? varying('Foo')(request) : { status: 204 },
  );
  for (const value of ['1', '2']) proxy.send({ fields: [['foo', value]] });
  proxy.send({ method: 'DELETE' });
  for (const value of ['1', '2']) t.equal(proxy.send({ fields: [['foo', value]] }).cacheResult, 'miss');
});

t.test('varying on too much is not stored', async (t) => {
  const limits = { ...snapshotWith().limits, varyNamesMax: 2 };
  const proxy = new FakeProxy(varying('a, b, c'), snapshotWith({ limits }));
  t.equal(proxy.send().get('cache-status'), 'parapet; fwd=uri-miss; detail=NOT-STORABLE');
});

t.test('a marker that has been read once is not read again', async (t) => {
  const proxy = new FakeProxy(varying('Foo'));
  proxy.send({ fields: [['foo', '1']] });
  proxy.send({ fields: [['foo', '1']] });
  const { ports } = proxy.engine;
  const read = ports.readStoredHead;
  let reads = 0;
  Object.assign(ports, {
    readStoredHead(object: number, generation: number): number {
      reads += 1;
      return read(object, generation);
    },
  });
  t.equal(proxy.send({ fields: [['foo', '1']] }).cacheResult, 'hit');
  t.equal(reads, 0);
});

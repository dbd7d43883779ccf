/** Serving stale responses: while they are refreshed, and in place of errors (RFC 5861). */
import t from 'tap';
import { defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import type { Fields } from '../support/fake-engine.ts';
import { type ClientRequest, FakeProxy, type OriginResponse, snapshotWith } from '../support/fake-proxy.ts';

function saying(value: string, body = 'old'): OriginResponse {
  return {
    fields: [
      ['cache-control', value],
      ['etag', `"${body}"`],
    ],
    body,
  };
}

t.test('stale-while-revalidate: served at once, refreshed beside it', async (t) => {
  const proxy = new FakeProxy(() => saying('max-age=10, stale-while-revalidate=30'));
  proxy.send();
  proxy.advance(15);
  proxy.origin = () => saying('max-age=10, stale-while-revalidate=30', 'new');
  const stale = proxy.send();
  t.equal(stale.body, 'old');
  t.equal(stale.cacheResult, 'updating');
  t.equal(stale.get('cache-status'), 'parapet; hit; ttl=-5; detail=SWR');
  t.equal(stale.get('age'), '15');
  t.ok(proxy.asked[1]?.isBackground);
  t.equal(proxy.asked[1]?.get('if-none-match'), '"old"');
  const next = proxy.send();
  t.equal(next.body, 'new');
  t.equal(next.cacheResult, 'hit');
});

t.test('a background refresh may find it unchanged', async (t) => {
  const proxy = new FakeProxy(() => saying('max-age=10, stale-while-revalidate=30'));
  proxy.send();
  proxy.advance(15);
  proxy.origin = () => ({ status: 304 });
  proxy.send();
  t.equal(proxy.send().get('cache-status'), 'parapet; hit; ttl=10');
});

t.test('a background refresh tells the scheme and the host that its answer is served by', async (t) => {
  const names = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'];
  const stale = (request: ClientRequest, trustedProxies: string[] = []) => {
    const origin = () => saying('max-age=10, stale-while-revalidate=30');
    const proxy = new FakeProxy(origin, snapshotWith({ trustedProxies }));
    proxy.send(request);
    proxy.advance(15);
    proxy.send(request);
    t.ok(proxy.asked[1]?.isBackground);
    return names.map((name) => proxy.asked[1]?.get(name));
  };
  t.same(stale({ isTls: true, host: 'a' }), [undefined, 'https', 'a', 'host=a;proto=https']);
  const claims: Fields = [
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-host', 'b'],
    ['forwarded', 'for=evil'],
  ];
  t.same(stale({ host: 'a', fields: claims }), [undefined, 'http', 'a', 'host=a;proto=http'], 'not believed');
  const [client, protocol, host] = stale({ host: 'a', fields: claims, peer: '10.0.0.1' }, ['10.0.0.0/8']);
  t.same([client, protocol, host], ['10.0.0.1', 'https', 'b'], 'what a trusted proxy says stands');
});

t.test('a background refresh is not tried again where it is not known who said what of it', async (t) => {
  for (const trustedProxies of [[], ['10.0.0.0/8']]) {
    const origin = () => saying('max-age=10, stale-while-revalidate=30');
    const proxy = new FakeProxy(origin, snapshotWith({ trustedProxies }));
    proxy.send();
    proxy.advance(15);
    proxy.origin = () => ({ fails: 'connectionRefused', mayRetry: true });
    t.equal(proxy.send().cacheResult, 'updating');
    t.equal(proxy.asked.length, trustedProxies.length === 0 ? 3 : 2);
    t.equal(proxy.asked.at(-1)?.get('x-forwarded-proto'), 'http');
  }
});

t.test('a background refresh that fails leaves what is stored', async (t) => {
  for (const failure of [{ status: 500 }, { fails: 'connectionRefused' as const }]) {
    const proxy = new FakeProxy(() => saying('max-age=10, stale-while-revalidate=30'));
    proxy.send();
    proxy.advance(15);
    proxy.origin = () => failure;
    t.equal(proxy.send().cacheResult, 'updating');
    proxy.advance(1);
    t.equal(proxy.send().cacheResult, 'updating');
  }
});

t.test('one refresh a second, and none by HEAD', async (t) => {
  const proxy = new FakeProxy(() => saying('max-age=10, stale-while-revalidate=30'));
  proxy.send();
  proxy.advance(15);
  proxy.origin = () => ({ status: 500 });
  t.equal(proxy.send({ method: 'HEAD' }).cacheResult, 'updating');
  t.equal(proxy.asked.length, 1);
  for (let index = 0; index < 5; index += 1) proxy.send();
  t.equal(proxy.asked.length, 2);
});

t.test('beyond the window it is validated first', async (t) => {
  const proxy = new FakeProxy(() => saying('max-age=10, stale-while-revalidate=30'));
  proxy.send();
  proxy.advance(40);
  t.equal(proxy.send().cacheResult, 'expired');
});

t.test('stale-if-error: in place of an error, by status or by failure', async (t) => {
  for (const failure of [{ status: 500 }, { status: 503 }, { fails: 'connectionTimeout' as const }]) {
    const proxy = new FakeProxy(() => saying('max-age=10, stale-if-error=30'));
    proxy.send();
    proxy.advance(15);
    proxy.origin = () => failure;
    const stale = proxy.send();
    t.equal(stale.status, 200);
    t.equal(stale.body, 'old');
    t.equal(stale.cacheResult, 'stale');
    t.equal(stale.get('cache-status'), 'parapet; hit; ttl=-5; detail=SIE');
    proxy.advance(25);
    t.not(proxy.send().status, 200, 'not beyond its time');
  }
});

t.test('nothing stale where it is forbidden', async (t) => {
  for (const value of [
    'max-age=10, no-cache',
    'max-age=10, proxy-revalidate',
    'max-age=10, stale-if-error=30, must-revalidate',
    's-maxage=10, stale-if-error=30',
  ]) {
    const proxy = new FakeProxy(() => saying(value));
    proxy.send();
    proxy.advance(15);
    proxy.origin = () => ({ fails: 'connectionRefused' });
    t.equal(proxy.send().status, 502, value);
    proxy.origin = () => ({ status: 500 });
    t.equal(proxy.send().status, 500, value);
  }
});

t.test(
  'an origin that cannot be reached is another thing than an error: a day is without leave',
  async (t) => {
    const proxy = new FakeProxy(() => saying('max-age=10'));
    proxy.send();
    proxy.advance(15);
    proxy.origin = () => ({ status: 500 });
    t.equal(proxy.send().status, 500);
    proxy.origin = () => ({ fails: 'connectionRefused' });
    const stale = proxy.send();
    t.equal(stale.cacheResult, 'stale');
    t.equal(stale.get('cache-status'), 'parapet; hit; ttl=-5; detail=SIE');
    proxy.advance(86_400);
    t.equal(proxy.send().status, 502);
  },
);

t.test('stale-if-error=0 has spoken of errors: nothing stale though nobody can be reached', async (t) => {
  const fields: [string, string][] = [
    ['cache-control', 'max-age=60, stale-if-error=0'],
    ['etag', '"a"'],
  ];
  const proxy = new FakeProxy(() => ({ fields }));
  proxy.send();
  proxy.advance(61);
  proxy.origin = () => ({ fails: 'connectionRefused' });
  t.equal(proxy.send().status, 502);
});

t.test("how long is the zone's to say", async (t) => {
  const base = snapshotWith();
  const cache = { ...defaultCacheSettings, staleIfUnreachableSeconds: 0 };
  const proxy = new FakeProxy(() => saying('max-age=10'), { ...base, zones: [{ ...base.zones[0]!, cache }] });
  proxy.send();
  proxy.advance(15);
  proxy.origin = () => ({ fails: 'connectionRefused' });
  t.equal(proxy.send().status, 502);
});

t.test('leave may come from the request, or from the zone', async (t) => {
  const asked = new FakeProxy(() => saying('max-age=10'));
  asked.send();
  asked.advance(15);
  asked.origin = () => ({ status: 500 });
  t.equal(asked.send({ fields: [['cache-control', 'stale-if-error=10']] }).cacheResult, 'stale');
  const base = snapshotWith();
  const cache = { ...defaultCacheSettings, staleIfErrorSeconds: 60, staleWhileRevalidateSeconds: 5 };
  const proxy = new FakeProxy(() => saying('max-age=10'), { ...base, zones: [{ ...base.zones[0]!, cache }] });
  proxy.send();
  proxy.advance(12);
  proxy.origin = () => ({ status: 503 });
  t.equal(proxy.send().cacheResult, 'updating');
  proxy.advance(10);
  t.equal(proxy.send().cacheResult, 'stale');
});

t.test('an error is not stored over what is stale', async (t) => {
  const proxy = new FakeProxy(() => saying('max-age=10'));
  proxy.send();
  proxy.advance(15);
  proxy.origin = () => ({ status: 500 });
  t.equal(proxy.send().get('cache-status'), 'parapet; fwd=stale; detail=NOT-STORABLE');
  proxy.origin = () => ({ status: 304 });
  t.equal(proxy.send().cacheResult, 'revalidated');
});

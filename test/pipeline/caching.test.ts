/** Storing, freshness and age, as a client and an origin see them. */
import t from 'tap';
import { defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import { type ClientRequest, FakeProxy, type OriginResponse, snapshotWith } from '../support/fake-proxy.ts';

const cacheable: OriginResponse = { fields: [['cache-control', 'max-age=60']], body: 'hello' };

/** Sends a request twice; tells whether the second was answered from the store. */
function isReused(
  answer: OriginResponse,
  first: ClientRequest = {},
  second: ClientRequest = first,
  pause = 3,
): boolean {
  const proxy = new FakeProxy(() => answer);
  proxy.send(first);
  proxy.advance(pause);
  proxy.send(second);
  return proxy.asked.length === 1;
}

t.test('a fresh response is reused, with its age', async (t) => {
  const proxy = new FakeProxy(() => cacheable);
  const first = proxy.send();
  t.equal(first.cacheResult, 'miss');
  t.equal(first.get('cache-status'), 'parapet; fwd=uri-miss; fwd-status=200; stored');
  t.equal(first.get('age'), undefined);
  proxy.advance(10);
  const second = proxy.send();
  t.equal(second.body, 'hello');
  t.equal(second.cacheResult, 'hit');
  t.equal(second.get('cache-status'), 'parapet; hit; ttl=50');
  t.equal(second.get('age'), '10');
  t.equal(proxy.asked.length, 1);
  proxy.advance(50);
  const third = proxy.send();
  t.equal(third.cacheResult, 'expired');
  t.equal(third.get('cache-status'), 'parapet; fwd=stale; fwd-status=200; stored');
});

t.test('the age that a response came with goes on', async (t) => {
  const proxy = new FakeProxy(() => ({
    fields: [
      ['cache-control', 'max-age=60'],
      ['age', '30'],
    ],
    delayMs: 2000,
  }));
  t.equal(proxy.send().get('age'), '30', 'forwarded as it came');
  proxy.advance(5);
  const hit = proxy.send();
  t.equal(hit.get('age'), '37');
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=23');
});

t.test('what may and may not be reused', async (t) => {
  const cc = (value: string): OriginResponse => ({ fields: [['cache-control', value]] });
  const rows: [string, OriginResponse, boolean][] = [
    ['max-age', cc('max-age=3600'), true],
    ['max-age over', cc('max-age=2'), false],
    ['no-store', cc('no-store, max-age=3600'), false],
    ['private', cc('private, max-age=3600'), false],
    ['nothing said', {}, false],
    ['no-cache', cc('no-cache, max-age=3600'), false],
    ['quoted in another directive', cc('a="max-age=3600", max-age=1'), false],
    ['500 that is fresh', { status: 500, ...cc('max-age=3600') }, true],
    [
      'Vary: *',
      {
        fields: [
          ['cache-control', 'max-age=60'],
          ['vary', 'a, *'],
        ],
      },
      false,
    ],
    [
      'CDN-Cache-Control',
      {
        fields: [
          ['cdn-cache-control', 'max-age=60'],
          ['cache-control', 'no-store'],
        ],
      },
      true,
    ],
  ];
  for (const [name, answer, reused] of rows) t.equal(isReused(answer), reused, name);
});

t.test('a response to Authorization is shared only where it says so', async (t) => {
  const authorized: ClientRequest = { fields: [['authorization', 'x']] };
  t.notOk(isReused(cacheable, authorized, {}));
  t.ok(isReused({ fields: [['cache-control', 'max-age=60, public']] }, authorized, {}));
  t.ok(isReused(cacheable, {}, authorized), 'one that was not is shared with all');
});

t.test('a HEAD is answered from the stored GET, and never stored', async (t) => {
  t.ok(isReused(cacheable, {}, { method: 'HEAD' }));
  t.notOk(isReused(cacheable, { method: 'HEAD' }, {}));
  const proxy = new FakeProxy(() => cacheable);
  proxy.send();
  t.equal(proxy.send({ method: 'HEAD' }).get('cache-status'), 'parapet; hit; ttl=60');
});

t.test('keys: the query, the host, the zone and the fields that extend it', async (t) => {
  t.notOk(isReused(cacheable, { target: '/a?b=1' }, { target: '/a?b=2' }));
  t.ok(isReused(cacheable, { target: '/a?b=1' }));
  t.notOk(isReused(cacheable, { host: 'a' }, { host: 'b' }));
  t.ok(isReused(cacheable, { host: 'a' }, { host: 'a:80' }));
  t.notOk(isReused(cacheable, {}, { isTls: true }));
  t.notOk(isReused(cacheable, {}, { fields: [['x-forwarded-host', 'evil']] }));
  t.ok(isReused(cacheable, { fields: [['origin', 'http://a']] }));
  t.ok(isReused(cacheable, { fields: [['cookie', 'a=1']] }, { fields: [['cookie', 'a=2']] }));
});

t.test('two zones with one URL do not share', async (t) => {
  const zone = snapshotWith().zones[0]!;
  const zones = [zone, { ...zone, name: 'other', key: 8 }];
  const proxy = new FakeProxy(() => cacheable, snapshotWith({ zones }));
  proxy.send({ zone: 0 });
  proxy.send({ zone: 1 });
  t.equal(proxy.asked.length, 2);
});

t.test('a request that is not eligible goes through', async (t) => {
  const proxy = new FakeProxy(() => cacheable);
  const post = proxy.send({ method: 'POST', body: true });
  t.equal(post.cacheResult, 'dynamic');
  t.equal(post.get('cache-status'), 'parapet; fwd=method');
  const withBody = proxy.send({ body: true });
  t.equal(withBody.get('cache-status'), 'parapet; fwd=bypass', 'a GET with content');
  const off = snapshotWith();
  const zones = [{ ...off.zones[0]!, cache: { ...defaultCacheSettings, mode: 'off' as const } }];
  const none = new FakeProxy(() => cacheable, { ...off, zones });
  t.equal(none.send().get('cache-status'), 'parapet; fwd=bypass');
  t.equal(none.send().cacheResult, 'dynamic');
  t.equal(none.asked.length, 2);
});

t.test('what is not storable is remembered, and stored once it is', async (t) => {
  const proxy = new FakeProxy(() => ({ fields: [['cache-control', 'private']] }));
  const first = proxy.send();
  t.equal(first.cacheResult, 'bypass');
  t.equal(first.get('cache-status'), 'parapet; fwd=uri-miss; detail=NOT-STORABLE');
  t.not(first.commands[0]!.flags & 2, 0, 'collapsed');
  const second = proxy.send();
  t.equal(second.commands[0]!.flags & 2, 0, 'not collapsed any more');
  proxy.origin = () => cacheable;
  proxy.send();
  t.equal(proxy.send().cacheResult, 'hit');
});

t.test('an error is no reason to stop collapsing', async (t) => {
  const proxy = new FakeProxy(() => ({ status: 503 }));
  proxy.send();
  t.not(proxy.send().commands[0]!.flags & 2, 0);
});

t.test('fields for this cache alone go no further', async (t) => {
  const proxy = new FakeProxy(() => ({
    fields: [
      ['parapet-cache-control', 'max-age=60'],
      ['cdn-cache-control', 'max-age=5'],
      ['cache-tag', 'a,b'],
      ['cache-control', 'no-store'],
    ],
  }));
  for (const response of [proxy.send(), proxy.send()]) {
    t.equal(response.get('parapet-cache-control'), undefined);
    t.equal(response.get('cache-tag'), undefined);
    t.equal(response.get('cdn-cache-control'), 'max-age=5', 'this one is for others too');
    t.equal(response.get('cache-control'), 'no-store');
  }
  t.equal(proxy.asked.length, 1);
});

t.test('fields that private names are not kept', async (t) => {
  const fields: [string, string][] = [
    ['cache-control', 'max-age=60, private="set-cookie, x-own"'],
    ['set-cookie', 'a=b'],
    ['x-own', '1'],
    ['x-other', '2'],
  ];
  const proxy = new FakeProxy(() => ({ fields }));
  t.equal(proxy.send().get('x-own'), '1');
  const hit = proxy.send();
  t.equal(hit.cacheResult, 'hit');
  t.same([hit.get('set-cookie'), hit.get('x-own'), hit.get('x-other')], [undefined, undefined, '2']);
});

t.test('mode cdn: by extension, with defaults, with a lent Last-Modified', async (t) => {
  const base = snapshotWith();
  const zones = [{ ...base.zones[0]!, cache: { ...defaultCacheSettings, mode: 'cdn' as const } }];
  const proxy = new FakeProxy(() => ({ body: 'x' }), { ...base, zones });
  t.equal(proxy.send({ target: '/a.html' }).get('cache-status'), 'parapet; fwd=bypass');
  proxy.send({ target: '/a.css' });
  const hit = proxy.send({ target: '/a.css' });
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=7200');
  t.equal(hit.get('last-modified'), proxy.date());
  proxy.advance(8000);
  proxy.origin = (request) => (request.get('if-modified-since') === undefined ? {} : { status: 304 });
  t.equal(proxy.send({ target: '/a.css' }).cacheResult, 'revalidated');
});

t.test('an unsafe request makes untrue what is stored', async (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH']) {
    const proxy = new FakeProxy((request) => (request.method === 'GET' ? cacheable : { status: 204 }));
    proxy.send();
    proxy.send({ method, body: true });
    t.equal(proxy.send().cacheResult, 'miss', method);
  }
  const failing = new FakeProxy((request) => (request.method === 'GET' ? cacheable : { status: 500 }));
  failing.send();
  failing.send({ method: 'POST' });
  t.equal(failing.send().cacheResult, 'hit', 'not if it failed');
});

t.test('and what it names of the same site', async (t) => {
  const proxy = new FakeProxy((request) => {
    if (request.method === 'GET') return cacheable;
    const fields: [string, string][] = [
      ['location', 'http://site.example/b?c'],
      ['content-location', 'd'],
    ];
    return { status: 201, fields };
  });
  for (const target of ['/a/x', '/b?c', '/a/d', '/e']) proxy.send({ target });
  proxy.send({ method: 'POST', target: '/a/x' });
  t.same(
    ['/a/x', '/b?c', '/a/d', '/e'].map((target) => proxy.send({ target }).cacheResult),
    ['miss', 'miss', 'miss', 'hit'],
  );
});

t.test('directives of the request', async (t) => {
  const asking = (value: string, answer = cacheable, pause = 3): ReturnType<FakeProxy['send']> => {
    const proxy = new FakeProxy(() => answer);
    proxy.send();
    proxy.advance(pause);
    return proxy.send({ fields: [['cache-control', value]] });
  };
  t.equal(asking('no-cache').get('cache-status'), 'parapet; fwd=request; fwd-status=200; stored');
  t.equal(asking('max-age=2').cacheResult, 'expired');
  t.equal(asking('max-age=3').cacheResult, 'hit');
  t.equal(asking('min-fresh=58').cacheResult, 'expired');
  t.equal(asking('min-fresh=57').cacheResult, 'hit');
  t.equal(asking('max-stale=10', cacheable, 65).get('cache-status'), 'parapet; hit; ttl=-5');
  t.equal(
    asking('max-stale=10', { fields: [['cache-control', 'max-age=60, must-revalidate']] }, 65).cacheResult,
    'expired',
  );
  t.equal(asking('only-if-cached').cacheResult, 'hit');
  const missing = new FakeProxy(() => cacheable).send({ fields: [['cache-control', 'only-if-cached']] });
  t.equal(missing.status, 504);
  t.equal(missing.reason, 'only_if_cached');
  const unstored = new FakeProxy(() => cacheable);
  t.equal(unstored.send({ fields: [['cache-control', 'no-store']] }).cacheResult, 'bypass');
  t.equal(unstored.send().cacheResult, 'miss');
});

t.test('directives of the request may be told not to count', async (t) => {
  const base = snapshotWith();
  const zones = [
    { ...base.zones[0]!, cache: { ...defaultCacheSettings, requestDirectives: 'ignore' as const } },
  ];
  const proxy = new FakeProxy(() => cacheable, { ...base, zones });
  proxy.send();
  t.equal(proxy.send({ fields: [['cache-control', 'no-cache']] }).cacheResult, 'hit');
});

t.test('a key beyond its limit is not cached', async (t) => {
  const limits = { ...snapshotWith().limits, keyBytesMax: 1024 };
  const proxy = new FakeProxy(() => cacheable, snapshotWith({ limits }));
  const target = `/${'x'.repeat(600)}`;
  t.equal(proxy.send({ target }).get('cache-status'), 'parapet; fwd=bypass');
  const extended: ClientRequest = { fields: [['origin', 'x'.repeat(2000)]] };
  t.equal(proxy.send(extended).get('cache-status'), 'parapet; fwd=bypass');
  t.equal(proxy.engine.store.size, 0);
});

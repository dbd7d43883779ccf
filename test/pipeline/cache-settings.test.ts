/** Cache settings of a zone over a whole proxy without sockets: keys, times, what is stored, what browsers and origins get. */
import t from 'tap';
import type { CacheKeySettings } from '../../src/lib/cache-settings.ts';
import { type CacheSettings, defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import type { Fields } from '../support/fake-engine.ts';
import { FakeProxy, type Origin, snapshotWith } from '../support/fake-proxy.ts';

const fresh: Fields = [['cache-control', 'max-age=60']];

function proxyWith(settings: Partial<CacheSettings>, origin: Fields | Origin = fresh): FakeProxy {
  const base = snapshotWith();
  const [zone] = base.zones;
  const zones = [{ ...zone!, cache: { ...defaultCacheSettings, ...settings } }];
  const answer: Origin =
    typeof origin === 'function' ? origin : (request) => ({ fields: origin, body: request.target });
  return new FakeProxy(answer, { ...base, zones });
}

const key = (cache_key: CacheKeySettings) => proxyWith({ cache_key });
const get = (target: string, fields: Fields = []) => ({ target, fields });

t.test('the query is part of the key as the settings say', async (t) => {
  const sorted = key({ ignore_query_strings_order: true });
  t.equal(sorted.send(get('/a?x=1&y=2')).cacheResult, 'miss');
  t.equal(sorted.send(get('/a?y=2&x=1')).cacheResult, 'hit');
  t.equal(sorted.send(get('/a?y=2')).cacheResult, 'miss');
  t.equal(sorted.asked[0]!.target, '/a?x=1&y=2', 'the origin gets it as it came');
  const ignored = key({ custom_key: { query_string: { exclude: { all: true } } } });
  t.equal(ignored.send(get('/a?x=1')).cacheResult, 'miss');
  t.equal(ignored.send(get('/a?x=2')).cacheResult, 'hit');
  t.equal(ignored.send(get('/a')).cacheResult, 'hit');
});

t.test('fields, cookies, device and language are parts of the key', async (t) => {
  const proxy = key({
    custom_key: {
      header: { include: ['X-Tenant'], check_presence: ['x-beta'], contains: { accept: ['image/webp'] } },
      cookie: { include: ['plan'], check_presence: ['session'] },
      user: { device_type: true, lang: true },
    },
  });
  const phone = 'Mozilla/5.0 (iPhone) Mobile';
  const different: Fields[] = [
    [],
    [['x-tenant', 'a']],
    [['x-tenant', '']],
    [['x-beta', '1']],
    [['accept', 'image/webp,*/*']],
    [['cookie', 'plan=a']],
    [['cookie', 'x=1; plan=b']],
    [['cookie', 'session=1']],
    [['user-agent', phone]],
    [['accept-language', 'de']],
  ];
  for (const fields of different) {
    t.equal(proxy.send(get('/', fields)).cacheResult, 'miss', JSON.stringify(fields));
    t.equal(proxy.send(get('/', fields)).cacheResult, 'hit', JSON.stringify(fields));
  }
  const alike: Fields[] = [
    [['accept', 'text/html']],
    [['x-beta', 'another value']],
    [['cookie', 'other=1']],
    [['cookie', 'x="1,plan=a"; session=2']],
    [['accept-language', 'de-AT,en']],
  ];
  for (const fields of alike)
    t.equal(proxy.send(get('/', fields)).cacheResult, 'hit', JSON.stringify(fields));
});

t.test('Origin is part of the key unless it is taken out', async (t) => {
  const origin: Fields = [['origin', 'https://a.example']];
  t.equal(proxyWith({}).send(get('/', origin)).cacheResult, 'miss');
  const plain = proxyWith({});
  plain.send(get('/'));
  t.equal(plain.send(get('/', origin)).cacheResult, 'miss');
  const without = key({ custom_key: { header: { exclude_origin: true } } });
  without.send(get('/'));
  t.equal(without.send(get('/', origin)).cacheResult, 'hit');
  t.equal(without.send(get('/', [['x-forwarded-host', 'evil']])).cacheResult, 'miss', 'others stay');
});

t.test('host.resolved: the hosts of a zone share what its origin sees as one', async (t) => {
  const base = snapshotWith();
  const [origin] = base.origins;
  const [zone] = base.zones;
  const cache = { ...defaultCacheSettings, cache_key: { custom_key: { host: { resolved: true } } } };
  const proxy = new FakeProxy(() => ({ fields: fresh }), {
    ...base,
    origins: [{ ...origin!, servers: [{ id: 11, hostHeader: 'app.internal' }] }],
    zones: [{ ...zone!, cache }],
  });
  t.equal(proxy.send({ host: 'a.example' }).cacheResult, 'miss');
  t.equal(proxy.send({ host: 'b.example' }).cacheResult, 'hit');
});

t.test('an unsafe request drops what stands under a key of the settings', async (t) => {
  const proxy = key({ ignore_query_strings_order: true });
  proxy.send(get('/a?x=1&y=2'));
  proxy.send({ method: 'POST', target: '/a?y=2&x=1' });
  t.equal(proxy.send(get('/a?x=1&y=2')).cacheResult, 'miss');
});

t.test('edge_ttl overrides what the origin says, and begins when it is stored', async (t) => {
  const edge_ttl = {
    mode: 'override_origin' as const,
    default: 100,
    status_code_ttl: [
      { status_code: 404, value: 5 },
      { status_code_range: { from: 500 }, value: -1 },
      { status_code: 200, value: 100 },
    ],
  };
  for (const [name, value] of [
    ['cache-control', 'private, max-age=1'],
    ['cache-control', 'no-store'],
    ['cache-control', 'no-cache'],
    ['cdn-cache-control', 'max-age=1'],
    ['age', '1000'],
  ] as const) {
    const proxy = proxyWith({ edge_ttl }, [[name, value]]);
    t.equal(proxy.send().cacheResult, 'miss', value);
    proxy.advance(99);
    t.equal(proxy.send().cacheResult, 'hit', value);
    proxy.advance(2);
    t.not(proxy.send().cacheResult, 'hit', value);
  }
  const statuses = proxyWith({ edge_ttl }, ({ target }) => ({
    status: Number(target.slice(1)),
    fields: fresh,
  }));
  t.match(statuses.send(get('/404')).get('cache-status'), 'stored');
  statuses.advance(6);
  t.equal(statuses.send(get('/404')).cacheResult, 'expired');
  t.match(statuses.send(get('/503')).get('cache-status'), 'NOT-STORABLE');
  t.equal(proxyWith({ edge_ttl }, [['set-cookie', 'a=1']]).send().cacheResult, 'bypass');
  t.equal(proxyWith({ edge_ttl }, [['vary', '*']]).send().cacheResult, 'bypass');
});

t.test('edge_ttl: 0 is stored and always validated; bypass_by_default stores only by a word', async (t) => {
  const zero = { mode: 'respect_origin' as const, status_code_ttl: [{ status_code: 200, value: 0 }] };
  const validated = proxyWith({ edge_ttl: zero }, (request) =>
    request.get('if-none-match') === '"a"'
      ? { status: 304 }
      : { fields: [['etag', '"a"'], ...fresh], body: 'a' },
  );
  validated.send();
  t.equal(validated.send().cacheResult, 'revalidated');
  const edge_ttl = { mode: 'bypass_by_default' as const, status_code_ttl: [] };
  t.equal(proxyWith({ edge_ttl }, [['etag', '"a"']]).send().cacheResult, 'bypass');
  t.equal(proxyWith({ edge_ttl }).send().cacheResult, 'miss');
  const fallback = { mode: 'respect_origin' as const, default: 50, status_code_ttl: [] };
  const silent = proxyWith({ edge_ttl: fallback }, []);
  silent.send();
  t.equal(silent.send().get('cache-status'), 'parapet; hit; ttl=50');
});

t.test('browser_ttl: at a miss, a hit and a validation', async (t) => {
  const browser_ttl = { mode: 'override_origin' as const, default: 7 };
  const proxy = proxyWith({ browser_ttl }, (request) =>
    request.get('if-none-match') === undefined
      ? {
          fields: [
            ['etag', '"a"'],
            ['cache-control', 'public, max-age=60'],
          ],
        }
      : { status: 304 },
  );
  t.equal(proxy.send().get('cache-control'), 'public, max-age=7');
  t.equal(proxy.send().get('cache-control'), 'public, max-age=7');
  proxy.advance(61);
  const validated = proxy.send();
  t.equal(validated.cacheResult, 'revalidated');
  t.equal(validated.get('cache-control'), 'public, max-age=7');
  proxy.advance(30);
  t.equal(proxy.send().cacheResult, 'hit', 'the time in the cache is that of the origin');
});

t.test('s-maxage forbids stale responses unless a setting lets it', async (t) => {
  const control: Fields = [['cache-control', 's-maxage=10, stale-while-revalidate=60']];
  const strict = proxyWith({}, control);
  strict.send();
  strict.advance(20);
  t.equal(strict.send().cacheResult, 'expired');
  const open = proxyWith({ serve_stale: { s_maxage_allows_stale: true } }, control);
  open.send();
  open.advance(20);
  t.equal(open.send().cacheResult, 'updating');
  const waiting = proxyWith({ serve_stale: { disable_stale_while_updating: true } }, [
    ['cache-control', 'max-age=10, stale-while-revalidate=60'],
  ]);
  waiting.send();
  waiting.advance(20);
  t.equal(waiting.send().cacheResult, 'expired');
});

t.test('origin_cache_control off', async (t) => {
  const off = (fields: Fields) => proxyWith({ origin_cache_control: false }, fields);
  t.equal(
    off([
      ['cache-control', 'no-cache'],
      ['etag', '"a"'],
    ]).send().cacheResult,
    'bypass',
  );
  t.equal(
    off([
      ['cache-control', 'max-age=0'],
      ['etag', '"a"'],
    ]).send().cacheResult,
    'bypass',
  );
  const stale = off([['cache-control', 'max-age=10, must-revalidate, stale-while-revalidate=60']]);
  stale.send();
  stale.advance(20);
  t.equal(stale.send().cacheResult, 'updating');
  const cookie = off([...fresh, ['set-cookie', 'a=1']]);
  t.equal(cookie.send().get('set-cookie'), 'a=1', 'it is for whom it was made');
  const hit = cookie.send();
  t.equal(hit.cacheResult, 'hit');
  t.equal(hit.get('set-cookie'), undefined);
});

t.test('cache deception armor holds whatever else is said', async (t) => {
  const cache_key = { cache_deception_armor: true };
  const edge_ttl = { mode: 'override_origin' as const, default: 100, status_code_ttl: [] };
  const html: Fields = [...fresh, ['content-type', 'text/html']];
  t.equal(proxyWith({ cache_key, edge_ttl }, html).send(get('/account/x.css')).cacheResult, 'bypass');
  t.equal(proxyWith({ cache_key }, html).send(get('/page')).cacheResult, 'miss');
  const css: Fields = [...fresh, ['content-type', 'text/css']];
  t.equal(proxyWith({ cache_key }, css).send(get('/x.CSS?a.html')).cacheResult, 'miss');
});

t.test('cache deception armor: a 304 has the type of what it validates', async (t) => {
  const fields: [string, string][] = [
    ['content-type', 'text/css'],
    ['cache-control', 'max-age=60'],
    ['etag', '"a"'],
  ];
  const proxy = proxyWith({ cache_key: { cache_deception_armor: true } }, fields);
  proxy.send(get('/a.css'));
  proxy.advance(61);
  proxy.origin = () => ({ status: 304 });
  t.equal(proxy.send(get('/a.css')).cacheResult, 'revalidated');
  t.equal(proxy.send(get('/a.css')).cacheResult, 'hit');
});

t.test('vary of mode cdn: the normal form tells variants apart, and the origin gets it', async (t) => {
  const vary = {
    default: { action: 'bypass' as const },
    headers: {
      'accept-language': { action: 'normalize' as const, languages: ['de', 'en'] },
      'x-raw': { action: 'passthrough' as const },
    },
  };
  const proxy = proxyWith({ mode: 'cdn', vary }, ({ target }) => ({
    fields: [...fresh, ['vary', target.includes('bad') ? 'user-agent' : 'Accept-Language, X-Raw']],
  }));
  const ask = (language: string, raw = '', target = '/a.css') =>
    proxy.send(
      get(target, [
        ['accept-language', language],
        ['x-raw', raw],
      ]),
    );
  t.equal(ask('de-AT, fr;q=0.9, en;q=0.5').cacheResult, 'miss');
  t.equal(proxy.asked.at(-1)!.get('accept-language'), 'de,en');
  t.equal(ask('DE;q=0.9,en-GB;q=0.8').cacheResult, 'hit');
  t.equal(ask('en,de;q=0.5').cacheResult, 'miss', 'the order of preference counts');
  t.equal(ask('de,en;q=0.5', 'x').cacheResult, 'miss');
  t.equal(ask('de,en;q=0.5', 'X').cacheResult, 'miss', 'as it came');
  t.equal(ask('fr').cacheResult, 'miss');
  t.equal(proxy.asked.at(-1)!.get('accept-language'), undefined);
  t.equal(ask('de', '', '/bad.css').cacheResult, 'bypass');
});

t.test('of mode cdn: extensions, default times, Set-Cookie, Last-Modified', async (t) => {
  const silent = proxyWith({ mode: 'cdn' }, [['content-type', 'text/css']]);
  t.equal(silent.send(get('/page')).cacheResult, 'dynamic');
  t.equal(silent.send(get('/a.css')).cacheResult, 'miss');
  const hit = silent.send(get('/a.css'));
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=7200');
  t.equal(hit.get('last-modified'), silent.date());
  t.equal(
    proxyWith({ mode: 'cdn' }, [...fresh, ['set-cookie', 'a=1']]).send(get('/a.css')).cacheResult,
    'bypass',
  );
  const gone = proxyWith({ mode: 'cdn' }, () => ({ status: 410 }));
  gone.send(get('/a.css'));
  t.equal(gone.send(get('/a.css')).get('cache-status'), 'parapet; hit; ttl=180');
  t.equal(proxyWith({ mode: 'cdn' }, () => ({ status: 500 })).send(get('/a.css')).cacheResult, 'bypass');
});

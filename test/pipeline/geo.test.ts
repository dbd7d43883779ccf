/** The country of the client as a part of keys, over a whole proxy without sockets. */
import t from 'tap';
import { type CacheSettings, defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import type { Fields } from '../support/fake-engine.ts';
import { type ClientRequest, FakeProxy, type Origin, snapshotWith } from '../support/fake-proxy.ts';
import { countryRecord, sharedMmdb, writeMmdb } from '../support/mmdb.ts';
import { ruleset } from '../support/rules.ts';

const german = '192.0.2.7';
const french = '198.51.100.7';
const database = sharedMmdb(
  writeMmdb({
    '192.0.2.0/24': countryRecord('DE'),
    '198.51.100.0/24': countryRecord('FR'),
    '2001:db8::/32': countryRecord('DE'),
  }),
);
const byCountry: Partial<CacheSettings> = { cache_key: { custom_key: { user: { geo: true } } } };

function proxyWith(origin: Origin, settings = byCountry, trustedProxies: string[] = []): FakeProxy {
  const base = snapshotWith({ geo: [database], trustedProxies });
  const zones = [{ ...base.zones[0]!, cache: { ...defaultCacheSettings, ...settings } }];
  return new FakeProxy(origin, { ...base, zones });
}

const fresh: Fields = [['cache-control', 'max-age=60']];

t.test('clients of one country share a response', async (t) => {
  const proxy = proxyWith(() => ({ fields: fresh }));
  const results = [german, '192.0.2.8', '2001:db8::1', french, '203.0.113.1', '::1'].map(
    (peer) => proxy.send({ peer }).cacheResult,
  );
  t.same(results, ['miss', 'hit', 'hit', 'miss', 'miss', 'hit'], 'what is not known is one country');
  const parts = [...proxy.engine.store.keys()].map((key) => key.slice(key.indexOf('\x05')));
  t.same(parts.sort(), ['\x05geo=DE', '\x05geo=FR', '\x05geo=XX']);
});

t.test('whom trusted proxies name is the client', async (t) => {
  const from = (address: string): ClientRequest => ({
    peer: '10.0.0.1',
    fields: [['x-forwarded-for', address]],
  });
  const trusting = proxyWith(() => ({ fields: fresh }), byCountry, ['10.0.0.0/8']);
  t.equal(trusting.send(from(german)).cacheResult, 'miss');
  t.equal(trusting.send(from(french)).cacheResult, 'miss');
  t.equal(trusting.send({ peer: german }).cacheResult, 'hit');
  const other = proxyWith(() => ({ fields: fresh }));
  t.equal(other.send(from(german)).cacheResult, 'miss');
  t.equal(other.send(from(french)).cacheResult, 'hit', 'nobody else is believed');
});

t.test('a background refresh is for the country of who was served stale', async (t) => {
  const stale: Fields = [
    ['cache-control', 'max-age=10, stale-while-revalidate=30'],
    ['etag', '"a"'],
  ];
  const trusted = { peer: '10.0.0.1', fields: [['x-forwarded-for', french]] } as const;
  for (const request of [{ peer: german }, trusted]) {
    const proxy = proxyWith(() => ({ fields: stale, body: 'old' }), byCountry, ['10.0.0.0/8']);
    proxy.send(request);
    proxy.advance(15);
    proxy.origin = () => ({ fields: stale, body: 'new' });
    t.equal(proxy.send(request).body, 'old');
    t.ok(proxy.asked.at(-1)?.isBackground);
    const answer = proxy.send(request);
    t.equal(answer.body, 'new');
    t.equal(answer.cacheResult, 'hit');
    t.equal(proxy.engine.store.size, 1, 'and for no other');
  }
});

t.test('without it nothing is looked up', async (t) => {
  const proxy = proxyWith(() => ({ fields: fresh }), {});
  t.equal(proxy.send({ peer: german }).cacheResult, 'miss');
  t.equal(proxy.send({ peer: french }).cacheResult, 'hit');
});

t.test('rules know where clients are', async (t) => {
  const places = sharedMmdb(
    writeMmdb({
      '192.0.2.0/24': countryRecord('DE', 'EU', true),
      '198.51.100.0/24': countryRecord('CH', 'EU'),
      '203.0.113.0/24': countryRecord('T1'),
    }),
  );
  const block = (expression: string) => ({
    http_request_firewall_custom: [{ expression, action: 'block' }],
  });
  const blocked = (expression: string) => {
    const rulesets = [ruleset(block(expression), new Map(), true)];
    const base = snapshotWith({ geo: [places], rulesets });
    const zones = [{ ...base.zones[0]!, rulesets: [0] }];
    const proxy = new FakeProxy(() => ({ fields: fresh }), { ...base, zones });
    return [german, '198.51.100.7', '203.0.113.7', '10.0.0.1'].map(
      (peer) => proxy.send({ peer }).status === 403,
    );
  };
  t.same(blocked('ip.src.country eq "DE"'), [true, false, false, false]);
  t.same(blocked('ip.geoip.country in {"T1" "XX"}'), [false, false, true, true]);
  t.same(blocked('ip.src.continent eq "EU"'), [true, true, false, false]);
  t.same(blocked('ip.geoip.continent in {"T1" ""}'), [false, false, true, true]);
  t.same(blocked('ip.src.is_in_european_union'), [true, false, false, false]);
  t.same(blocked('not ip.geoip.is_in_european_union'), [false, true, true, true]);
});

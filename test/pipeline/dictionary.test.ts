/** Compression dictionaries (RFC 9842): who is told that a response is one, and responses that were made with one. */
import t from 'tap';
import { matchMember } from '../../src/cache/dictionary.ts';
import { type CacheSettings, defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import type { Fields } from '../support/fake-engine.ts';
import { FakeProxy, type Origin, type OriginResponse, snapshotWith } from '../support/fake-proxy.ts';

const dictionary: Partial<CacheSettings> = { shared_dictionary: { match_pattern: '/app/*.js' } };
const told = 'match="/app/*.js"';

function proxyWith(settings: Partial<CacheSettings>, origin: Origin): FakeProxy {
  const base = snapshotWith();
  const zones = [{ ...base.zones[0]!, cache: { ...defaultCacheSettings, ...settings } }];
  return new FakeProxy(origin, { ...base, zones });
}

const fresh = (fields: Fields = []): OriginResponse => ({
  fields: [['cache-control', 'max-age=60'], ['etag', '"a"'], ...fields],
  body: 'abcdef',
});

t.test('the pattern stands in a string of a structured field', async (t) => {
  t.equal(matchMember('/app/*.js'), told);
  t.equal(matchMember('/a\\.b"c'), 'match="/a\\\\.b\\"c"');
});

t.test('whole responses with status 200 are dictionaries', async (t) => {
  const proxy = proxyWith(dictionary, () => fresh());
  for (const result of ['miss', 'hit']) {
    const answer = proxy.send();
    t.equal(answer.cacheResult, result);
    t.equal(answer.get('use-as-dictionary'), told);
  }
  const part = proxy.send({ fields: [['range', 'bytes=0-1']] });
  t.equal(part.status, 206);
  t.equal(part.get('use-as-dictionary'), undefined);
  const unchanged = proxy.send({ fields: [['if-none-match', '"a"']] });
  t.equal(unchanged.status, 304);
  t.equal(unchanged.get('use-as-dictionary'), undefined);
  proxy.advance(100);
  proxy.origin = () => ({ status: 304 });
  const validated = proxy.send();
  t.equal(validated.cacheResult, 'revalidated');
  t.equal(validated.get('use-as-dictionary'), told);
  t.notOk(
    [...proxy.engine.store.values()].some(({ fields }) =>
      fields.some(([name]) => name === 'use-as-dictionary'),
    ),
    'what is stored is as the origin sent it',
  );
});

t.test('others are not', async (t) => {
  t.equal(
    proxyWith({}, () => fresh())
      .send()
      .get('use-as-dictionary'),
    undefined,
  );
  const missing = proxyWith(dictionary, () => ({ ...fresh(), status: 404 }));
  t.equal(missing.send().get('use-as-dictionary'), undefined);
  const posted = proxyWith(dictionary, () => fresh());
  t.equal(posted.send({ method: 'POST' }).get('use-as-dictionary'), undefined);
});

t.test('the word of the origin counts', async (t) => {
  const own = 'match="/own/*", id="v1"';
  const proxy = proxyWith(dictionary, () => fresh([['use-as-dictionary', own]]));
  t.equal(proxy.send().get('use-as-dictionary'), own);
  t.equal(proxy.send().get('use-as-dictionary'), own);
  proxy.advance(100);
  proxy.origin = () => ({ status: 304 });
  t.equal(proxy.send().get('use-as-dictionary'), own);
});

/** Answers as an origin does that knows the dictionary `:b25l:`. */
const delta: Origin = (request) => {
  const knows =
    request.get('available-dictionary') === ':b25l:' && /dcz/.test(request.get('accept-encoding') ?? '');
  const coding: Fields = knows ? [['content-encoding', 'dcz']] : [];
  return fresh([['vary', 'accept-encoding, available-dictionary'], ...coding]);
};
const having = (name: string, encodings = 'gzip, br, zstd, dcb, dcz'): Fields => [
  ['accept-encoding', encodings],
  ['available-dictionary', name],
  ['dictionary-id', '"v1, of two"'],
];

const vary: Partial<CacheSettings> = {
  mode: 'cdn',
  vary: {
    default: { action: 'bypass' },
    headers: {
      'Accept-Encoding': { action: 'normalize' },
      'Available-Dictionary': { action: 'passthrough' },
    },
  },
};

for (const [mode, settings] of [
  ['standard', {}],
  ['cdn', vary],
] as const) {
  t.test(`what was made with a dictionary is stored apart, in mode ${mode}`, async (t) => {
    const proxy = proxyWith(settings, delta);
    const send = (fields: Fields) => {
      const answer = proxy.send({ target: '/app/x.js', fields });
      return `${answer.cacheResult} ${answer.get('content-encoding') ?? ''}`;
    };
    t.equal(send(having(':b25l:')), 'miss dcz');
    const asked = proxy.asked[0]!;
    t.equal(asked.get('available-dictionary'), ':b25l:');
    t.equal(asked.get('dictionary-id'), '"v1, of two"');
    const codings = (asked.get('accept-encoding') ?? '').split(/, */).sort();
    t.same(codings, ['br', 'dcb', 'dcz', 'gzip', 'zstd']);
    t.equal(send(having(':b25l:')), 'hit dcz');
    t.equal(send(having(':B25L:')), 'miss ', 'upper and lower case differ');
    t.equal(send(having(':dHdv:')), 'miss ');
    t.equal(send([['accept-encoding', 'gzip, br, zstd, dcb, dcz']]), 'miss ', 'no dictionary');
    t.equal(send(having(':b25l:', 'gzip, br')), 'miss ', 'no delta');
    t.equal(send(having(':b25l:')), 'hit dcz');
  });
}

t.test('mode cdn stores no response that varies on a dictionary without leave', async (t) => {
  const proxy = proxyWith({ mode: 'cdn', vary: { default: { action: 'bypass' }, headers: {} } }, delta);
  const request = { target: '/app/x.js', fields: having(':b25l:') };
  t.equal(proxy.send(request).cacheResult, 'bypass');
  t.equal(proxy.send(request).cacheResult, 'bypass');
});

import t from 'tap';
import { type RequestFacts, StoreDecision, type VerdictName, verdict } from '../../src/cache/policy.ts';
import { type CacheSettings, defaultCacheSettings } from '../../src/cache/protocol.ts';
import { Arena } from '../../src/engine/arena.ts';
import { objectFlag } from '../../src/engine/contract.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { formatHttpDate } from '../../src/lib/http-date.ts';
import { FakeEngine, type Fields } from '../support/fake-engine.ts';

const now = 1_800_000_000;
const cdn: CacheSettings = { ...defaultCacheSettings, mode: 'cdn' };
const plain: RequestFacts = { hasAuthorization: false, saysNoStore: false };
const authorized: RequestFacts = { hasAuthorization: true, saysNoStore: false };

function decide(
  status: number,
  fields: Fields,
  facts: RequestFacts = plain,
  settings: CacheSettings = defaultCacheSettings,
  delayMs = 0,
): StoreDecision {
  const engine = new FakeEngine();
  engine.begin();
  const head = new HeadView(new Arena(engine.memory)).reset(engine.response({ status, fields }));
  return new StoreDecision().decide(head, undefined, status, facts, settings, now, delayMs);
}

const fresh: Fields = [['cache-control', 'max-age=60']];
const old = formatHttpDate(now - 1000);

t.test('what may be stored, and the clause that decides', async (t) => {
  const rows: [string, number, Fields, RequestFacts, CacheSettings, VerdictName][] = [
    ['fresh by its word', 200, fresh, plain, defaultCacheSettings, 'store'],
    ['no word, changed long ago', 200, [['last-modified', old]], plain, defaultCacheSettings, 'store'],
    ['no word, but a tag to validate by', 200, [['etag', '"a"']], plain, defaultCacheSettings, 'store'],
    ['no word, nothing to validate by', 200, [], plain, defaultCacheSettings, 'no_use'],
    [
      'never fresh, nothing to validate by',
      200,
      [['cache-control', 'max-age=0']],
      plain,
      defaultCacheSettings,
      'no_use',
    ],
    ['stale on arrival', 200, [...fresh, ['age', '60']], plain, defaultCacheSettings, 'no_use'],
    [
      'never fresh, but stale for a while',
      200,
      [['cache-control', 'max-age=0, stale-while-revalidate=9']],
      plain,
      defaultCacheSettings,
      'store',
    ],
    ['any final status that is fresh by its word', 599, fresh, plain, defaultCacheSettings, 'store'],
    [
      'an unknown status without a word',
      599,
      [['last-modified', old]],
      plain,
      defaultCacheSettings,
      'status',
    ],
    [
      'an unknown status that is public',
      599,
      [
        ['last-modified', old],
        ['cache-control', 'public'],
      ],
      plain,
      defaultCacheSettings,
      'store',
    ],
    ['403 without a word', 403, [['last-modified', old]], plain, defaultCacheSettings, 'status'],
    ['no-store', 200, [['cache-control', 'no-store, max-age=60']], plain, defaultCacheSettings, 'no_store'],
    [
      'no-store that must be understood',
      200,
      [['cache-control', 'no-store, must-understand, max-age=60']],
      plain,
      defaultCacheSettings,
      'store',
    ],
    [
      'must-understand of what is not',
      599,
      [['cache-control', 'max-age=60, must-understand']],
      plain,
      defaultCacheSettings,
      'not_understood',
    ],
    ['private', 200, [['cache-control', 'private, max-age=60']], plain, defaultCacheSettings, 'private'],
    [
      'private fields only',
      200,
      [['cache-control', 'private="a", max-age=60']],
      plain,
      defaultCacheSettings,
      'store',
    ],
    [
      'a request that says no-store',
      200,
      fresh,
      { hasAuthorization: false, saysNoStore: true },
      defaultCacheSettings,
      'request_no_store',
    ],
    ['Authorization', 200, fresh, authorized, defaultCacheSettings, 'authorization'],
    [
      'Authorization, public',
      200,
      [['cache-control', 'public, max-age=60']],
      authorized,
      defaultCacheSettings,
      'store',
    ],
    [
      'Authorization, must-revalidate',
      200,
      [['cache-control', 'must-revalidate, max-age=60']],
      authorized,
      defaultCacheSettings,
      'store',
    ],
    [
      'Authorization, s-maxage',
      200,
      [['cache-control', 's-maxage=60']],
      authorized,
      defaultCacheSettings,
      'store',
    ],
    ['206', 206, fresh, plain, defaultCacheSettings, 'partial'],
    ['304', 304, fresh, plain, defaultCacheSettings, 'partial'],
    [
      'Set-Cookie that says it is fresh',
      200,
      [...fresh, ['set-cookie', 'a=b']],
      plain,
      defaultCacheSettings,
      'store',
    ],
    [
      'Set-Cookie without a word',
      200,
      [
        ['last-modified', old],
        ['set-cookie', 'a=b'],
      ],
      plain,
      defaultCacheSettings,
      'set_cookie',
    ],
    ['cdn: Set-Cookie', 200, [...fresh, ['set-cookie', 'a=b']], plain, cdn, 'set_cookie'],
    ['cdn: a default for the status', 200, [], plain, cdn, 'store'],
    ['cdn: a default for 302', 302, [], plain, cdn, 'store'],
    ['cdn: no default for 403', 403, [], plain, cdn, 'no_ttl'],
    ['cdn: no-store', 200, [['cache-control', 'no-store']], plain, cdn, 'no_store'],
    [
      'a targeted field allows what Cache-Control forbids',
      200,
      [
        ['cdn-cache-control', 'max-age=60'],
        ['cache-control', 'no-store'],
      ],
      plain,
      defaultCacheSettings,
      'store',
    ],
    [
      'a targeted field forbids what Cache-Control allows',
      200,
      [['cdn-cache-control', 'no-store'], ...fresh],
      plain,
      defaultCacheSettings,
      'no_store',
    ],
    [
      'no-cache with a tag',
      200,
      [
        ['cache-control', 'no-cache'],
        ['etag', '"a"'],
      ],
      plain,
      defaultCacheSettings,
      'store',
    ],
    [
      'no-cache with nothing to validate by',
      200,
      [['cache-control', 'no-cache, max-age=60']],
      plain,
      defaultCacheSettings,
      'no_use',
    ],
  ];
  for (const [name, status, fields, facts, settings, expected] of rows) {
    t.equal(decide(status, fields, facts, settings).verdict, verdict[expected], name);
  }
});

t.test('times', async (t) => {
  const aged = decide(
    200,
    [...fresh, ['age', '10'], ['date', formatHttpDate(now)]],
    plain,
    defaultCacheSettings,
    2500,
  );
  t.equal(aged.ageAtStore, 12);
  t.equal(aged.freshUntil, now + 48);
  t.equal(decide(200, [['last-modified', old]]).freshUntil, now + 100);
  t.equal(decide(404, [], plain, cdn).freshUntil, now + 180);
  t.equal(decide(200, [['expires', 'Sun, 21 Nov 2286 04:46:39 GMT']]).freshUntil, 4_294_967_295);
});

t.test('how long a stale response is of use (RFC 5861)', async (t) => {
  const both = decide(200, [['cache-control', 'max-age=60, stale-while-revalidate=5, stale-if-error=9']]);
  t.equal(both.staleWhileRevalidateUntil, now + 65);
  t.equal(both.staleIfErrorUntil, now + 69);
  for (const forbids of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
    const none = decide(200, [
      ['cache-control', `max-age=60, stale-while-revalidate=5, stale-if-error=9, ${forbids}`],
    ]);
    t.equal(none.staleWhileRevalidateUntil, 0, forbids);
    t.equal(none.staleIfErrorUntil, 0, forbids);
  }
  const settings = { ...defaultCacheSettings, staleWhileRevalidateSeconds: 7, staleIfErrorSeconds: 8 };
  const byDefault = decide(200, fresh, plain, settings);
  t.equal(byDefault.staleWhileRevalidateUntil, now + 67);
  t.equal(byDefault.staleIfErrorUntil, now + 68);
  const refused = decide(200, [['cache-control', 'max-age=60, stale-if-error=0']], plain, settings);
  t.equal(refused.staleIfErrorUntil, 1, 'it has spoken of errors: a time long past');
});

t.test('flags of the object', async (t) => {
  const rows: [Fields, number][] = [
    [fresh, 0],
    [[['etag', '"a"']], objectFlag.hasEtag],
    [[['etag', 'W/"a"']], objectFlag.hasEtag | objectFlag.weakEtag],
    [[['last-modified', old]], objectFlag.hasLastModified],
    [[['cache-control', 's-maxage=5']], objectFlag.mustRevalidate],
    [[['cache-control', 'no-cache']], objectFlag.noCache],
    [
      [
        ['cache-control', 'no-cache="a"'],
        ['a', '1'],
      ],
      objectFlag.noCache,
    ],
    [
      [
        ['cache-control', 'no-cache="a"'],
        ['b', '1'],
      ],
      0,
    ],
  ];
  for (const [fields, flags] of rows) t.equal(decide(200, fields).objectFlags, flags, JSON.stringify(fields));
});

t.test('mode cdn lends a Last-Modified where there is nothing to validate by', async (t) => {
  t.ok(decide(200, fresh, plain, cdn).needsLastModified);
  t.notOk(decide(200, [...fresh, ['etag', '"a"']], plain, cdn).needsLastModified);
  t.notOk(decide(200, fresh).needsLastModified);
});

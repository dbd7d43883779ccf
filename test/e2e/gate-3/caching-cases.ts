/**
 * What is stored and how it is used (RFC 9111, and the project's caching specification), as rows: what the origin answers
 * to its first, second, ... request, and what clients ask and must get, in order. Staleness is made by an Age field of
 * the origin, not by waiting.
 */
export interface OriginAnswer {
  status?: number;
  fields?: Record<string, string | string[]>;
  body?: string;
  /** Ends the connection in place of an answer. */
  dies?: true;
}

export interface Step {
  method?: string;
  /** Behind the path of the row: `?b` or `/below`. */
  suffix?: string;
  fields?: Record<string, string>;
  host?: string;
  status?: number;
  body?: string;
  /** The member of `parapet` in Cache-Status. */
  cache?: RegExp;
  /** Requests that the origin has had once this one is answered; `later`: the number that is reached after it. */
  origin?: number;
  later?: number;
  /** Whether Age is there, or what it must look like. */
  age?: boolean | RegExp;
  /** Fields of the answer; null: must not be there. */
  has?: Record<string, RegExp | null>;
  /** Fields of the last request that the origin had; null: must not be there. */
  sent?: Record<string, RegExp | null>;
}

export interface CachingCase {
  name: string;
  /** The last one answers every further request. */
  answers: OriginAnswer[];
  steps: Step[];
  /** Host of another zone: `cdn.test` has mode cdn, `off.test` has mode off. */
  host?: string;
}

const hit = /^parapet; hit(?=;|$)/;
const miss = /^parapet; fwd=uri-miss/;
const stored = /^parapet; fwd=uri-miss; fwd-status=200; stored/;
const notStored = /^parapet; fwd=(?:uri-miss|request|bypass|method)(?!.*stored)/;
const validated = /^parapet; fwd=stale; fwd-status=304/;
const replaced = /^parapet; fwd=stale; fwd-status=200; stored/;

const ok = (
  cacheControl: string,
  body: string,
  fields: Record<string, string | string[]> = {},
): OriginAnswer => ({
  fields: { 'Cache-Control': cacheControl, ...fields },
  body,
});
const plain = (body: string, fields: Record<string, string | string[]> = {}): OriginAnswer => ({
  fields,
  body,
});
const unchanged: OriginAnswer = { status: 304, fields: { ETag: '"v1"', 'Cache-Control': 'max-age=60' } };
/** Stored, and stale from the first moment on. */
const stale = (more: string, body = 'one'): OriginAnswer =>
  ok(`max-age=10${more}`, body, { ETag: '"v1"', Age: '20' });
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toUTCString();
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

/** Asked twice, and the second one is a hit. */
const reused = (name: string, answer: OriginAnswer, over: Partial<CachingCase> = {}): CachingCase => ({
  name,
  answers: [answer],
  steps: [
    { cache: miss, origin: 1 },
    { cache: hit, origin: 1, age: true, body: answer.body ?? '' },
  ],
  ...over,
});
/** Asked twice, and the origin is asked twice. */
const fetchedAgain = (name: string, answer: OriginAnswer, over: Partial<CachingCase> = {}): CachingCase => ({
  name,
  answers: [answer],
  steps: [{ cache: notStored, origin: 1, age: false }, { origin: 2 }],
  ...over,
});

const storing: CachingCase[] = [
  reused('max-age', ok('max-age=60', 'a')),
  reused('s-maxage before max-age', ok('max-age=0, s-maxage=60', 'a')),
  reused('Expires', plain('a', { Expires: inSeconds(600) })),
  reused('max-age before Expires', ok('max-age=60', 'a', { Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' })),
  reused('a tenth of the time since Last-Modified', plain('a', { 'Last-Modified': daysAgo(100) })),
  reused(
    '404 with max-age',
    { ...ok('max-age=60', 'a'), status: 404 },
    {
      steps: [
        { status: 404, origin: 1 },
        { status: 404, cache: hit, origin: 1 },
      ],
    },
  ),
  reused(
    '301 with max-age',
    { ...ok('max-age=60', '', { Location: '/x' }), status: 301 },
    {
      steps: [
        { status: 301, origin: 1 },
        { status: 301, cache: hit, origin: 1 },
      ],
    },
  ),
  reused('Set-Cookie with explicit freshness', ok('max-age=60', 'a', { 'Set-Cookie': 'a=b' })),
  reused('directives in capitals, a quoted value, empty members', ok(' , Public, , MAX-AGE="60" ,', 'a')),
  fetchedAgain('no-store', ok('no-store', 'a')),
  fetchedAgain('no-store beside max-age', ok('max-age=60, no-store', 'a')),
  fetchedAgain('private', ok('private, max-age=60', 'a')),
  fetchedAgain('no freshness, no validator, no date', plain('a')),
  fetchedAgain(
    'a status that needs explicit freshness',
    { ...plain('a', { 'Last-Modified': daysAgo(100) }), status: 302 },
    {
      steps: [
        { status: 302, origin: 1 },
        { status: 302, origin: 2 },
      ],
    },
  ),
  fetchedAgain(
    '500',
    { ...plain('a', { 'Last-Modified': daysAgo(100) }), status: 500 },
    {
      steps: [
        { status: 500, origin: 1 },
        { status: 500, origin: 2 },
      ],
    },
  ),
  fetchedAgain('Vary: *', ok('max-age=60', 'a', { Vary: '*' })),
  fetchedAgain(
    'Set-Cookie without explicit freshness',
    plain('a', { 'Set-Cookie': 'a=b', 'Last-Modified': daysAgo(100) }),
  ),
  fetchedAgain('a freshness that cannot be read', plain('a', { Expires: '0' })),
  fetchedAgain('the answer to POST', ok('max-age=60', 'a'), {
    steps: [
      { method: 'POST', cache: /^parapet; fwd=method/, origin: 1 },
      { method: 'POST', origin: 2 },
    ],
  }),
  fetchedAgain('the answer to a request with no-store', ok('max-age=60', 'a'), {
    steps: [
      { fields: { 'Cache-Control': 'no-store' }, origin: 1 },
      { cache: miss, origin: 2 },
    ],
  }),
  fetchedAgain('the answer to a request with Authorization', ok('max-age=60', 'a'), {
    steps: [
      { fields: { Authorization: 'x' }, origin: 1 },
      { cache: miss, origin: 2 },
    ],
  }),
  reused('Authorization, and the response is public', ok('public, max-age=60', 'a'), {
    steps: [
      { fields: { Authorization: 'x' }, origin: 1 },
      { cache: hit, origin: 1 },
    ],
  }),
  fetchedAgain('mode off', ok('max-age=60', 'a'), {
    host: 'off.test',
    steps: [{ origin: 1 }, { origin: 2 }],
  }),
];

const ages: CachingCase[] = [
  {
    name: "the origin's Age counts",
    answers: [ok('max-age=60', 'a', { Age: '50' })],
    steps: [{ origin: 1 }, { cache: /ttl=(?:10|9|8)\b/, age: /^5[0-3]$/, origin: 1 }],
  },
  {
    name: 'an Age beyond the freshness makes it stale at once',
    answers: [stale(''), unchanged],
    steps: [{ origin: 1 }, { cache: validated, origin: 2 }],
  },
  {
    name: 'a Date in the past counts as age',
    // The table is made some time before its rows run.
    answers: [ok('max-age=6000', 'a', { Date: new Date(Date.now() - 300_000).toUTCString() })],
    steps: [{ origin: 1 }, { cache: hit, age: /^[3-9]\d\d$/, origin: 1 }],
  },
  {
    name: 'a miss carries no Age of its own',
    answers: [ok('max-age=60', 'a')],
    steps: [{ origin: 1, age: false }],
  },
];

const validation: CachingCase[] = [
  {
    name: 'a stale one is validated by its ETag, and served',
    answers: [stale(''), unchanged],
    steps: [
      { origin: 1 },
      { body: 'one', cache: validated, origin: 2, sent: { 'if-none-match': /^"v1"$/ } },
      { body: 'one', cache: hit, origin: 2, age: /^[0-2]$/ },
    ],
  },
  {
    name: 'by Last-Modified where there is no ETag',
    answers: [
      plain('one', { 'Cache-Control': 'max-age=10', Age: '20', 'Last-Modified': daysAgo(1) }),
      { status: 304, fields: { 'Cache-Control': 'max-age=60' } },
    ],
    steps: [
      { origin: 1 },
      { body: 'one', cache: validated, origin: 2, sent: { 'if-modified-since': /GMT$/ } },
      { cache: hit, origin: 2 },
    ],
  },
  {
    name: 'a full answer replaces it',
    answers: [stale(''), ok('max-age=60', 'two', { ETag: '"v2"' })],
    steps: [
      { body: 'one' },
      { body: 'two', cache: replaced, origin: 2 },
      { body: 'two', cache: hit, origin: 2 },
    ],
  },
  {
    name: 'a 304 brings new fields',
    answers: [
      { ...stale(''), fields: { ...stale('').fields, 'X-Field': 'old' } },
      { ...unchanged, fields: { ...unchanged.fields, 'X-Field': 'new' } },
    ],
    steps: [
      { has: { 'X-Field': /^old$/ } },
      { has: { 'X-Field': /^new$/ } },
      { cache: hit, has: { 'X-Field': /^new$/ } },
    ],
  },
  {
    name: 'no-cache: stored, and validated each time',
    answers: [
      ok('no-cache', 'one', { ETag: '"v1"' }),
      { status: 304, fields: { ETag: '"v1"', 'Cache-Control': 'no-cache' } },
    ],
    steps: [
      { origin: 1 },
      { body: 'one', cache: validated, origin: 2 },
      { body: 'one', cache: validated, origin: 3 },
    ],
  },
  {
    name: 'max-age=0: stored, and validated each time',
    answers: [
      ok('max-age=0', 'one', { ETag: '"v1"' }),
      { status: 304, fields: { ETag: '"v1"', 'Cache-Control': 'max-age=0' } },
    ],
    steps: [{ origin: 1 }, { body: 'one', cache: validated, origin: 2 }],
  },
  {
    name: 'the request says no-cache',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"' }), unchanged],
    steps: [{ origin: 1 }, { body: 'one', fields: { 'Cache-Control': 'no-cache' }, origin: 2 }],
  },
  {
    name: 'the request says max-age=0',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"' }), unchanged],
    steps: [{ origin: 1 }, { body: 'one', fields: { 'Cache-Control': 'max-age=0' }, origin: 2 }],
  },
  {
    name: 'Pragma: no-cache counts where there is no Cache-Control',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"' }), unchanged],
    steps: [{ origin: 1 }, { body: 'one', fields: { Pragma: 'no-cache' }, origin: 2 }],
  },
  {
    name: 'only-if-cached without a stored response: 504',
    answers: [ok('max-age=60', 'one')],
    steps: [
      { fields: { 'Cache-Control': 'only-if-cached' }, status: 504, origin: 0 },
      { origin: 1 },
      { fields: { 'Cache-Control': 'only-if-cached' }, cache: hit, origin: 1 },
    ],
  },
];

const staleness: CachingCase[] = [
  {
    name: 'stale-while-revalidate: served at once, refreshed once behind it',
    answers: [stale(', stale-while-revalidate=600'), ok('max-age=60', 'two', { ETag: '"v2"' })],
    steps: [
      { origin: 1 },
      { body: 'one', cache: /^parapet; hit; ttl=-\d+; detail=SWR/, later: 2 },
      { body: 'two', cache: hit, origin: 2 },
    ],
  },
  {
    name: 'stale-if-error: an error answer',
    answers: [stale(', stale-if-error=600'), { status: 503, body: 'down' }],
    steps: [
      { origin: 1 },
      { status: 200, body: 'one', cache: /^parapet; hit; ttl=-\d+; detail=SIE/, origin: 2 },
    ],
  },
  {
    name: 'stale-if-error: no answer',
    answers: [stale(', stale-if-error=600'), { dies: true }],
    steps: [{ origin: 1 }, { status: 200, body: 'one', cache: /detail=SIE/ }],
  },
  {
    name: 'no stale-if-error: the error',
    answers: [stale(''), { status: 503, body: 'down' }],
    steps: [{ origin: 1 }, { status: 503, body: 'down', origin: 2 }],
  },
  {
    name: 'must-revalidate forbids it',
    answers: [stale(', stale-if-error=600, must-revalidate'), { status: 503, body: 'down' }],
    steps: [{ origin: 1 }, { status: 503, origin: 2 }],
  },
  {
    name: 's-maxage forbids it too',
    answers: [
      ok('s-maxage=10, stale-if-error=600', 'one', { ETag: '"v1"', Age: '20' }),
      { status: 503, body: 'down' },
    ],
    steps: [{ origin: 1 }, { status: 503, origin: 2 }],
  },
  {
    name: 'a 404 is no error: it is passed on',
    answers: [stale(', stale-if-error=600'), { status: 404, body: 'gone' }],
    steps: [{ origin: 1 }, { status: 404, body: 'gone', origin: 2 }],
  },
  {
    name: 'max-stale of the request',
    answers: [stale(''), ok('max-age=60', 'two')],
    steps: [{ origin: 1 }, { fields: { 'Cache-Control': 'max-stale=600' }, body: 'one', origin: 1 }],
  },
];

const conditional: CachingCase[] = [
  {
    name: 'If-None-Match that matches: 304 from the store',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"' })],
    steps: [
      { origin: 1 },
      {
        fields: { 'If-None-Match': '"x", "v1"' },
        status: 304,
        body: '',
        cache: hit,
        origin: 1,
        has: { ETag: /^"v1"$/, 'Content-Type': null },
      },
      { fields: { 'If-None-Match': '"x"' }, status: 200, body: 'one', origin: 1 },
    ],
  },
  {
    name: 'If-None-Match compares weakly, and knows *',
    answers: [ok('max-age=60', 'one', { ETag: 'W/"v1"' })],
    steps: [
      { origin: 1 },
      { fields: { 'If-None-Match': '"v1"' }, status: 304, origin: 1 },
      { fields: { 'If-None-Match': '*' }, status: 304, origin: 1 },
    ],
  },
  {
    name: 'If-Modified-Since',
    answers: [ok('max-age=60', 'one', { 'Last-Modified': daysAgo(2) })],
    steps: [
      { origin: 1 },
      { fields: { 'If-Modified-Since': daysAgo(1) }, status: 304, cache: hit, origin: 1 },
      { fields: { 'If-Modified-Since': daysAgo(3) }, status: 200, body: 'one', origin: 1 },
    ],
  },
  {
    name: 'If-None-Match outranks If-Modified-Since',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"', 'Last-Modified': daysAgo(2) })],
    steps: [
      { origin: 1 },
      { fields: { 'If-None-Match': '"x"', 'If-Modified-Since': daysAgo(1) }, status: 200, origin: 1 },
    ],
  },
  {
    name: 'a conditional request that fills the store gets a whole response to store',
    answers: [ok('max-age=60', 'one', { ETag: '"v1"' })],
    steps: [
      { fields: { 'If-None-Match': '"x"' }, status: 200, body: 'one', origin: 1 },
      { body: 'one', cache: hit, origin: 1 },
    ],
  },
  {
    name: 'HEAD is answered from GET',
    answers: [ok('max-age=60', 'one')],
    steps: [
      { origin: 1 },
      { method: 'HEAD', cache: hit, origin: 1, body: '', has: { 'Content-Length': /^3$/ } },
    ],
  },
  {
    name: 'a range of a stored response, or all of it',
    answers: [ok('max-age=60', 'abcdef', { ETag: '"v1"' })],
    steps: [
      { origin: 1 },
      { fields: { Range: 'bytes=2-3', 'If-Range': '"x"' }, status: 200, body: 'abcdef', origin: 1 },
    ],
  },
];

const keys: CachingCase[] = [
  {
    name: 'the query is part of the key, its order too',
    answers: [ok('max-age=60', 'one')],
    steps: [
      { suffix: '?a=1&b=2', origin: 1 },
      { suffix: '?b=2&a=1', origin: 2 },
      { suffix: '?a=1&b=2', cache: hit, origin: 2 },
      { suffix: '', origin: 3 },
      { suffix: '?', cache: miss, origin: 4 },
    ],
  },
  {
    name: 'the host is part of the key, in lower case',
    answers: [ok('max-age=60', 'one')],
    steps: [
      { host: 'one.test', origin: 1 },
      { host: 'two.test', cache: miss, origin: 2 },
      { host: 'ONE.test', cache: hit, origin: 2 },
      { host: 'one.test:80', cache: hit, origin: 2 },
      { host: 'one.test:8080', cache: miss, origin: 3 },
    ],
  },
  {
    name: 'a variant for each value that Vary names',
    answers: [
      ok('max-age=60', 'en', { Vary: 'Accept-Language' }),
      ok('max-age=60', 'de', { Vary: 'Accept-Language' }),
    ],
    steps: [
      { fields: { 'Accept-Language': 'en' }, body: 'en', origin: 1 },
      { fields: { 'Accept-Language': 'de' }, body: 'de', cache: /^parapet; fwd=vary-miss/, origin: 2 },
      { fields: { 'Accept-Language': 'en' }, body: 'en', cache: hit, origin: 2 },
      { fields: { 'Accept-Language': 'de' }, body: 'de', cache: hit, origin: 2 },
      { cache: /^parapet; fwd=vary-miss/, origin: 3 },
    ],
  },
  {
    name: 'a field that could poison the key is part of it',
    answers: [ok('max-age=60', 'evil'), ok('max-age=60', 'good')],
    steps: [
      { fields: { 'X-Forwarded-Host': 'evil.test' }, body: 'evil', origin: 1 },
      { body: 'good', cache: miss, origin: 2 },
    ],
  },
  {
    name: 'Origin is part of the key',
    answers: [ok('max-age=60', 'one'), ok('max-age=60', 'two')],
    steps: [
      { fields: { Origin: 'http://a.test' }, body: 'one', origin: 1 },
      { body: 'two', origin: 2 },
    ],
  },
];

const invalidation: CachingCase[] = ['POST', 'PUT', 'DELETE', 'PATCH', 'UNKNOWN-METHOD'].map(
  (method): CachingCase => ({
    name: `${method} that succeeds invalidates`,
    answers: [ok('max-age=60', 'one'), { status: 200, body: 'done' }, ok('max-age=60', 'two')],
    steps: [{ origin: 1 }, { cache: hit }, { method, status: 200, origin: 2 }, { body: 'two', origin: 3 }],
  }),
);
const notInvalidating: CachingCase[] = [
  {
    name: 'POST that fails does not',
    answers: [ok('max-age=60', 'one'), { status: 500, body: 'no' }],
    steps: [
      { origin: 1 },
      { method: 'POST', status: 500, origin: 2 },
      { body: 'one', cache: hit, origin: 2 },
    ],
  },
  {
    name: 'OPTIONS is safe',
    answers: [ok('max-age=60', 'one'), { status: 200, body: 'fine' }],
    steps: [{ origin: 1 }, { method: 'OPTIONS', origin: 2 }, { body: 'one', cache: hit, origin: 2 }],
  },
];

const targeted: CachingCase[] = [
  {
    name: 'Parapet-Cache-Control before Cache-Control, and not passed on',
    answers: [ok('no-store', 'one', { 'Parapet-Cache-Control': 'max-age=60' })],
    steps: [
      { origin: 1, has: { 'Parapet-Cache-Control': null, 'Cache-Control': /no-store/ } },
      { cache: hit, origin: 1 },
    ],
  },
  {
    name: 'CDN-Cache-Control before Cache-Control, and passed on',
    answers: [ok('no-store', 'one', { 'CDN-Cache-Control': 'max-age=60' })],
    steps: [
      { origin: 1, has: { 'CDN-Cache-Control': /max-age=60/ } },
      { cache: hit, origin: 1 },
    ],
  },
  {
    name: 'a targeted field that forbids',
    answers: [ok('max-age=60', 'one', { 'CDN-Cache-Control': 'no-store' })],
    steps: [{ origin: 1 }, { origin: 2 }],
  },
  {
    name: 'a targeted field that cannot be parsed is ignored',
    answers: [ok('max-age=60', 'one', { 'CDN-Cache-Control': 'max-age=@,,' })],
    steps: [{ origin: 1 }, { cache: hit, origin: 1 }],
  },
  reused('mode cdn: by extension, without any freshness', plain('a'), {
    host: 'cdn.test',
    steps: [
      { suffix: '/a.js', origin: 1 },
      { suffix: '/a.js', cache: hit, origin: 1 },
      { suffix: '/a.html', cache: /^parapet; fwd=bypass/, origin: 2 },
    ],
  }),
  fetchedAgain('mode cdn: Set-Cookie is not stored', ok('max-age=60', 'a', { 'Set-Cookie': 'a=b' }), {
    host: 'cdn.test',
    steps: [
      { suffix: '/b.js', origin: 1 },
      { suffix: '/b.js', origin: 2 },
    ],
  }),
];

const fields: CachingCase[] = [
  {
    name: 'Cache-Status and Via of those behind us are kept, ours is last',
    answers: [ok('max-age=60', 'one', { 'Cache-Status': 'inner; hit', Via: '1.0 inner' })],
    steps: [
      { has: { 'Cache-Status': /^inner; hit, ?parapet; fwd=uri-miss/, Via: /^1\.0 inner, ?1\.1 / } },
      { has: { 'Cache-Status': /^inner; hit, ?parapet; hit/, Via: /^1\.0 inner, ?1\.1 / } },
    ],
  },
  {
    name: 'fields of the connection are not stored',
    answers: [ok('max-age=60', 'one', { Connection: 'X-Private', 'X-Private': 'x' })],
    steps: [{ has: { 'X-Private': null } }, { cache: hit, has: { 'X-Private': null } }],
  },
  { name: 'a miss that is stored says so', answers: [ok('max-age=60', 'one')], steps: [{ cache: stored }] },
];

export const cachingCases: readonly CachingCase[] = [
  ...storing,
  ...ages,
  ...validation,
  ...staleness,
  ...conditional,
  ...keys,
  ...invalidation,
  ...notInvalidating,
  ...targeted,
  ...fields,
];

import t from 'tap';
import { noIds } from '../../src/config/index.ts';
import { keysThatNeedRestart } from '../../src/control/configuration.ts';
import { explain, formatExplained, readConfiguration } from '../../src/control/index.ts';

const text = `
listeners: [{ address: 127.0.0.1:0 }]
origins:
  app: { servers: [{ url: http://127.0.0.1:9100 }, { url: http://app.example:81 }], host_header: server }
  files: { servers: [{ url: http://127.0.0.1:9200 }] }
zones:
  - { name: app, hosts: [app.test, "*.app.test"], origin: app }
  - { name: files, hosts: [files.test], origin: files, cache: { mode: cdn } }
  - { name: plain, hosts: [plain.test], origin: files, cache: { mode: "off" } }
`;

function configuration(source = text) {
  const read = readConfiguration('p.yaml', source, noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  return read.configuration;
}

const ask = (method: string, url: string, fields: [string, string][] = []) => {
  const phases = explain(configuration(), { method, url, fields, ip: '192.0.2.1' }, 1_800_000_000_000);
  return typeof phases === 'string' ? phases : formatExplained(phases);
};

t.test('a request is followed through its phases', async (t) => {
  t.equal(
    ask('GET', 'http://www.app.test:8080/a?b', [
      ['x-forwarded-host', 'other'],
      ['x-forwarded-scheme', 'https'],
      ['accept', '*/*'],
    ]),
    [
      'door    goes on',
      '        method: GET',
      '        ip: 192.0.2.1',
      'zone    app',
      '        host: www.app.test',
      '        hosts: app.test, *.app.test',
      'cache   looked up under the key; fetched and perhaps stored where there is nothing fresh',
      '        mode: standard',
      '        key: zone=app scheme=http host=www.app.test:8080 target=/a?b x-forwarded-host=other',
      'origin  app',
      '        balance: round_robin',
      '        server: url=http://127.0.0.1:9100 host=127.0.0.1:9100',
      '        server: url=http://app.example:81 host=app.example:81',
      '        target: /a?b',
      'store   not stored: RFC 9111 4.2: never fresh, and nothing to validate it by',
      '        response: 200; content-type: text/html',
      '',
    ].join('\n'),
  );
});

t.test('what ends it is told', async (t) => {
  t.match(ask('TRACE', 'http://app.test/'), /^door +answered with 405/);
  t.match(ask('GET', 'http://other.test/'), /zone +answered with 421/);
  t.match(ask('GET', 'nonsense'), /is not an absolute http or https URL$/);
  t.match(ask('GET', 'http://münchen.test/'), /URL: write its host in ASCII \(xn--/);
  t.match(ask('POST', 'http://app.test/'), /cache +not looked up: POST is not stored/);
  t.match(ask('GET', 'http://plain.test/'), /cache +not looked up: caching is off/);
  t.match(ask('GET', 'http://files.test/page.html'), /not looked up: the extension/);
  t.match(ask('GET', 'http://files.test/a.CSS'), /looked up under the key/);
  t.match(ask('GET', 'http://files.test/robots.txt'), /looked up under the key/);
});

t.test('keys that are read once are named when they change', async (t) => {
  const before = configuration().config;
  t.same(keysThatNeedRestart(before, configuration().config), []);
  const after = configuration(
    `${text}workers: 3\nuser: nobody\nstore: { bytesMax: 512MiB }\nlimits: { fieldsMax: 5 }\n`,
  ).config;
  t.same(keysThatNeedRestart(before, after), ['workers', 'user', 'store.bytesMax']);
  const overHttp = JSON.parse(JSON.stringify(before)) as typeof before;
  t.same(keysThatNeedRestart(overHttp, before), []);
});

const cached = `
listeners: [{ address: 127.0.0.1:0 }]
origins: { app: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones:
  - name: app
    hosts: [app.test]
    origin: app
    cache: { cache_key: { ignore_query_strings_order: true } }
    rules:
      http_request_cache_settings:
        - expression: "true"
          action: set_cache_settings
          action_parameters:
            cache_key: { custom_key: { user: { device_type: true }, cookie: { include: [plan] } } }
        - expression: starts_with(http.request.uri.path, "/api")
          action: set_cache_settings
          action_parameters: { cache: false }
        - expression: http.request.uri.path eq "/stale"
          action: set_cache_settings
          action_parameters: { serve_stale: { s_maxage_allows_stale: true } }
      http_response_cache_settings:
        - { expression: http.response.code eq 200, action: set_cache_settings, action_parameters: { strip_set_cookie: true } }
  - name: cdn
    hosts: [cdn.test]
    origin: app
    cache:
      mode: cdn
      edge_ttl: { mode: override_origin, default: 60, status_code_ttl: [{ status_code: 404, value: -1 }] }
      vary: { headers: { accept-language: { action: normalize } } }
  - { name: sliced, hosts: [sliced.test], origin: app, cache: { origin_range_requests: { mode: "on" } } }
`;

/** What is told of the cache and of the store. */
function told(url: string, fields: [string, string][], status: number, response: [string, string][]) {
  const request = { method: 'GET', url, fields, ip: '192.0.2.1', response: { status, fields: response } };
  const phases = explain(configuration(cached), request, 1_800_000_000_000);
  if (typeof phases === 'string') throw new Error(phases);
  const of = (name: string) => phases.find(({ phase }) => phase === name);
  return { cache: of('cache'), store: of('store') };
}

t.test('the key of settings and rules is told in parts', async (t) => {
  const { cache } = told('http://app.test/a?y&x', [['cookie', 'plan=a']], 200, []);
  t.same(cache?.detail['key'], {
    zone: 'app',
    scheme: 'http',
    host: 'app.test',
    target: '/a?x&y',
    'cookie plan': 'a',
    device: 'desktop',
  });
  t.match(told('http://app.test/api/x', [], 200, []).cache?.decision, 'a rule says cache: false');
});

t.test('why a response is stored or not, with the clause that decides', async (t) => {
  const store = (url: string, status: number, ...response: [string, string][]) =>
    told(url, [['accept-language', 'en-US,de;q=0.5']], status, response).store;
  const swr: [string, string] = ['cache-control', 's-maxage=60, stale-while-revalidate=9'];
  const strict = store('http://app.test/a', 200, swr, ['set-cookie', 'a=1'], ['vary', 'Accept-Language']);
  t.equal(strict?.decision, 'stored, fresh for 60 s');
  t.match(strict?.detail, {
    fresh: 'by s-maxage of Cache-Control (RFC 9111 4.2.1)',
    stale_while_revalidate: '0 s',
    stale: /s-maxage stands for proxy-revalidate \(RFC 9111 5\.2\.2\.10\)/,
    variant: { 'accept-language': 'en-us,de;q=0.5' },
  });
  const open = store('http://app.test/stale', 200, swr);
  t.equal(open?.detail['stale_while_revalidate'], '9 s');
  t.equal(open?.detail['stale'], undefined);
  t.match(store('http://app.test/a', 200, ['cache-control', 'private'])?.decision, /RFC 9111 5\.2\.2\.7/);
  t.match(
    store('http://app.test/a', 200, ['cdn-cache-control', 'no-store'])?.decision,
    /RFC 9111 5\.2\.2\.5/,
  );
  const overridden = store(
    'http://cdn.test/a.css',
    200,
    ['cache-control', 'private'],
    ['vary', 'accept-language'],
  );
  t.match(overridden, {
    decision: 'stored, fresh for 60 s',
    detail: { fresh: 'by edge_ttl', variant: { 'accept-language': 'en,de' } },
  });
  t.match(store('http://cdn.test/a.css', 404)?.decision, /status_code_ttl says -1/);
  t.match(store('http://cdn.test/a.css', 200, ['vary', 'cookie'])?.decision, /action is bypass/);
  t.match(store('http://app.test/a', 304, ['etag', '"a"'])?.decision, /^not stored: a 304/);
});

t.test('what becomes of a partial response: a part, a slice, or not what was asked for', (t) => {
  const answer = (first: number, last: number, ...more: [string, string][]): [string, string][] => [
    ['content-range', `bytes ${first}-${last}/9000000`],
    ['etag', '"a"'],
    ...(more.length > 0 ? more : [['cache-control', 'max-age=60'] as [string, string]]),
  ];
  const length = (bytes: number): [string, string] => ['content-length', `${bytes}`];
  const part = (...response: [string, string][]) =>
    told('http://app.test/v', [['range', 'bytes=100-199']], 206, response).store?.decision;
  t.equal(part(...answer(100, 199), length(100)), 'stored, fresh for 60 s');
  t.match(part(...answer(100, 199)), /^not stored: a 206 is stored where it is exact/);
  t.match(part(...answer(100, 199), length(99)), /^not stored: a 206 is stored where it is exact/);
  const slice = (...response: [string, string][]) =>
    told('http://sliced.test/v', [], 206, response).store?.decision;
  t.equal(slice(...answer(0, 1_048_575), length(1_048_576)), 'stored, fresh for 60 s');
  t.match(slice(...answer(0, 99), length(100)), /^not stored: it is not just what was asked for/);
  const refused = answer(0, 1_048_575, ['cache-control', 'no-store']);
  t.match(slice(...refused, length(1_048_576)), /^not stored: RFC 9111 5\.2\.2\.5/);
  t.end();
});

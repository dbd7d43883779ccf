/** What is told of cache settings: each fault with its place. */
import t from 'tap';
import { loadConfig } from '../../src/config/index.ts';

const head = `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones:
  - name: site
    hosts: ["*"]
    origin: site
    cache:
`;

/** Each fault: what is underlined, and what is said. */
function faultsOf(settings: string): string[] {
  const loaded = loadConfig('p.yaml', `${head}${settings}`);
  const faults = loaded.ok ? [] : loaded.faults;
  return faults.map(({ column, length, source, message, expected }) => {
    const underlined = source.slice(column - 1, column - 1 + length);
    return `${underlined}: ${message}${expected === undefined ? '' : ` (${expected})`}`;
  });
}

t.test('settings are taken, in the short form too', async (t) => {
  const loaded = loadConfig(
    'p.yaml',
    `${head}      cache_key: { custom_key: { query_string: { include: "*" } } }\n`,
  );
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  t.same(loaded.config.zones[0]!.cache.cache_key, {
    custom_key: { query_string: { include: { all: true } } },
  });
});

t.test('times', async (t) => {
  t.same(faultsOf('      edge_ttl: { mode: override_origin }\n'), [
    '{ mode: override_origin }: override_origin without a time (default: 3600, or status_code_ttl)',
  ]);
  t.same(faultsOf('      edge_ttl: { mode: bypass_by_default, default: 5 }\n'), [
    '5: bypass_by_default stores nothing by default (no default)',
  ]);
  t.same(
    faultsOf(
      '      edge_ttl: { status_code_ttl: [{ value: 1 }, { status_code: 200, status_code_range: { from: 1000 }, value: 1 }] }\n',
    ).length,
    1,
    'a fault of shape is told first',
  );
  t.same(
    faultsOf(
      '      edge_ttl: { status_code_ttl: [{ value: 1 }, { status_code_range: { from: 500, to: 400 }, value: 1 }] }\n',
    ),
    [
      '{ value: 1 }: no status is named (status_code or status_code_range)',
      '500: from (500) is above to (400)',
    ],
  );
  t.same(faultsOf('      browser_ttl: { mode: bypass, default: 5 }\n'), [
    '5: bypass says no-store, and no time (no default)',
  ]);
});

t.test('what cannot be part of a key says what can', async (t) => {
  const header = (text: string) =>
    faultsOf(`      cache_key: { custom_key: { header: { ${text} } } }\n`).join('\n');
  const raw = 'hardly two clients send the same (contains, check_presence, user.device_type or user.lang)';
  t.match(
    header('include: [User-Agent]'),
    `User-Agent: the values of "user-agent" cannot be part of a cache key: ${raw}`,
  );
  t.match(header('include: [accept-language]'), raw);
  t.match(header('include: [referer]'), raw);
  for (const name of [
    'connection',
    'content-length',
    'cache-control',
    'if-match',
    'range',
    'upgrade',
    'cf-ray',
  ])
    t.match(header(`check_presence: [${name}]`), `the field "${name}" cannot be part of a cache key`);
  t.match(header('include: [cookie]'), 'a cookie by its name: cookie.include');
  t.match(header('contains: { host: [a] }'), 'host: the field "host" cannot');
  t.match(header('contains: { user-agent: [a, b, c, d] }'), '4 texts (at most 3)');
  t.match(header('include: ["a b"]'), 'cannot be the name of a field');
  t.equal(header('check_presence: [accept], contains: { user-agent: [Mobile] }'), '');
});

t.test('arguments of the query', async (t) => {
  const query = (text: string) =>
    faultsOf(`      cache_key: { custom_key: { query_string: { ${text} } } }\n`).join('\n');
  t.match(query('include: "*", exclude: { list: [a] }'), 'arguments to include and to exclude');
  t.match(query('include: { list: [] }'), 'no argument is named');
  t.match(query('include: { all: true, list: [a] }'), 'all, and a list');
  const names = Array.from({ length: 101 }, (_, index) => `a${index}`).join(', ');
  t.match(query(`exclude: { list: [${names}] }`), '101 names (at most 100)');
});

t.test('vary is of mode cdn, and knows what has a normal form', async (t) => {
  const vary = (text: string, mode = 'cdn') =>
    faultsOf(`      mode: ${mode}\n      vary: { ${text} }\n`).join('\n');
  t.match(vary('headers: {}', 'standard'), 'vary: vary is of mode cdn');
  t.match(vary('headers: { cookie: { action: normalize } }'), 'there is no normal form of cookie');
  t.match(
    vary('headers: { accept: { action: normalize, languages: [de] } }'),
    'languages: languages belongs to accept-language',
  );
  const types = Array.from({ length: 11 }, (_, index) => `a/b${index}`).join(', ');
  t.match(
    vary(`headers: { accept: { action: normalize, media_types: [${types}] } }`),
    '11 entries (at most 10)',
  );
});

t.test('what is not there yet is named', async (t) => {
  t.match(faultsOf('      cache_reserve: {}\n').join(), '"cache_reserve" is not available yet');
});

t.test('patterns of compression dictionaries', async (t) => {
  const faults = (pattern: string) =>
    faultsOf(`      shared_dictionary: { match_pattern: ${JSON.stringify(pattern)} }\n`).join('\n');
  for (const pattern of ['/app/*.js', '/app/:version/main.js', '*', 'app-*.js', '/a{-b}?.js', '/x?v=*'])
    t.equal(faults(pattern), '', pattern);
  t.match(faults('/app/([0-9]+).js'), 'a regular expression: no client would use the dictionary');
  t.match(faults('https://other.test/*'), 'names an origin: a dictionary is for URLs of its own alone');
  t.match(faults('http://dictionary.invalid/*'), 'names an origin');
  t.match(faults('/app/('), '"/app/(" is no URL pattern (a URL pattern such as /app/*.js)');
  t.match(faults('/\u00e9/*'), 'characters that no field can carry (ASCII; others percent-encoded)');
  t.match(faults('/a\nb'), 'characters that no field can carry');
  t.match(faults(`/${'a'.repeat(1024)}`), '1025 characters (at most 1024)');
  t.match(faultsOf('      shared_dictionary: {}\n').join(), 'missing key "match_pattern"');
  t.match(
    faultsOf(
      '      mode: cdn\n      vary: { headers: { Available-Dictionary: { action: normalize } } }\n',
    ).join(),
    'there is no normal form of available-dictionary (passthrough or bypass)',
  );
});

/** What an operator is told of a config that cannot be used: the whole text, for every kind of fault. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatDiagnostics, loadConfig } from '../../src/config/index.ts';

const origins = 'origins:\n  site: { servers: [{ url: "http://127.0.0.1:9100" }] }\n';
const zones = 'zones:\n  - name: site\n    hosts: ["*"]\n    origin: site\n';
const listeners = 'listeners:\n  - address: 127.0.0.1:8080\n';
const good = listeners + origins + zones;

/** The keys that a config may have, in the order of the schema. */
const schema = readFileSync(join(import.meta.dirname, '../../config/schema.json'), 'utf8');
const topKeys = Object.keys((JSON.parse(schema) as { properties: object }).properties);

function faultsOf(text: string): string {
  const loaded = loadConfig('site.yaml', text);
  return loaded.ok ? 'no fault' : formatDiagnostics(loaded.faults);
}

t.test('the smallest config has no fault', async (t) => {
  t.equal(faultsOf(good), 'no fault');
});

t.test('an unknown key is told with its place, the known keys and the likely one', async (t) => {
  t.equal(
    faultsOf(`${good}arena:\n  bytsMax: 64MiB\n`),
    [
      'site.yaml:10:3: error: unknown key "bytsMax" in arena',
      '   10 |   bytsMax: 64MiB',
      '      |   ^^^^^^^',
      '      = expected: bytesMax',
      '      = did you mean "bytesMax"?',
      '1 error',
      '',
    ].join('\n'),
  );
});

t.test('every fault of a file is told at once, in the order of the file', async (t) => {
  const text = [
    'listners: []',
    'listeners:',
    '  - address: localhost:8080',
    '    backlog: 128',
    'origins:',
    '  site: { servers: [{ url: "ftp://example.com", max_conections: 5 }] }',
    'zones:',
    '  - name: site',
    '    host: [example.com]',
    '    origin: sit',
    '    cache: { mode: standrd }',
    '    rules: { http_ratelimit: [] }',
    'timeouts: { headMs: 10s, bodyMs: -1 }',
    'limits: { bodyBytesMax: 5 MB }',
    'workers: 0',
    'engine: uws',
    '',
  ].join('\n');
  t.equal(
    faultsOf(text),
    [
      'site.yaml:1:1: error: unknown key "listners"',
      '    1 | listners: []',
      '      | ^^^^^^^^',
      `      = expected: one of ${topKeys.join(', ')}`,
      '      = did you mean "listeners"?',
      'site.yaml:3:14: error: "localhost:8080" is not an IP address with a port',
      '    3 |   - address: localhost:8080',
      '      |              ^^^^^^^^^^^^^^',
      '      = expected: an address such as 127.0.0.1:8080 or [::]:8080',
      '      = did you mean "127.0.0.1:8080"?',
      'site.yaml:6:28: error: "ftp://example.com" has the scheme "ftp"',
      '    6 |   site: { servers: [{ url: "ftp://example.com", max_conections: 5 }] }',
      '      |                            ^^^^^^^^^^^^^^^^^^^',
      '      = expected: a URL such as http://127.0.0.1:9100',
      'site.yaml:6:49: error: unknown key "max_conections" in origins.site.servers[0]',
      '    6 |   site: { servers: [{ url: "ftp://example.com", max_conections: 5 }] }',
      '      |                                                 ^^^^^^^^^^^^^^',
      '      = expected: one of url, max_connections',
      '      = did you mean "max_connections"?',
      'site.yaml:8:5: error: missing key "hosts" in zones[0]',
      '    8 |   - name: site',
      '      |     ^^^^',
      '      = expected: hosts: a list',
      'site.yaml:9:5: error: unknown key "host" in zones[0]',
      '    9 |     host: [example.com]',
      '      |     ^^^^',
      '      = expected: one of name, hosts, origin, cache, error_pages, rules',
      '      = did you mean "hosts"?',
      'site.yaml:11:20: error: zones[0].cache.mode cannot be "standrd"',
      '   11 |     cache: { mode: standrd }',
      '      |                    ^^^^^^^',
      '      = expected: one of off, standard, cdn',
      '      = did you mean "standard"?',
      'site.yaml:12:14: error: "http_ratelimit" is not available yet in this version (zones[0].rules.http_ratelimit)',
      '   12 |     rules: { http_ratelimit: [] }',
      '      |              ^^^^^^^^^^^^^^',
      'site.yaml:13:21: error: timeouts.headMs cannot be "10s"',
      '   13 | timeouts: { headMs: 10s, bodyMs: -1 }',
      '      |                     ^^^',
      '      = expected: a whole number of milliseconds, at least 1',
      'site.yaml:13:34: error: timeouts.bodyMs cannot be -1',
      '   13 | timeouts: { headMs: 10s, bodyMs: -1 }',
      '      |                                  ^^',
      '      = expected: a whole number of milliseconds, at least 1, at most 2147483647',
      'site.yaml:14:25: error: limits.bodyBytesMax cannot be "5 MB"',
      '   14 | limits: { bodyBytesMax: 5 MB }',
      '      |                         ^^^^',
      '      = expected: bytes as a whole number, or with a unit (B, KiB, MiB, GiB or TiB) such as 64MiB',
      'site.yaml:15:10: error: workers cannot be 0',
      '   15 | workers: 0',
      '      |          ^',
      '      = expected: a whole number, at least 1, at most 128',
      'site.yaml:16:9: error: engine: uws is not available yet in this version',
      '   16 | engine: uws',
      '      |         ^^^',
      '      = expected: auto or native',
      '13 errors',
      '',
    ].join('\n'),
  );
});

const cases: [title: string, text: string, expected: RegExp][] = [
  [
    'an origin that does not exist',
    good.replace('origin: site', 'origin: stie'),
    /7:13|8:13: error: unknown origin "stie"[^]*did you mean "site"/,
  ],
  [
    'a host that two zones have',
    `${good}  - { name: b, hosts: ["*"], origin: site }\n`,
    /9:24: error: the host "\*" is taken by zone "site"/,
  ],
  [
    'a zone name that is taken',
    `${good}  - { name: site, hosts: [a.b], origin: site }\n`,
    /9:13: error: the zone name "site" is taken by zones\[0\]/,
  ],
  [
    'listeners that overlap',
    good.replace(listeners, `${listeners}  - address: 0.0.0.0:8080\n`),
    /3:14: error: 0\.0\.0\.0:8080 overlaps with 127\.0\.0\.1:8080 of listeners\[0\]/,
  ],
  [
    'the same IPv6 address in two spellings',
    good.replace(listeners, 'listeners: [{address: "[::1]:80"}, {address: "[0:0::1]:80"}]\n'),
    /overlaps with \[::1\]:80/,
  ],
  [
    'a listener that is the admin address',
    `${good}admin: { address: "127.0.0.1:8080" }\n`,
    /9:19: error: 127\.0\.0\.1:8080 overlaps with 127\.0\.0\.1:8080 of listeners\[0\]/,
  ],
  [
    'an origin that is the admin API',
    `${good}admin: { address: "127.0.0.1:9100" }\n`,
    /4:28: error: "http:\/\/127\.0\.0\.1:9100" is the address of the admin API/,
  ],
  [
    'an origin that is the admin API by name',
    `${good.replace('127.0.0.1:9100', 'localhost:9100')}admin: { address: "127.0.0.1:9100" }\n`,
    /is the address of the admin API/,
  ],
  [
    'an admin API on a public address',
    `${good}admin: { address: "0.0.0.0:9901" }\n`,
    /the admin API cannot listen on 0\.0\.0\.0:9901/,
  ],
  [
    'a host in capitals with a port',
    good.replace('"*"', '"HTTP://Example.com:80/"'),
    /did you mean "example\.com"\?/,
  ],
  [
    'a prefix that is none',
    `${good}trusted_proxies: [10.0.0.0/33]\n`,
    /"10\.0\.0\.0\/33" is neither an address nor a prefix/,
  ],
  ['an origin URL with a path', good.replace(':9100"', ':9100/app"'), /carries a path/],
  [
    'a target longer than a head',
    `${good}limits: { targetBytesMax: 64KiB }\n`,
    /9:27: error: limits\.targetBytesMax \(65536\) is above limits\.headBytesMax \(32768\): a head contains its target/,
  ],
  ['a key that stands twice', `${good}workers: 1\nworkers: 2\n`, /10:1: error: this key stands twice/],
  ['text that is not YAML', 'a: [1\nb: "x', /error: not YAML: /],
  ['a second document', `${good}---\na: 1\n`, /a second document/],
  ['an empty file', '', /1:1: error: the config is empty/],
  ['a list in place of the config', '- a\n', /1:3: error: the config cannot be a list/],
  [
    'a value in place of a section',
    `${good}limits: 5\n`,
    /9:9: error: limits cannot be 5[^]*expected: a mapping/,
  ],
  [
    'no listener',
    good.replace(listeners, 'listeners: []\n'),
    /1:12: error: listeners cannot be an empty list[^]*at least 1 entry/,
  ],
];
for (const [title, text, expected] of cases) {
  t.test(`${title} is a fault with its place`, async (t) => {
    t.match(faultsOf(text), expected);
  });
}

t.test('faults of shape do not hide faults of meaning in other sections', async (t) => {
  const text = `${good.replace('origin: site', 'origin: nowhere')}workers: none\n`;
  t.match(faultsOf(text), /unknown origin "nowhere"[^]*workers cannot be "none"/);
});

t.test('a section whose keys are all commented out has its defaults', async (t) => {
  t.equal(faultsOf(`${good}limits:\n  # bodyBytesMax: 1GiB\nstore:\n`), 'no fault');
});

t.test('aliases keep the place of what they stand for, and too many are refused', async (t) => {
  const text = `${good}limits: &l { fieldsMax: none }\nstore: *l\n`;
  t.match(
    faultsOf(text),
    /9:14: error: unknown key "fieldsMax" in store[^]*9:25: error: limits\.fieldsMax cannot be "none"/,
  );
});

t.test('a long line is cut', async (t) => {
  const text = faultsOf(`${good}workers: ${'9'.repeat(500)}\n`);
  t.ok(text.split('\n').every((line) => line.length <= 260));
});

/** The hundred rules of the benchmark: of the kinds that were promised, none idle, none that matches. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { hundredRules, measure } from '../../bench/micro/rules.ts';
import { loadConfig } from '../../src/config/index.ts';
import { compileSet, requestScheme } from '../../src/rules/compile/index.ts';
import { Bench, type Sent } from '../rules/support.ts';

const { texts, lists } = hundredRules();

/** Requests of the benchmark, and one like a browser's. */
const requests: readonly Sent[] = [
  { target: '/hit-1k', host: '127.0.0.1:8080', ip: '127.0.0.1', fields: [] },
  { target: '/proxied-1k', host: '127.0.0.1', ip: '127.0.0.1', fields: [['user-agent', 'wrk/4.1.0']] },
  {
    target: '/shop/list?page=2&sort=price',
    host: 'www.bench.test',
    ip: '198.51.100.200',
    fields: [
      ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36'],
      ['referer', 'https://www.bench.test/'],
      ['cookie', 'session=abc; theme=dark'],
      ['accept-language', 'en-GB,en;q=0.9'],
    ],
  },
];

t.test('40 texts in path or query, 20 in the user agent, and ten of each other kind', async (t) => {
  const kinds: [name: string, pattern: RegExp, count: number][] = [
    ['path or query', /^http\.request\.uri\.(path|query) contains /, 40],
    ['user agent', /^http\.user_agent contains /, 20],
    ['matches', / matches /, 10],
    ['lists', / in \$/, 10],
    ['addresses', /^ip\.src in \{/, 10],
  ];
  let rest = 100;
  for (const [name, pattern, count] of kinds) {
    t.equal(texts.filter((text) => pattern.test(text)).length, count, name);
    rest -= count;
  }
  const fields = texts.filter((text) => !kinds.some(([, pattern]) => pattern.test(text)));
  t.equal(fields.length, rest);
  t.ok(fields.every((text) => /headers\[|cookie/.test(text)));
  t.equal(new Set(texts).size, 100, 'all different');
});

t.test('none is decided before a request comes', async (t) => {
  for (const text of texts) {
    const { program } = compileSet({ scheme: requestScheme, lists, expressions: [{ text, want: 'Bool' }] });
    t.ok((program?.slots.length ?? 0) > 0, text);
  }
});

t.test('each is evaluated, or proved unmatched', async (t) => {
  const bench = new Bench();
  const matcher = bench.load(texts, lists);
  for (const sent of requests) {
    bench.send(sent);
    const counts = { evaluated: 0, proved: 0 };
    matcher.counts = counts;
    t.equal(matcher.next(0), -1, sent.target ?? '');
    t.equal(counts.evaluated + counts.proved, 100);
    t.same(
      texts.filter((_, index) => matcher.test(index)),
      [],
    );
  }
  t.equal(measure(hundredRules(), 1).counts.proved > 0, true);
});

t.test('the file is a part of a config', async (t) => {
  const file = parse(readFileSync(new URL('../../bench/rules-100.yaml', import.meta.url), 'utf8')) as object;
  const rest = {
    listeners: [{ address: '127.0.0.1:0' }],
    origins: { site: { servers: [{ url: 'http://127.0.0.1:9100' }] } },
    zones: [{ name: 'site', hosts: ['*'], origin: 'site' }],
  };
  const loaded = loadConfig('p.yaml', JSON.stringify({ ...rest, ...file }));
  t.equal(loaded.ok && loaded.rules.shared?.rules.length, 100);
  t.same(loaded.ok && loaded.warnings, []);
});

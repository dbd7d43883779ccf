/**
 * What rules cost per request where none of them matches: the hundred of `bench/rules-100.yaml`, sets of 10 to 10 000 that
 * look alike, and single patterns. No sockets; each case checks its own answer first. `node bench/micro/rules.ts [seconds]`
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { NamedList } from '../../src/rules/compile/index.ts';
import type { MatchCounts } from '../../src/rules/run/index.ts';
import { Bench, type Sent } from '../../test/rules/support.ts';

const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';
const sent: Sent = {
  target: '/assets/app/main.3f2a1b.js?v=12345&lang=en',
  host: 'www.bench.test',
  ip: '203.0.113.77',
  fields: [
    ['user-agent', browser],
    ['accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
    ['accept-encoding', 'gzip, deflate, br'],
    ['accept-language', 'en-GB,en;q=0.9'],
    ['cookie', 'session=0123456789abcdef; theme=dark'],
    ['referer', 'https://www.bench.test/start'],
  ],
};

export interface RuleSet {
  readonly name: string;
  readonly texts: readonly string[];
  readonly lists: ReadonlyMap<string, NamedList>;
}

const kinds = { string: 'Bytes', integer: 'Int', ip: 'Ip' } as const;

interface RulesFile {
  readonly lists: Record<string, { kind: keyof typeof kinds; items: (string | number)[] }>;
  readonly rules: Record<string, { expression: string }[]>;
}

/** The rules that the benchmark against nginx runs with. */
export function hundredRules(): RuleSet {
  const file = parse(readFileSync(new URL('../rules-100.yaml', import.meta.url), 'utf8')) as RulesFile;
  const lists = Object.entries(file.lists).map(([name, { kind, items }]): [string, NamedList] => [
    name,
    { kind: kinds[kind], items: items.map(String) },
  ]);
  const texts = Object.values(file.rules).flatMap((rules) => rules.map(({ expression }) => expression));
  return { name: 'rules-100.yaml', texts, lists: new Map(lists) };
}

/** Literals, prefixes and sets in the proportions of the hundred, all different. */
export function manyRules(count: number): RuleSet {
  const text = (n: number): string => ((n * 2_654_435_761) % 2 ** 32).toString(36).padStart(7, '0');
  const rows: ((n: number) => string)[] = [
    (n) => `http.request.uri.path contains "/${text(n)}.php"`,
    (n) => `http.request.uri.query contains "${text(n)}="`,
    (n) => `http.user_agent contains "bot-${text(n)}"`,
    (n) => `starts_with(http.request.uri.path, "/old/${text(n)}")`,
    (n) => `http.request.uri.path in {"/${text(n)}" "/${text(n + 1)}/a" "/${text(n + 2)}/b"}`,
    (n) => `ip.src in {10.${(n >> 8) & 255}.${n & 255}.0/24 172.16.${n & 255}.${(n >> 8) & 255}}`,
    (n) => `http.host == "${text(n)}.example" and http.request.uri.path contains "/admin"`,
    (n) => `http.cookie contains "id=${text(n)}"`,
    (n) => `any(http.request.headers["x-key"][*] == "${text(n)}")`,
    (n) => `http.request.uri.path wildcard "/${text(n)}/*.html"`,
  ];
  const texts = Array.from({ length: count }, (_, index) => rows[index % rows.length]!(index));
  return { name: `${count} rules`, texts, lists: new Map() };
}

export interface Cost {
  readonly ns: number;
  /** Of one request. */
  readonly counts: MatchCounts;
}

/** Processor time, so that a busy machine does not count. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function best(milliseconds: number, once: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const start = cpuMs();
    let turns = 0;
    let elapsed = 0;
    while (elapsed < milliseconds) {
      for (let turn = 0; turn < 1000; turn += 1) once();
      turns += 1000;
      elapsed = cpuMs() - start;
    }
    least = Math.min(least, (elapsed * 1e6) / turns);
  }
  return least;
}

/** Nanoseconds for one request, from taking it up to the answer that no rule matches. */
export function measure(set: RuleSet, milliseconds: number): Cost {
  const bench = new Bench();
  const matcher = bench.load(set.texts, set.lists);
  bench.send(sent);
  const counts = { evaluated: 0, proved: 0 };
  matcher.counts = counts;
  const found = matcher.next(0);
  matcher.counts = null;
  const isTrue = set.texts.findIndex((_, index) => matcher.test(index));
  if (found !== -1 || isTrue !== -1) throw new Error(`${set.texts[Math.max(found, isTrue)]} matches`);
  let matches = 0;
  const ns = best(milliseconds, () => {
    bench.again();
    if (matcher.next(0) >= 0) matches += 1;
  });
  if (matches > 0) throw new Error(`${set.name} matched`);
  return { ns, counts };
}

const patterns: readonly (readonly [name: string, pattern: string])[] = [
  ['literal, then class', '/etc/(passwd|shadow)'],
  ['case folded', '(?i)union\\s+select'],
  ['anchored', '^/api/v[0-9]+/users$'],
  ['alternatives at the end', '\\.(php|asp|jsp)$'],
  ['nothing literal', '^/[0-9]{8}$'],
];

/** Nanoseconds for a call of a pattern that does not match a path of 26 bytes. */
export function measurePattern(pattern: string, milliseconds: number): number {
  const bench = new Bench();
  const matcher = bench.load([`http.request.uri.path matches r#"${pattern}"#`]);
  bench.send(sent);
  if (matcher.test(0)) throw new Error(`${pattern} matches`);
  return best(milliseconds, () => {
    matcher.test(0);
  });
}

function main(): void {
  const milliseconds = Number(process.argv[2] ?? 0.2) * 1000;
  for (const set of [hundredRules(), ...[10, 100, 1000, 10_000].map(manyRules)]) {
    const { ns, counts } = measure(set, milliseconds);
    const shares = `${counts.evaluated} evaluated, ${counts.proved} proved unmatched`;
    console.log(`${set.name.padEnd(24)} ${ns.toFixed(0).padStart(6)} ns per request   ${shares}`);
  }
  for (const [name, pattern] of patterns) {
    const ns = measurePattern(pattern, milliseconds);
    console.log(`matches: ${name.padEnd(24)} ${ns.toFixed(0).padStart(6)} ns per call`);
  }
}

if (import.meta.main) main();

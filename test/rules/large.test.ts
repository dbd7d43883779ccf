/** Sets that are large, shared by many rules, or lie in each other: tables stay small, and answers right. */
import t from 'tap';
import type { NamedList } from '../../src/rules/compile/index.ts';
import { Bench, compile, walk } from './support.ts';

type Program = NonNullable<ReturnType<typeof compile>['program']>;

function tableWords({ prefilter }: Program): number {
  const address = prefilter.addresses.reduce(
    (sum, { four, six, owners }) => sum + four.length + six.length + owners.length,
    0,
  );
  return prefilter.sources.reduce((sum, one) => sum + one.exactOwners.length + one.owners.length, address);
}

t.test('a large list in many rules is looked up once, and not in the tables of each', async (t) => {
  const addresses = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/25`);
  const hosts = Array.from({ length: 20_000 }, (_, index) => `host-${index}.example`);
  const lists = new Map<string, NamedList>([
    ['addresses', { kind: 'Ip', items: addresses }],
    ['hosts', { kind: 'Bytes', items: hosts }],
  ]);
  const texts = Array.from({ length: 200 }, (_, index) => [
    `ip.src in $addresses and len(http.request.uri.path) == ${index}`,
    `http.host in $hosts and len(http.request.uri.path) == ${index}`,
  ]).flat();
  const { program } = compile(texts, lists);
  t.ok(tableWords(program!) < 100_000, `${tableWords(program!)} words`);
  const bench = new Bench();
  const matcher = bench.load(texts, lists);
  bench.send({ ip: '10.2.3.4', host: 'host-19999.example', target: '/12345' });
  t.strictSame(walk(matcher), [12, 13]);
  bench.send({ ip: '10.2.3.128', host: 'host-20000.example', target: '/12345' });
  t.strictSame(walk(matcher), []);
});

t.test('ranges that lie in each other', async (t) => {
  const texts = Array.from(
    { length: 2000 },
    (_, index) => `ip.src in {1.0.0.0..2.${index >> 8}.${index & 255}.0}`,
  );
  const { program } = compile(texts);
  t.ok(tableWords(program!) < 2_000_000, `${tableWords(program!)} words`);
  const bench = new Bench();
  const matcher = bench.load(texts);
  bench.send({ ip: '2.7.0.1' });
  t.equal(matcher.next(0), 7 * 256 + 1);
  bench.send({ ip: '2.255.0.0' });
  t.equal(matcher.next(0), -1);
});

t.test('a field that only whole values are compared with has no tables for parts of it', async (t) => {
  const texts = Array.from({ length: 100 }, (_, index) => `http.request.headers["x-${index}"][0] == "on"`);
  const { program } = compile(texts);
  const bytes = program!.prefilter.sources.reduce(
    (sum, one) => sum + one.windowFilter.byteLength + one.tinyPairs.byteLength + one.tinyStarts.byteLength,
    0,
  );
  t.ok(bytes < 100 * 64, `${bytes} bytes`);
  const bench = new Bench();
  const matcher = bench.load(texts);
  bench.send({
    fields: [
      ['x-5', 'on'],
      ['x-6', 'off'],
      ['x-99', 'on'],
    ],
  });
  t.strictSame(walk(matcher), [5, 99]);
});

t.test('patterns that would not fit into a worker are refused, at the first that is too much', async (t) => {
  const pattern = (index: number): string => `http.host matches "x${index}[a-z]{900}y+[0-9]{900}"`;
  const texts = Array.from({ length: 80 }, (_, index) => pattern(index));
  const { findings, program } = compile(texts);
  t.equal(program, undefined);
  t.equal(findings.length, 1);
  const { index, from, to, message } = findings[0]!;
  t.match(message, /too large together/);
  t.strictSame([from, to], [0, pattern(index).length]);
  t.equal(compile(texts.slice(0, index)).findings.length, 0);
  // The same pattern is there once, however often it is written.
  t.equal(compile(Array.from({ length: 200 }, () => pattern(1))).findings.length, 0);
});

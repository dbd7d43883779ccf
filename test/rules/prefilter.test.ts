/** The shared prefilter: what it spares, that it spares nothing wrongly, and the sets of addresses. */
import * as fc from 'fast-check';
import t from 'tap';
import { hundredRules, manyRules, measure, measurePattern } from '../../bench/micro/rules.ts';
import { formatIp } from '../../src/lib/ip.ts';
import { checkList } from '../../src/rules/compile/index.ts';
import { loadInSlices, RequestReader, warm } from '../../src/rules/run/index.ts';
import { ipOf } from './interpreter.ts';
import { Bench, compile, isTrue, walk } from './support.ts';

t.test('the benchmark checks its own answer: each rule is evaluated, or proved unmatched', async (t) => {
  for (const set of [hundredRules(), manyRules(100), manyRules(1000)]) {
    const { ns, counts } = measure(set, 0.1);
    t.ok(ns > 0);
    t.equal(counts.evaluated + counts.proved, set.texts.length, set.name);
    t.ok(counts.evaluated <= 2, `${set.name}: ${counts.evaluated} evaluated`);
  }
  t.ok(measurePattern('^/[0-9]{8}$', 0.1) > 0);
});

t.test('what cannot be proved is evaluated, and counted', async (t) => {
  const bench = new Bench();
  const matcher = bench.load([
    'ssl',
    'not http.host == "a"',
    'http.host == "b"',
    'http.request.uri.path contains "long"',
  ]);
  const counts = { evaluated: 0, proved: 0 };
  matcher.counts = counts;
  bench.send({ host: 'a', target: '/x' });
  t.strictSame(walk(matcher), []);
  t.strictSame(counts, { evaluated: 2, proved: 2 });
  bench.send({ host: 'a', target: '/a-long-one', isTls: true });
  counts.evaluated = 0;
  counts.proved = 0;
  t.strictSame(walk(matcher), [0, 3]);
  t.strictSame(counts, { evaluated: 3, proved: 1 });
  t.equal(matcher.next(1, 3), -1);
});

t.test('a literal is found wherever it stands, whatever its length', async () => {
  const filler = fc.string({ unit: fc.constantFrom('a', 'B', '/', '.', '-'), maxLength: 12 });
  const literal = fc.string({ unit: fc.constantFrom('a', 'b', 'x', 'Y', '.'), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(literal, { minLength: 1, maxLength: 12 }),
      fc.nat(),
      filler,
      filler,
      (literals, pick, before, after) => {
        const path = `/${before}${literals[pick % literals.length]!}${after}`;
        const bench = new Bench();
        const matcher = bench.load(
          literals.flatMap((text) => [
            `http.request.uri.path contains "${text}"`,
            `ends_with(http.request.uri.path, "${text}")`,
            `starts_with(http.request.uri.path, "/${text}")`,
            `http.request.uri.path in {"/${text}" "/none"}`,
          ]),
        );
        bench.send({ host: 'a', target: path });
        const expected = literals.flatMap((text) => [
          path.includes(text),
          path.endsWith(text),
          path.startsWith(`/${text}`),
          path === `/${text}`,
        ]);
        return String(walk(matcher)) === String(expected.flatMap((is, index) => (is ? [index] : [])));
      },
    ),
    { numRuns: 150, seed: 1 },
  );
});

const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
const near = fc.tuple(octets, fc.integer({ min: 0, max: 32 }), fc.boolean());

t.test('addresses and networks, at their borders', async () => {
  fc.assert(
    fc.property(
      fc.array(near, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: -1, max: 1 }),
      fc.boolean(),
      (given, step, atEnd) => {
        const ranges = given.map(([parts, prefix, isSix]) => networkOf(parts, prefix, isSix));
        const { first, last, isSix } = ranges[0]!;
        const most = isSix ? 2n ** 128n - 1n : 2n ** 32n - 1n;
        const wanted = (atEnd ? last : first) + BigInt(step);
        const number = wanted < 0n ? 0n : wanted > most ? most : wanted;
        const bench = new Bench();
        const matcher = bench.load([
          ...ranges.map(({ text }) => `ip.src in {${text}}`),
          `ip.src in {${ranges.map(({ text }) => text).join(' ')}}`,
        ]);
        bench.send({ ip: addressOf(number, isSix) });
        const hits = ranges.flatMap((range, index) =>
          range.isSix === isSix && number >= range.first && number <= range.last ? [index] : [],
        );
        const expected = hits.length > 0 ? [...hits, ranges.length] : [];
        return String(walk(matcher)) === String(expected);
      },
    ),
    { numRuns: 150, seed: 1 },
  );
});

function networkOf(
  parts: number[],
  prefix: number,
  isSix: boolean,
): { text: string; first: bigint; last: bigint; isSix: boolean } {
  const base = parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  // 2001:db8::/96 holds the v6 networks.
  const whole = isSix ? ipOf('2001:db8::').number | base : base;
  const size = 2n ** BigInt(32 - prefix);
  const first = whole - (whole % size);
  return {
    text: `${addressOf(first, isSix)}/${isSix ? prefix + 96 : prefix}`,
    first,
    last: first + size - 1n,
    isSix,
  };
}

function addressOf(number: bigint, isSix: boolean): string {
  const bytes = new Uint8Array(16);
  const whole = isSix ? number : number | (0xffffn << 32n);
  for (let index = 0; index < 16; index += 1)
    bytes[index] = Number((whole >> BigInt(120 - index * 8)) & 0xffn);
  return formatIp(bytes);
}

t.test('named lists: of the right type, and what is wrong in them', async (t) => {
  t.strictSame(checkList({ kind: 'Ip', items: ['10.0.0.0/8', '10.0.0.1/8', 'x'] }), [
    { item: 1, message: '"10.0.0.1/8" has bits set behind its prefix', hint: 'the network is 10.0.0.0/8' },
    { item: 2, message: '"x" is no address' },
  ]);
  t.strictSame(checkList({ kind: 'Int', items: ['1', '5..9', 'a'] }), [
    { item: 2, message: 'expected an integer, found "a"' },
  ]);
  t.strictSame(checkList({ kind: 'Bytes', items: ['anything', ''] }), []);
  const lists = new Map([['l', { kind: 'Bytes' as const, items: ['é', '/x'] }]]);
  t.ok(isTrue('http.request.uri.path in $l', { target: '/x' }, lists));
  t.ok(isTrue('not http.request.uri.path in $l', { target: '/y' }, lists));
});

t.test(
  'a program is loaded and warmed in slices, and reads the next request as if nothing had been',
  async (t) => {
    const set = manyRules(2000);
    const { program } = compile(set.texts);
    const reader = new RequestReader([]);
    const steps = loadInSlices(program!, reader);
    let slices = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) slices += 1;
    t.ok(slices >= 3, `${slices} slices`);
    let warmed = 0;
    for (const _ of warm([step.value], reader)) warmed += 1;
    t.ok(warmed > 20, `${warmed} slices`);
    const bench = new Bench();
    const matcher = bench.load(set.texts);
    for (const _ of warm([matcher], bench.reader)) bench.send({ target: '/' });
    bench.send({ host: 'a', target: `/x${/"(.*)"/.exec(set.texts[0]!)![1]!}` });
    t.strictSame(walk(matcher), [0]);
  },
);

t.test('patterns stay linear over 16 KiB, whatever they are given', async (t) => {
  const hostile = [
    '(?:a+)+$',
    '(?:a|aa)+b',
    '(?:.*a){12}x',
    '(?:a?){60}a{60}b',
    '(?:[ab]*a)[ab]{12}c',
    '(?:x+x+)+y',
  ];
  for (const pattern of hostile) {
    const bench = new Bench();
    const matcher = bench.load([`http.request.uri.path matches "${pattern}"`]);
    const time = (length: number): number => {
      bench.send({
        host: 'a',
        target: `/cby${'ab'.repeat(length / 8)}${'a'.repeat(length / 2)}${'x'.repeat(length / 4)}`,
      });
      const start = performance.now();
      matcher.test(0);
      return performance.now() - start;
    };
    time(1024);
    // By steps, a quadratic pattern would take a second and more; a backtracking one would not come back.
    t.ok(time(16_384) < 1000, pattern);
  }
});

t.test('a cookie is found however its name and its value are written', async (t) => {
  const bench = new Bench();
  const matcher = bench.load([
    'http.request.cookies["debug"][0] == "on"',
    'any(http.request.cookies["debug"][*] == "on")',
    'http.request.cookies[""][0] == "on"',
  ]);
  const rows: [string, number[]][] = [
    ['debug=on', [0, 1]],
    ['a=b;debug=on ;c=d', [0, 1]],
    ['a=b; d%65bug=on', [0, 1]],
    ['debug =on', [0, 1]],
    ['debug= on', [0, 1]],
    ['debug=\ton', [0, 1]],
    ['debug=off; debug=on', [1]],
    ['on', [2]],
    ['debug=once', []],
    ['DEBUG=ON', []],
  ];
  for (const [cookie, expected] of rows) {
    bench.send({ fields: [['cookie', cookie]] });
    t.strictSame(walk(matcher), expected, cookie);
  }
});

import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import t from 'tap';
import { RangeReader, rangeKind } from '../../src/cache/range.ts';

const reader = new RangeReader();

function read(text: string, size: number): [number, number, number] | [number] {
  const bytes = new Uint8Array(Buffer.from(`..${text}..`));
  const { kind, first, last } = reader.read(bytes, 2, text.length, size);
  return kind === rangeKind.part ? [kind, first, last] : [kind];
}

const { whole, part, unsatisfiable } = rangeKind;

t.test('one range', async (t) => {
  const rows: [string, number, [number, number, number] | [number]][] = [
    ['bytes=0-1', 10, [part, 0, 1]],
    ['Bytes= 0-1 ', 10, [part, 0, 1]],
    ['bytes=1-', 10, [part, 1, 9]],
    ['bytes=5-100', 10, [part, 5, 9]],
    ['bytes=-3', 10, [part, 7, 9]],
    ['bytes=-30', 10, [part, 0, 9]],
    ['bytes=9-9', 10, [part, 9, 9]],
    ['bytes=0-99999999999999999999999', 10, [part, 0, 9]],
    ['bytes=10-', 10, [unsatisfiable]],
    ['bytes=5-2', 10, [unsatisfiable]],
    ['bytes=-0', 10, [unsatisfiable]],
    ['bytes=-', 10, [unsatisfiable]],
    ['bytes=', 10, [unsatisfiable]],
    ['bytes=0-', 0, [unsatisfiable]],
    ['bytes=-5', 0, [whole]],
    ['bytes=0-1,20-', 10, [part, 0, 1]],
    ['bytes=0-4,2-6', 10, [part, 0, 6]],
    ['bytes=2-6,-10,0-0', 10, [part, 0, 9]],
    ['bytes=20-,-0', 10, [unsatisfiable]],
    ['bytes=0-1,x', 10, [whole]],
    ['bytes=0-1,-5', 0, [whole]],
    ['bytes=a-b', 10, [whole]],
    ['bytes=1', 10, [whole]],
    ['bytes=1-2-3', 10, [whole]],
    ['bytes=1 - 2', 10, [whole]],
    ['bytes=--1', 10, [whole]],
    ['items=0-1', 10, [whole]],
    ['', 10, [whole]],
    [`bytes=${'0-0,'.repeat(301)}`, 10, [whole]],
  ];
  for (const [text, size, expected] of rows) t.same(read(text, size), expected, text.slice(0, 40));
});

/** The ranges, as `first-last`. */
function several(text: string, size: number): string[] {
  const bytes = new Uint8Array(Buffer.from(text));
  const { kind, count, firsts, lasts } = reader.read(bytes, 0, text.length, size);
  if (kind !== rangeKind.several) return [];
  return Array.from({ length: count }, (_, index) => `${firsts[index]}-${lasts[index]}`);
}

t.test('several ranges', async (t) => {
  const rows: [string, number, string[]][] = [
    ['bytes=0-1,3-4', 10, ['0-1', '3-4']],
    ['bytes=0-1,2-4', 10, ['0-1', '2-4']],
    ['bytes=6-7,0-1', 10, ['6-7', '0-1']],
    ['bytes=-1,0-0', 10, ['9-9', '0-0']],
    ['bytes=0-3,2-4,8-', 10, ['0-4', '8-9']],
    ['bytes=8-9,0-1,1-2,4-4', 10, ['8-9', '0-2', '4-4']],
    ['bytes=8-9,4-5,0-1,1-4', 10, ['8-9', '0-5']],
    ['bytes=0-0, ,5-5, 90-', 10, ['0-0', '5-5']],
  ];
  for (const [text, size, expected] of rows) t.same(several(text, size), expected, text);
});

t.test('up to 300 ranges in order, few out of order', async (t) => {
  const ascending = Array.from({ length: 300 }, (_, index) => `${index * 2}-${index * 2}`);
  t.equal(several(`bytes=${ascending.join(',')}`, 1000).length, 300);
  t.same(several(`bytes=${ascending.join(',')},700-700`, 1000), []);
  const descending = ascending.slice(0, 17).toReversed();
  t.same(several(`bytes=${descending.join(',')}`, 1000), []);
  t.equal(several(`bytes=${descending.slice(1).join(',')}`, 1000).length, 16);
});

t.test('several ranges cover what was asked for, and never overlap', async () => {
  const position = integer({ min: 0, max: 40 });
  const wish = array(tuple(position, position), { minLength: 1, maxLength: 16 });
  assert(
    property(wish, (pairs) => {
      const wanted = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
      const text = `bytes=${wanted.map(([a, b]) => `${a}-${b}`).join(',')}`;
      const bytes = new Uint8Array(Buffer.from(text));
      const { kind, count, firsts, lasts } = reader.read(bytes, 0, text.length, 30);
      const covered = new Array<number>(30).fill(0);
      if (kind !== rangeKind.unsatisfiable) {
        for (let index = 0; index < count; index += 1) {
          for (let at = firsts[index]!; at <= lasts[index]!; at += 1) covered[at]! += 1;
        }
      }
      return covered.every((times, at) => times === Number(wanted.some(([a, b]) => a <= at && at <= b)));
    }),
  );
});

t.test('positions beyond 32 bits are exact', async (t) => {
  t.same(read('bytes=4294967296-8589934591', 9_000_000_000), [part, 4_294_967_296, 8_589_934_591]);
});

t.test('a part always lies within the body', async () => {
  const piece = constantFrom('0', '5', '9', '10', '-', ',', ' ', '99999999999999999999', 'x');
  assert(
    property(array(piece, { maxLength: 8 }), integer({ min: 0, max: 12 }), (pieces, size) => {
      const [kind, first = 0, last = 0] = read(`bytes=${pieces.join('')}`, size);
      return kind !== part || (first >= 0 && first <= last && last < size);
    }),
  );
});

import { array, assert, constantFrom, integer, property } from 'fast-check';
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
    ['bytes=0-1,3-4', 10, [whole]],
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

import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import t from 'tap';
import { ContentRange } from '../../src/cache/slice.ts';

const range = new ContentRange();

function read(text: string): [number, number, number] | undefined {
  const bytes = new Uint8Array(Buffer.from(`..${text}..`));
  return range.read(bytes, 2, text.length) ? [range.first, range.last, range.size] : undefined;
}

t.test('Content-Range', async (t) => {
  const rows: [string, [number, number, number] | undefined][] = [
    ['bytes 0-9/10', [0, 9, 10]],
    ['BYTES 5-5/6', [5, 5, 6]],
    ['bytes 1048576-2097151/999999999999999', [1_048_576, 2_097_151, 999_999_999_999_999]],
    ['bytes */10', [0, -1, 10]],
    ['bytes 0-9/*', undefined],
    ['bytes 0-10/10', undefined],
    ['bytes 5-4/10', undefined],
    ['bytes 0-9/10 ', undefined],
    ['bytes 0-9/10,', undefined],
    ['bytes 0-9', undefined],
    ['bytes -9/10', undefined],
    ['bytes 0-/10', undefined],
    ['bytes 0-9/', undefined],
    ['bytes  0-9/10', undefined],
    ['bytes=0-9/10', undefined],
    ['bytes 0-9/1000000000000000', undefined],
    ['items 0-9/10', undefined],
    ['bytes ', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of rows) t.same(read(text), expected, JSON.stringify(text));
});

t.test('what is written is read back', async () => {
  const position = integer({ min: 0, max: 2 ** 48 });
  assert(
    property(tuple(position, position, position), (positions) => {
      const [first, last, end] = positions.toSorted((a, b) => a - b) as [number, number, number];
      const given = read(`bytes ${first}-${last}/${end + 1}`);
      return given?.[0] === first && given[1] === last && given[2] === end + 1;
    }),
  );
});

t.test('whatever is read lies within the size', async () => {
  const piece = constantFrom('bytes ', '0', '9', '10', '-', '/', '*', ' ', '99999999999999999999');
  assert(
    property(array(piece, { maxLength: 9 }), (pieces) => {
      const given = read(pieces.join(''));
      return given === undefined || (given[0] <= given[1] + 1 && given[1] < given[2]);
    }),
  );
});

/** What generated code calls for comparisons that are no operator of JavaScript. Nothing here is given nil. */

/** Whether a value lies in sorted ranges: first, last, first, last. */
export function inInts(ranges: Float64Array, value: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle * 2]! > value) high = middle;
    else low = middle + 1;
  }
  return low > 0 && ranges[low * 2 - 1]! >= value;
}

const word = 2 ** 32;

/** Whether two whole numbers have a bit in common, beyond 32 bits too. */
export function hasBits(value: number, mask: number): boolean {
  if ((value & mask) !== 0) return true;
  return (Math.floor(value / word) & Math.floor(mask / word)) !== 0;
}

/** Whether a text is the pieces in order, with anything between them: at least two pieces. */
export function isGlob(pieces: readonly string[], text: string): boolean {
  const last = pieces.length - 1;
  const head = pieces[0]!;
  const tail = pieces[last]!;
  const end = text.length - tail.length;
  if (head.length > end || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (let index = 1; index < last; index += 1) {
    const piece = pieces[index]!;
    const found = text.indexOf(piece, at);
    // The first place is the best one: what follows has the most room.
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Values of a map as an array. */
export function mapValues(map: ReadonlyMap<string, unknown> | null): unknown[] | null {
  return map === null ? null : [...map.values()];
}

/** One array of the elements of arrays. */
export function flatten(arrays: readonly (readonly unknown[] | null)[] | null): unknown[] | null {
  return arrays === null ? null : arrays.flatMap((array) => array ?? []);
}

/** What stands at a position of an array, or under a key of a map. */
export function itemAt(value: unknown, at: string | number): unknown {
  if (value === null) return null;
  if (typeof at === 'string') return (value as ReadonlyMap<string, unknown>).get(at) ?? null;
  return (value as readonly unknown[])[at] ?? null;
}

/**
 * How compiler and prefilter look at bytes alike. Bytes are folded: the bit 0x20 is set in all of them, which makes ASCII
 * letters lower case, and some other bytes alike too. What is found so is a candidate, no more.
 */

export const windowBytes = 4;
export const foldBits = 0x2020_2020;
export const foldBit = 0x20;

const keyFactor = 0x85eb_ca6b;

/**
 * A window's hash for the filter: its upper bits name one of 2^(32 - shift) bytes, its lower three the bit in it
 * (`filterBit`).
 */
export const filterFactor = 0x9e37_79b1;
export const filterBit = (hash: number): number => 1 << (hash & 7);

/** Position of a window in a table of 2^(32 - shift) places. */
export const keyPlace = (window: number, shift: number): number => Math.imul(window, keyFactor) >>> shift;

/** Lengths from this one on share a bit. */
export const lengthsMax = 1023;

/** Hash of a whole value, folded; never 0. */
export function hashFolded(bytes: Uint8Array, offset: number, length: number): number {
  let hash = length;
  const end = offset + length;
  for (let at = offset; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at]! | foldBit), 0x0100_0193);
  hash ^= hash >>> 15;
  return hash === 0 ? 1 : hash;
}

/** Shift for a table of so many places, a power of two. */
export const shiftOf = (places: number): number => 32 - Math.log2(places);

const pairPlaces = 1024;

/** Place of two neighbouring bytes, the first one folded, in the filter of short literals. */
export const pairPlace = (first: number, second: number): number =>
  ((first << 5) ^ (second | foldBit)) & (pairPlaces - 1);
export const emptyPairs = (): Uint8Array => new Uint8Array(pairPlaces);

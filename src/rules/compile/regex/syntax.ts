/** A pattern taken apart: sets of bytes, and how they follow each other. */
import type { Span } from '../ast.ts';

/** Bits of the 256 bytes. */
export type ByteSet = Uint8Array;

export type Look = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

export type Pattern =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'cat'; readonly items: readonly Pattern[] }
  | { readonly kind: 'alt'; readonly items: readonly Pattern[] }
  | {
      readonly kind: 'repeat';
      readonly item: Pattern;
      readonly min: number;
      /** Infinity for no bound. */
      readonly max: number;
      readonly isLazy: boolean;
    }
  | { readonly kind: 'group'; readonly item: Pattern }
  | { readonly kind: 'look'; readonly look: Look };

/** What is wrong with a pattern; the span counts characters of the pattern. */
export class PatternFault extends Error {
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(span: Span, message: string, hint?: string) {
    super(message);
    this.span = span;
    this.hint = hint;
  }
}

export function setOf(...ranges: readonly (readonly [number, number])[]): ByteSet {
  const set = new Uint8Array(256);
  for (const [first, last] of ranges) set.fill(1, first, last + 1);
  return set;
}

export function inverted(set: ByteSet): ByteSet {
  return set.map((bit) => 1 - bit);
}

export function union(into: ByteSet, from: ByteSet): void {
  for (let byte = 0; byte < 256; byte += 1) into[byte]! |= from[byte]!;
}

/** Adds the other case of ASCII letters. */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice();
  for (let upper = 0x41; upper <= 0x5a; upper += 1) {
    const bit = set[upper]! | set[upper + 0x20]!;
    folded[upper] = bit;
    folded[upper + 0x20] = bit;
  }
  return folded;
}

const digit = setOf([0x30, 0x39]);
const space = setOf([0x09, 0x0d], [0x20, 0x20]);
const word = setOf([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);

/** Classes of one letter, ASCII only, since Unicode is off. */
export const letterClasses: Readonly<Record<string, ByteSet>> = {
  d: digit,
  D: inverted(digit),
  s: space,
  S: inverted(space),
  w: word,
  W: inverted(word),
};

export const namedClasses: Readonly<Record<string, ByteSet>> = {
  alnum: setOf([0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]),
  alpha: setOf([0x41, 0x5a], [0x61, 0x7a]),
  ascii: setOf([0x00, 0x7f]),
  blank: setOf([0x09, 0x09], [0x20, 0x20]),
  cntrl: setOf([0x00, 0x1f], [0x7f, 0x7f]),
  digit,
  graph: setOf([0x21, 0x7e]),
  lower: setOf([0x61, 0x7a]),
  print: setOf([0x20, 0x7e]),
  punct: setOf([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]),
  space,
  upper: setOf([0x41, 0x5a]),
  word,
  xdigit: setOf([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]),
};

/** Escapes of one letter that stand for one byte. */
export const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/**
 * What must stand in a request for an expression to be true, as far as it can be said: the prefilter looks for that, and
 * spares the expression where it finds nothing. A guard is a set of atoms of which at least one must hold.
 */

import { fourWords, sixWords } from '../address.ts';
import type { IpRanges, Slot } from '../protocol.ts';
import { functions } from '../scheme/functions.ts';
import type { FieldRow, Place } from '../scheme/request.ts';
import { lowerAscii } from '../text.ts';
import { windowBytes } from '../windows.ts';
import { isCommon } from './common.ts';
import type { Scheme } from './scheme.ts';
import { isConstant, operands, type Test, type Typed, type TypedOf } from './typed.ts';

export type Anchor = 'any' | 'start' | 'end' | 'whole';

export type Atom =
  | { readonly kind: 'literal'; readonly source: string; readonly text: string; readonly anchor: Anchor }
  /** A short text that is seldom there. */
  | { readonly kind: 'unless'; readonly source: string; readonly text: string }
  /** The source is there at all. */
  | { readonly kind: 'present'; readonly source: string }
  /** An address in a set; the same key, the same set. */
  | { readonly kind: 'ranges'; readonly source: string; readonly key: string; readonly ranges: IpRanges };

/** Atoms of a guard; null: nothing guards the expression. No atom: it is never true. */
export type Guard = readonly Atom[] | null;

/** Atoms of one guard; more are not worth the room. */
const atomsMax = 200_000;
/** Atoms that have windows of their own; a longer list is one look-up in a set, once its text is made. */
const windowedMax = 5000;

/** Members of a set, times the expressions that have it, which the tables have room for: more are one look-up, remembered. */
const sharedMax = 500_000;

/** Chooses among guards of one expression; the lower, the better. */
export type Cost = (guard: readonly Atom[]) => number;

export class Guards {
  readonly #scheme: Scheme;
  /** Expressions that have a set, by its key. */
  readonly #uses = new Map<string, number>();

  constructor(scheme: Scheme, expressions: readonly Typed[]) {
    this.#scheme = scheme;
    for (const expression of expressions) this.#count(expression);
  }

  #count(node: Typed): void {
    if (node.op === 'test') {
      const key = setKey(node.test);
      if (key !== undefined) this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    }
    for (const child of operands(node)) this.#count(child);
  }

  /** Whether a set is so large, and in so many expressions, that finding it beforehand is not worth the room. */
  #isTooShared(test: Test): boolean {
    const key = setKey(test);
    return key !== undefined && membersOf(test) * this.#uses.get(key)! > sharedMax;
  }

  /** All guards of an expression, each of which alone would do. */
  of(node: Typed): (readonly Atom[])[] {
    return this.#options(node).filter((guard) => guard.length <= atomsMax && windowed(guard) <= windowedMax);
  }

  #options(node: Typed): (readonly Atom[])[] {
    switch (node.op) {
      case 'const':
        return isConstant(node, false) ? [[]] : [];
      case 'logic':
        if (node.logic === 'and') return node.items.flatMap((item) => this.#options(item));
        return node.logic === 'or' ? this.#either(node.items) : [];
      case 'quantify':
        return node.isAll ? [] : this.#options(node.item);
      case 'test':
        return this.#test(node.left, node.test);
      case 'call':
        return this.#call(node);
      case 'slot':
      case 'item':
      case 'each':
      case 'not':
        return [];
    }
  }

  /** One of the items is true: the atoms of all of them, and each must have some. */
  #either(items: readonly Typed[]): (readonly Atom[])[] {
    const atoms: Atom[] = [];
    for (const item of items) {
      const options = this.#options(item);
      if (options.length === 0) return [];
      atoms.push(...options.reduce((best, next) => (roughCost(next) < roughCost(best) ? next : best)));
    }
    return [atoms];
  }

  /** starts_with() and ends_with() of elements. */
  #call(node: TypedOf<'call'>): (readonly Atom[])[] {
    const [first, second] = node.args;
    if (second?.op !== 'const' || (node.name !== 'starts_with' && node.name !== 'ends_with')) return [];
    const text = second.value as string;
    return this.#test(first!, { kind: node.name === 'starts_with' ? 'starts' : 'ends', text });
  }

  #test(left: Typed, test: Test): (readonly Atom[])[] {
    const found = this.#find(left);
    if (found === undefined || this.#isTooShared(test)) return [];
    const { source, place, before, unless, isPlain, isUnderKey } = found;
    const guards: Atom[][] = [];
    // Nothing under the key, nothing is true of it.
    if (isUnderKey && place === 'whole') guards.push([{ kind: 'present', source }]);
    if (test.kind === 'ips' && isPlain)
      guards.push([{ kind: 'ranges', source, key: test.key, ranges: test.ranges }]);
    if (test.kind === 'order' && test.op === 'eq' && typeof test.value === 'object' && isPlain) {
      guards.push([{ kind: 'ranges', source, key: JSON.stringify(test.value), ranges: only(test.value) }]);
    }
    const literals = isPlain || keepsLetters(left) ? literalsOf(test) : undefined;
    // "" is found everywhere.
    if (literals === undefined || literals.some(({ text }) => text === '')) return guards;
    const atoms = literals.map(({ text, anchor }): Atom => {
      const isAtStart = anchor === 'whole' || anchor === 'start';
      return { kind: 'literal', source, text: isAtStart ? before + text : text, anchor: seen(place, anchor) };
    });
    if (before !== '') atoms.push(...unless.map((text): Atom => ({ kind: 'unless', source, text })));
    guards.push(atoms);
    return guards;
  }

  /** The source of bytes behind a value. */
  #find(node: Typed): Found | undefined {
    if (node.op === 'slot') return this.#findSlot(node.slot);
    // A position is not known here, so elements are as plain as their array.
    if (node.op === 'each' || node.op === 'item') return this.#find(node.of);
    if (node.op !== 'call' || functions[node.name]!.takesNil) return undefined;
    const inside = this.#find(node.args[0]!);
    return inside === undefined ? undefined : { ...inside, isPlain: false };
  }

  #findSlot({ field, key }: Slot): Found | undefined {
    const row = this.#scheme.fields.get(field)?.row;
    if (row?.source === undefined || row.place === undefined) return undefined;
    const { source, place } = row;
    const found = { place, before: beforeOf(row, key), unless: row.unless ?? [], isPlain: true };
    if (typeof source === 'string') return { ...found, source, isUnderKey: false };
    return key === undefined ? undefined : { ...found, source: source(key), isUnderKey: true };
  }
}

function beforeOf({ before }: FieldRow, key: string | undefined): string {
  if (before === undefined || typeof before === 'string') return before ?? '';
  return key === undefined ? '' : before(key);
}

interface Found {
  readonly source: string;
  readonly place: Place;
  readonly before: string;
  readonly unless: readonly string[];
  /** The value itself, not what a function made of it. */
  readonly isPlain: boolean;
  readonly isUnderKey: boolean;
}

function keepsLetters(node: Typed): boolean {
  if (node.op === 'slot') return true;
  if (node.op === 'each' || node.op === 'item') return keepsLetters(node.of);
  return node.op === 'call' && functions[node.name]!.keepsLetters === true && keepsLetters(node.args[0]!);
}

interface Wanted {
  readonly text: string;
  readonly anchor: Anchor;
}

/** Literals of which one must stand in a text for the test to be true. */
function literalsOf(test: Test): readonly Wanted[] | undefined {
  switch (test.kind) {
    case 'order':
      return test.op === 'eq' && typeof test.value === 'string'
        ? [{ text: test.value, anchor: 'whole' }]
        : undefined;
    case 'contains':
      return [{ text: test.text, anchor: 'any' }];
    case 'starts':
      return [{ text: test.text, anchor: 'start' }];
    case 'ends':
      return [{ text: test.text, anchor: 'end' }];
    case 'texts':
      return test.texts.map((text) => ({ text, anchor: 'whole' }));
    case 'pattern':
      return test.required?.map((text) => ({ text, anchor: 'any' }));
    case 'glob':
      return [longestPiece(test.pieces)];
    case 'exists':
    case 'ints':
    case 'ips':
    case 'bits':
      return undefined;
  }
}

const setKey = (test: Test): string | undefined =>
  test.kind === 'texts' || test.kind === 'ips' ? `${test.kind} ${test.key}` : undefined;

function membersOf(test: Test): number {
  if (test.kind === 'texts') return test.texts.length;
  return test.kind === 'ips' ? test.ranges.four.length / fourWords + test.ranges.six.length / sixWords : 1;
}

function longestPiece(pieces: readonly string[]): Wanted {
  let best = 0;
  for (const [index, piece] of pieces.entries()) if (piece.length > pieces[best]!.length) best = index;
  const anchor = best === 0 ? 'start' : best === pieces.length - 1 ? 'end' : 'any';
  return { text: pieces[best]!, anchor };
}

/** Where a literal stands in the source, if the field lies so in it. */
function seen(place: Place, anchor: Anchor): Anchor {
  if (place === 'whole') return anchor;
  if (place === 'start') return anchor === 'start' || anchor === 'whole' ? 'start' : 'any';
  if (place === 'end') return anchor === 'end' || anchor === 'whole' ? 'end' : 'any';
  return 'any';
}

function only({
  isFour,
  a,
  b,
  c,
  d,
}: {
  isFour: boolean;
  a: number;
  b: number;
  c: number;
  d: number;
}): IpRanges {
  const none = new Int32Array();
  return isFour
    ? { four: Int32Array.of(d, d), six: none }
    : { four: none, six: Int32Array.of(a, b, c, d, a, b, c, d) };
}

const costs: Readonly<Record<Anchor, number>> = { whole: 0, start: 1, end: 1, any: 2 };

/** Shorter literals, and more of them, find more that is in vain. */
function roughCost(guard: readonly Atom[]): number {
  let cost = 0;
  for (const atom of guard) {
    if (atom.kind === 'present') cost += 1000;
    else if (atom.kind === 'ranges') cost += 10;
    else if (atom.kind === 'unless') cost += 5;
    else cost += literalCost(atom);
  }
  return cost;
}

const tinyCost = 60;
const commonCost = 200;

function literalCost({ text, anchor }: Extract<Atom, { kind: 'literal' }>): number {
  const isTiny = anchor !== 'whole' && text.length < windowBytes;
  const isEverywhere = anchor !== 'whole' && isCommon(lowerAscii(text));
  return costs[anchor] + 100 / text.length + (isTiny ? tinyCost : 0) + (isEverywhere ? commonCost : 0);
}

function windowed(guard: readonly Atom[]): number {
  return guard.reduce((sum, atom) => (atom.kind === 'literal' && atom.anchor !== 'whole' ? sum + 1 : sum), 0);
}

/** A key that is the same for atoms that are found together. */
export function atomKey(atom: Atom): string {
  const { kind, source } = atom;
  if (kind === 'literal') return `${atom.anchor} ${source} ${lowerAscii(atom.text)}`;
  return kind === 'ranges' ? `ranges ${source} ${atom.key}` : `${kind} ${source}`;
}

/**
 * The guard of each expression: of those it has, the one whose rarest part is shared with the fewest other expressions,
 * so that a host that all rules name does not make all of them candidates.
 */
export function chooseGuards(options: readonly (readonly (readonly Atom[])[])[]): Guard[] {
  const uses = new Map<string, number>();
  for (const guards of options) {
    for (const atom of guards.flat()) {
      const key = atomKey(atom);
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  const cost = (guard: readonly Atom[]): number => {
    const shared = guard.reduce(
      (most, atom) => (atom.kind === 'unless' ? most : Math.max(most, uses.get(atomKey(atom))!)),
      1,
    );
    return roughCost(guard) + (shared - 1) * 50;
  };
  return options.map((guards) =>
    guards.length === 0 ? null : guards.reduce((best, next) => (cost(next) < cost(best) ? next : best)),
  );
}

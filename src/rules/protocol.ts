/**
 * What control compiles and a thread loads. A program is plain data that can be cloned to a worker: JavaScript source
 * that contains no text of any user, and the tables of constants that this source names by number.
 */

/** Types of rules.md 2.1. Any value may be nil, which is null in JavaScript. Bytes are latin1 text, one character a byte. */
export type FieldType =
  | 'Bool'
  | 'Bytes'
  | 'Int'
  | 'Ip'
  | `Array<${'Bool' | 'Bytes' | 'Int' | 'Ip'}>`
  | 'Array<Array<Bytes>>'
  | `Map<${'Bytes' | 'Int' | 'Array<Bytes>' | 'Array<Int>'}>`;

/** A place that expressions read: a field, or what stands under a constant key or position of one. */
export interface Slot {
  readonly field: string;
  /** `field["key"]` */
  readonly key?: string;
  /** `field["key"][0]`, or `field[0]` where there is no key. */
  readonly at?: number;
  /** Type of what is read. */
  readonly type: FieldType;
}

/** An address as four words, each with its highest bit turned over, so that signed words have the order of addresses. */
export interface IpWords {
  readonly isFour: boolean;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** An element of an array. */
export type Element = string | number | boolean | IpWords | readonly string[];
export type MapValue = string | number | readonly string[] | readonly number[];

/**
 * What generated code reads fields from. `bind` is called while a program is loaded, once for each of its slots, and
 * answers the number by which the slot is read. The others are called for every exchange (or record), only for slots of the type that
 * they answer, and may be called any number of times: a reader caches what is dear to make. null is nil. A value that was
 * answered must stay the same until `epoch` changes.
 */
export interface FieldReader {
  /** Changes whenever what is read may have changed: another exchange, a rewrite. Whole, below 2^30, may wrap. */
  readonly epoch: number;
  bind(slot: Slot): number;
  text(id: number): string | null;
  int(id: number): number | null;
  truth(id: number): boolean | null;
  ip(id: number): IpWords | null;
  list(id: number): readonly Element[] | null;
  map(id: number): ReadonlyMap<string, MapValue> | null;
  /** Only a reader that has one: the bytes for the shared prefilter. Without it every expression is evaluated. */
  readonly scanner?: ByteSource;
}

/**
 * The bytes behind fields, for the shared prefilter. A source is a stretch of the request under which the literals of
 * several fields are looked for (the URI stands for path, query and arguments).
 */
export interface ByteSource {
  /** Number of the source, -1 where this reader has none of that name. */
  bindSource(name: string): number;
  /** Hands each stretch of bytes of every source that was bound and is there now to `sink`. */
  scan(sink: ByteSink): void;
}
/** The same memory as bytes and as words (little-endian, from its beginning); an arena is one. */
export interface ByteMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}
export interface ByteSink {
  /** At least four bytes of the memory lie behind the stretch. */
  takeBytes(source: number, memory: ByteMemory, offset: number, length: number): void;
  takeAddress(source: number, words: IpWords): void;
}

export type ExpressionKind = 'Bool' | 'Bytes';

/** Sorted ranges, ends included. Integers: first, last. Addresses: words of `IpWords`, v4 one word an end, v6 four. */
export interface IpRanges {
  readonly four: Int32Array;
  readonly six: Int32Array;
}

/** Literals of one source; see run/prefilter.ts for how they are found. */
export interface SourceTables {
  readonly source: string;
  /** Folded literals, one behind the other; literal n is blob[starts[n]..starts[n + 1]). */
  readonly blob: Uint8Array;
  readonly starts: Int32Array;
  /** By literal: 0 anywhere, 1 at the start, 2 at the end. */
  readonly anchors: Uint8Array;
  /** Expressions of literal n: owners[ownerStarts[n]..ownerStarts[n + 1]). */
  readonly ownerStarts: Int32Array;
  readonly owners: Int32Array;
  /** Distance of the places that are looked at (1, 2 or 4); filter (8 bits a place) and hash table of the windows of four bytes. */
  readonly stride: number;
  readonly windowFilter: Uint8Array;
  readonly windowKeys: Int32Array;
  /** For a window: entries[windowStarts[n]..windowStarts[n + 1]), each literal << 12 | offset of the window in it. */
  readonly windowStarts: Int32Array;
  readonly entries: Int32Array;
  /** Literals of less than four bytes: which pairs of bytes they begin with, and by their first byte: tiny[tinyStarts[n]..tinyStarts[n + 1]). */
  readonly tinyPairs: Uint8Array;
  readonly tinyStarts: Int32Array;
  readonly tiny: Int32Array;
  /** Whole values: the bits of their lengths, and a hash table of their hashes, 0 where it is free. */
  readonly exactLengths: Int32Array;
  readonly exactHashes: Int32Array;
  readonly exactStarts: Int32Array;
  readonly exactOwners: Int32Array;
  /** Expressions for which it is enough that the source is there. */
  readonly presentOwners: Int32Array;
}

/** All address sets on one source, cut into segments that no set divides. */
export interface AddressTables {
  readonly source: string;
  /** First addresses of the segments; owners of segment n: owners[ownerStarts[n]..ownerStarts[n + 1]). */
  readonly four: Int32Array;
  readonly fourOwnerStarts: Int32Array;
  readonly six: Int32Array;
  readonly sixOwnerStarts: Int32Array;
  readonly owners: Int32Array;
}

export interface PrefilterTables {
  readonly sources: readonly SourceTables[];
  readonly addresses: readonly AddressTables[];
  /** Bits of the expressions that nothing guards: they are always evaluated. */
  readonly always: Int32Array;
}

export interface ExpressionProgram {
  readonly kinds: readonly ExpressionKind[];
  readonly slots: readonly Slot[];
  /** Bodies of functions; see run/load.ts for what they are given and give back. */
  readonly chunks: readonly string[];
  /** Bodies that hold what chunks share. */
  readonly shared: readonly string[];
  /** Bodies for Bytes expressions, by index. */
  readonly values: readonly (readonly [index: number, body: string])[];
  /** Results that are kept for an exchange because several expressions have them. */
  readonly memos: number;
  readonly texts: readonly string[];
  readonly integers: readonly number[];
  readonly addresses: readonly IpWords[];
  readonly textSets: readonly (readonly string[])[];
  readonly intSets: readonly Float64Array[];
  readonly ipSets: readonly IpRanges[];
  /** Patterns in the syntax of the library, already translated. */
  readonly patterns: readonly string[];
  /** Pieces of a wildcard pattern between its stars. */
  readonly globs: readonly (readonly string[])[];
  readonly functions: readonly string[];
  readonly prefilter: PrefilterTables;
}

/** How many expressions a matcher had to evaluate, and how many its prefilter proved unmatched. */
export interface MatchCounts {
  evaluated: number;
  proved: number;
}

export interface Matcher {
  /** Number of expressions, of both kinds. */
  readonly size: number;
  /**
   * Index of the first Bool expression at or behind `from`, and before `end` (default: size), that is true of what the
   * reader holds now; -1 for none.
   */
  next(from: number, end?: number): number;
  /** One Bool expression, evaluated without the prefilter: for `explain`. */
  test(index: number): boolean;
  /** Whether an expression is one that computes a text. */
  isBytes(index: number): boolean;
  /** Value of a Bytes expression as latin1 text; null is nil. */
  bytes(index: number): string | null;
  /** Counts while it is set; null: off. */
  counts: MatchCounts | null;
}

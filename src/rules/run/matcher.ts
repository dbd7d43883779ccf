/** A loaded program: finds candidates in one pass over the bytes of the exchange, and evaluates only those. */
import type { FieldReader, MatchCounts, Matcher, PrefilterTables } from '../protocol.ts';
import { Prefilter } from './prefilter.ts';

/** Evaluates those of 32 expressions whose bits are set: the number of the first that is true, -1 for none. */
export type Chunk = (bits: number) => number;
export type Value = () => string | null;

export interface Code {
  readonly size: number;
  readonly chunks: readonly Chunk[];
  readonly values: ReadonlyMap<number, Value>;
}

export class ProgramMatcher implements Matcher {
  readonly size: number;
  counts: MatchCounts | null = null;
  readonly #reader: FieldReader;
  readonly #chunks: readonly Chunk[];
  readonly #values: ReadonlyMap<number, Value>;
  /** Bits of the expressions that are true or false, and not of those that compute a text. */
  readonly #truths: Int32Array;
  readonly #prefilter: Prefilter;
  #epoch = -1;

  constructor(code: Code, truths: Int32Array, tables: PrefilterTables, reader: FieldReader) {
    this.size = code.size;
    this.#chunks = code.chunks;
    this.#values = code.values;
    this.#truths = truths;
    this.#reader = reader;
    this.#prefilter = new Prefilter(truths, tables, reader.scanner);
  }

  next(from: number, end = this.size): number {
    if (this.#epoch !== this.#reader.epoch) {
      this.#epoch = this.#reader.epoch;
      this.#prefilter.run();
    }
    const { bits, summary } = this.#prefilter.candidates;
    let mask = -1 << (from & 31);
    for (let word = from >> 5; word << 5 < end; word += 1, mask = -1) {
      if (summary[word >> 5]! >>> (word & 31) === 0) {
        word |= 31;
        continue;
      }
      let wanted = bits[word]! & mask;
      const left = end - (word << 5);
      if (left < 32) wanted &= (1 << left) - 1;
      if (wanted === 0) continue;
      const found = this.#chunks[word]!(wanted);
      if (this.counts !== null) this.#count(this.counts, wanted, found);
      if (found >= 0) {
        if (this.counts !== null) this.#prove(this.counts, from, (word << 5) + found + 1);
        return (word << 5) + found;
      }
    }
    if (this.counts !== null) this.#prove(this.counts, from, end);
    return -1;
  }

  test(index: number): boolean {
    return this.#chunks[index >> 5]!(1 << (index & 31)) >= 0;
  }

  isBytes(index: number): boolean {
    return this.#values.has(index);
  }

  bytes(index: number): string | null {
    const value = this.#values.get(index);
    if (value === undefined) throw new Error(`expression ${index} computes no text`);
    return value();
  }

  #count(counts: MatchCounts, wanted: number, found: number): void {
    const evaluated = found < 0 || found === 31 ? wanted : wanted & ((2 << found) - 1);
    counts.evaluated += bitCount(evaluated);
  }

  /** Those from `from` to `end` that were not evaluated were proved; `evaluated` is already counted. */
  #prove(counts: MatchCounts, from: number, end: number): void {
    let proved = 0;
    for (let index = from; index < end; index += 1) {
      const bit = 1 << (index & 31);
      const isTruth = (this.#truths[index >> 5]! & bit) !== 0;
      if (isTruth && (this.#prefilter.candidates.bits[index >> 5]! & bit) === 0) proved += 1;
    }
    counts.proved += proved;
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

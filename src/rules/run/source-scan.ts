/**
 * Looks for the literals of all expressions in one stretch of bytes, in one pass: a window of four bytes at every
 * `stride`-th place is looked up in a bitmap, and what is found there is compared as a whole. Every literal has as many
 * windows, one behind the other, as there are places between two looks, so that one of them is met.
 */
import type { SourceTables } from '../protocol.ts';
import {
  bitPlace,
  foldBit,
  foldBits,
  hashFolded,
  keyPlace,
  lengthsMax,
  shiftOf,
  windowBytes,
} from '../windows.ts';
import type { Candidates } from './candidates.ts';

const anchoredAtStart = 1;
const anchoredAtEnd = 2;

export class SourceScan {
  readonly #tables: SourceTables;
  readonly #candidates: Candidates;
  readonly #bits: Int32Array;
  readonly #stride: number;
  readonly #bitShift: number;
  readonly #keyShift: number;
  readonly #exactShift: number;
  readonly #hasWindows: boolean;
  readonly #hasTiny: boolean;
  readonly #hasExact: boolean;
  readonly #hasPresent: boolean;

  constructor(tables: SourceTables, candidates: Candidates) {
    this.#tables = tables;
    this.#candidates = candidates;
    this.#bits = tables.windowBits;
    this.#stride = tables.stride;
    this.#bitShift = shiftOf(tables.windowBits.length * 32);
    this.#keyShift = shiftOf(tables.windowKeys.length);
    this.#exactShift = shiftOf(tables.exactHashes.length);
    this.#hasWindows = tables.entries.length > 0;
    this.#hasTiny = tables.tiny.length > 0;
    this.#hasExact = tables.exactOwners.length > 0;
    this.#hasPresent = tables.presentOwners.length > 0;
  }

  scan(memory: Uint8Array, offset: number, length: number): void {
    if (this.#hasPresent)
      this.#candidates.add(this.#tables.presentOwners, 0, this.#tables.presentOwners.length);
    if (this.#hasExact) this.#lookUpWhole(memory, offset, length);
    if (this.#hasWindows && length >= windowBytes) {
      if (this.#stride === 1) this.#scanAll(memory, offset, length);
      else this.#scanSome(memory, offset, length);
    }
    if (this.#hasTiny) this.#scanTiny(memory, offset, length);
  }

  #scanAll(memory: Uint8Array, offset: number, length: number): void {
    const bits = this.#bits;
    const shift = this.#bitShift;
    const end = offset + length;
    let window = (memory[offset]! << 8) | (memory[offset + 1]! << 16) | (memory[offset + 2]! << 24);
    for (let at = offset + 3; at < end; at += 1) {
      window = (window >>> 8) | (memory[at]! << 24);
      const place = bitPlace(window | foldBits, shift);
      if ((bits[place >> 5]! & (1 << (place & 31))) === 0) continue;
      this.#lookUp(window | foldBits, memory, offset, length, at - 3);
    }
  }

  #scanSome(memory: Uint8Array, offset: number, length: number): void {
    const bits = this.#bits;
    const shift = this.#bitShift;
    const stride = this.#stride;
    const end = offset + length - windowBytes;
    for (let at = offset; at <= end; at += stride) {
      const window =
        memory[at]! | (memory[at + 1]! << 8) | (memory[at + 2]! << 16) | (memory[at + 3]! << 24) | foldBits;
      const place = bitPlace(window, shift);
      if ((bits[place >> 5]! & (1 << (place & 31))) === 0) continue;
      this.#lookUp(window, memory, offset, length, at);
    }
  }

  #lookUp(window: number, memory: Uint8Array, offset: number, length: number, at: number): void {
    const { windowKeys, windowStarts, entries } = this.#tables;
    const mask = windowKeys.length - 1;
    for (let place = keyPlace(window, this.#keyShift); ; place = (place + 1) & mask) {
      const from = windowStarts[place]!;
      const to = windowStarts[place + 1]!;
      if (from === to) return;
      if (windowKeys[place] !== window) continue;
      for (let index = from; index < to; index += 1) {
        const entry = entries[index]!;
        this.#compare(entry >>> 12, memory, offset, length, at - (entry & 0xfff));
      }
      return;
    }
  }

  /** Whether a literal begins at `start`: its owners are candidates. */
  #compare(literal: number, memory: Uint8Array, offset: number, length: number, start: number): void {
    const { blob, starts, anchors, ownerStarts, owners } = this.#tables;
    const first = starts[literal]!;
    const size = starts[literal + 1]! - first;
    const end = offset + length;
    if (start < offset || start + size > end) return;
    const anchor = anchors[literal]!;
    if (anchor === anchoredAtStart && start !== offset) return;
    if (anchor === anchoredAtEnd && start + size !== end) return;
    for (let index = 0; index < size; index += 1) {
      if ((memory[start + index]! | foldBit) !== blob[first + index]) return;
    }
    this.#candidates.add(owners, ownerStarts[literal]!, ownerStarts[literal + 1]!);
  }

  #scanTiny(memory: Uint8Array, offset: number, length: number): void {
    const { tinyStarts, tiny } = this.#tables;
    const end = offset + length;
    for (let at = offset; at < end; at += 1) {
      const byte = memory[at]! | foldBit;
      const to = tinyStarts[byte + 1]!;
      for (let index = tinyStarts[byte]!; index < to; index += 1) {
        this.#compare(tiny[index]!, memory, offset, length, at);
      }
    }
  }

  #lookUpWhole(memory: Uint8Array, offset: number, length: number): void {
    const { exactLengths, exactHashes, exactStarts, exactOwners } = this.#tables;
    const bit = length < lengthsMax ? length : lengthsMax;
    if ((exactLengths[bit >> 5]! & (1 << (bit & 31))) === 0) return;
    const hash = hashFolded(memory, offset, length);
    const mask = exactHashes.length - 1;
    for (let place = keyPlace(hash, this.#exactShift); exactHashes[place] !== 0; place = (place + 1) & mask) {
      if (exactHashes[place] !== hash) continue;
      this.#candidates.add(exactOwners, exactStarts[place]!, exactStarts[place + 1]!);
      return;
    }
  }
}

/**
 * Ranges of bytes (RFC 9110 14.1.2, 14.2), for complete responses: one range is served as 206, several as parts of one 206,
 * what cannot be satisfied is 416, and anything else is the whole response.
 */
import { isBlank, isDigit, latin1Bytes, lowerByte } from '../lib/bytes.ts';
import { limits } from '../lib/limits.ts';
import { ListCursor } from '../lib/list.ts';

export const rangeKind = {
  /** No range, or one to be ignored: 200. */
  whole: 0,
  part: 1,
  /** 416 */
  unsatisfiable: 2,
  /** `count` ranges that do not overlap, in the order of the request. */
  several: 3,
} as const;

const unit = latin1Bytes('bytes=');
const dash = 0x2d;
/** Above any size, exact as a number. */
const positionMax = Number.MAX_SAFE_INTEGER;

/** Reads a Range value against a size; reused from request to request. */
export class RangeReader {
  kind: number = rangeKind.whole;
  /** First and last position of the only range, inclusive. */
  first = 0;
  last = 0;
  /** Of each range: overlapping ones are one, so that together they are never longer than the body. */
  readonly firsts = new Float64Array(limits.rangesMax);
  readonly lasts = new Float64Array(limits.rangesMax);
  count = 0;
  readonly #members = new ListCursor();
  #start = 0;
  #stop = 0;
  #isAscending = true;

  /** @param size bytes of the whole representation */
  read(bytes: Uint8Array, offset: number, length: number, size: number): this {
    this.kind = rangeKind.whole;
    this.count = 0;
    this.#isAscending = true;
    if (!hasUnit(bytes, offset, length)) return this;
    const members = this.#members.start(bytes, offset + unit.length, length - unit.length);
    let ranges = 0;
    let isEmptySuffix = false;
    while (members.next()) {
      ranges += 1;
      if (ranges > limits.rangesMax || !this.#readSpec(bytes, members.offset, members.length)) return this;
      if (!this.#fit(size)) continue;
      // A suffix of nothing is the whole of nothing, which no 206 can say.
      if (size === 0) isEmptySuffix = true;
      else this.#add();
      // RFC 9110 14.2: many ranges out of order are no honest wish.
      if (!this.#isAscending && this.count > limits.unorderedRangesMax) return this;
    }
    if (isEmptySuffix) return this;
    if (this.count === 0) this.kind = rangeKind.unsatisfiable;
    else this.kind = this.count === 1 ? rangeKind.part : rangeKind.several;
    this.first = this.firsts[0]!;
    this.last = this.lasts[0]!;
    return this;
  }

  /** Reads `first-last`, `first-` or `-suffix`; false where it is none of them. -1 stands for what is left out. */
  #readSpec(bytes: Uint8Array, offset: number, length: number): boolean {
    let end = offset + length;
    while (end > offset && isBlank(bytes[end - 1]!)) end -= 1;
    let at = offset;
    this.#start = -1;
    this.#stop = -1;
    for (; at < end && isDigit(bytes[at]!); at += 1) this.#start = append(this.#start, bytes[at]!);
    if (bytes[at] !== dash || at >= end) return false;
    for (at += 1; at < end && isDigit(bytes[at]!); at += 1) this.#stop = append(this.#stop, bytes[at]!);
    return at === end;
  }

  /** Puts the range that was read within the body; false where it cannot be satisfied. */
  #fit(size: number): boolean {
    const start = this.#start;
    const stop = this.#stop;
    const isSuffix = start < 0;
    if (isSuffix ? stop <= 0 : start >= size || (stop >= 0 && stop < start)) return false;
    this.#start = isSuffix ? Math.max(0, size - stop) : start;
    this.#stop = isSuffix || stop < 0 ? size - 1 : Math.min(stop, size - 1);
    return true;
  }

  /** Adds the range that was read, together with those that it overlaps (RFC 9110 15.3.7.2). */
  #add(): void {
    const { firsts, lasts } = this;
    let first = this.#start;
    let last = this.#stop;
    let place = this.count;
    if (place > 0 && first < firsts[place - 1]!) this.#isAscending = false;
    let kept = 0;
    for (let index = this.#isAscending ? Math.max(0, place - 1) : 0; index < this.count; index += 1) {
      if (firsts[index]! > last || lasts[index]! < first) continue;
      first = Math.min(first, firsts[index]!);
      last = Math.max(last, lasts[index]!);
      if (place === this.count) place = index;
      else lasts[index] = -1;
    }
    const added = place === this.count;
    firsts[place] = first;
    lasts[place] = last;
    if (added) {
      this.count += 1;
      return;
    }
    for (let index = 0; index < this.count; index += 1) {
      if (lasts[index]! < 0) continue;
      firsts[kept] = firsts[index]!;
      lasts[kept] = lasts[index]!;
      kept += 1;
    }
    this.count = kept;
  }
}

function append(value: number, digit: number): number {
  return Math.min(Math.max(0, value) * 10 + digit - 0x30, positionMax);
}

function hasUnit(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < unit.length) return false;
  for (let index = 0; index < unit.length; index += 1) {
    if (lowerByte(bytes[offset + index]!) !== unit[index]) return false;
  }
  return true;
}

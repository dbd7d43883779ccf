/**
 * Ranges of bytes (RFC 9110 14.1.2, 14.2), for complete responses: one range is served as 206, what cannot be satisfied
 * is 416, and anything else is the whole response.
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
} as const;

const unit = latin1Bytes('bytes=');
const dash = 0x2d;
/** Above any size, exact as a number. */
const positionMax = Number.MAX_SAFE_INTEGER;

/** Reads a Range value against a size; reused from request to request. */
export class RangeReader {
  kind: number = rangeKind.whole;
  /** First and last position, inclusive. */
  first = 0;
  last = 0;
  readonly #members = new ListCursor();
  #start = 0;
  #stop = 0;

  /** @param size bytes of the whole representation */
  read(bytes: Uint8Array, offset: number, length: number, size: number): this {
    this.kind = rangeKind.whole;
    if (!hasUnit(bytes, offset, length)) return this;
    const members = this.#members.start(bytes, offset + unit.length, length - unit.length);
    let ranges = 0;
    while (members.next()) {
      ranges += 1;
      if (ranges > limits.rangesMax || !this.#readSpec(bytes, members.offset, members.length)) return this;
    }
    // Several ranges are answered with the whole; none at all cannot be satisfied.
    if (ranges > 1) return this;
    if (ranges === 0) this.kind = rangeKind.unsatisfiable;
    else this.#fit(size);
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

  #fit(size: number): void {
    const start = this.#start;
    const stop = this.#stop;
    const isSuffix = start < 0;
    this.kind = rangeKind.unsatisfiable;
    if (isSuffix ? stop <= 0 : start >= size || (stop >= 0 && stop < start)) return;
    // A suffix of nothing is the whole of nothing, which no 206 can say.
    this.kind = size === 0 ? rangeKind.whole : rangeKind.part;
    this.first = isSuffix ? Math.max(0, size - stop) : start;
    this.last = isSuffix || stop < 0 ? size - 1 : Math.min(stop, size - 1);
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

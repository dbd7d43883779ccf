/**
 * Responses that are stored in slices: aligned ranges of equal length, each an object under a key of its own, and a marker under
 * the key of the whole that says what all of them have in common. A slice's key names the generation of the marker, so slices of
 * another version, or of before a purge, are never found.
 */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { isDigit, latin1Bytes } from '../lib/bytes.ts';
import { isWeakTag } from '../lib/etag.ts';
import { type KeyBuilder, keyMark } from './key.ts';

const contentRangeId = knownId('content-range');
const contentEncodingId = knownId('content-encoding');
const transferEncodingId = knownId('transfer-encoding');
const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const bytesUnit = latin1Bytes('bytes ');
const dash = 0x2d;
const slash = 0x2f;
const star = 0x2a;

/** `bytes first-last/size` (RFC 9110 14.4), reused from response to response. */
export class ContentRange {
  first = 0;
  last = 0;
  size = 0;
  #at = 0;

  /** False where it is anything else, an unknown size included. `bytes * /size` leaves `last` below `first`. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    if (length < bytesUnit.length) return false;
    if (!bytesUnit.every((byte, index) => (bytes[offset + index]! | 0x20) === (byte | 0x20))) return false;
    this.#at = offset + bytesUnit.length;
    this.first = 0;
    this.last = -1;
    if (bytes[this.#at] === star) this.#at += 1;
    else if (!this.#readPositions(bytes, end)) return false;
    if (this.#at >= end || bytes[this.#at] !== slash) return false;
    this.#at += 1;
    this.size = this.#number(bytes, end);
    return this.#at === end && this.size >= 0 && this.last < this.size;
  }

  #readPositions(bytes: Uint8Array, end: number): boolean {
    this.first = this.#number(bytes, end);
    if (this.first < 0 || bytes[this.#at] !== dash) return false;
    this.#at += 1;
    this.last = this.#number(bytes, end);
    return this.last >= this.first;
  }

  /** -1 where there is none, or one that is not exact as a number. */
  #number(bytes: Uint8Array, end: number): number {
    const from = this.#at;
    let value = 0;
    for (; this.#at < end && isDigit(bytes[this.#at]!); this.#at += 1)
      value = value * 10 + bytes[this.#at]! - 0x30;
    return this.#at === from || this.#at - from > 15 ? -1 : value;
  }
}

/** What the slices of one response have in common; of `sliceBytes` 0: it is stored in parts. */
export interface SliceInfo {
  /** What the marker carries: field lines like those of a stored head. The same text, the same version. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly sliceBytes: number;
}

const range = new ContentRange();
const nowhere = { first: -1, last: -1, size: -1 };

/** The only Content-Range of a head; the same object each time. */
export function readContentRange(head: HeadView): ContentRange | undefined {
  const field = head.find(contentRangeId);
  if (field === noField || head.findNext(contentRangeId, field) !== noField) return undefined;
  return range.read(head.arena.bytes, head.valueOffset(field), head.valueLength(field)) ? range : undefined;
}

/** The validator that all pieces must share: a strong entity tag, else the modification date. '' where there is none. */
export function validatorLine(head: HeadView): string {
  const etag = head.find(etagId);
  if (etag !== noField && !isWeakTag(head.arena.bytes, head.valueOffset(etag), head.valueLength(etag)))
    return `etag: ${head.valueText(etag)}\r\n`;
  const modified = head.find(lastModifiedId);
  return modified === noField ? '' : `last-modified: ${head.valueText(modified)}\r\n`;
}

/**
 * Checks a 206 that was asked for as slice `number`: its range, its length, that it is neither encoded nor without a
 * validator. Returns what it tells of the whole, undefined where it cannot be stored as a slice.
 *
 * @param lengthBytes its Content-Length, -1 where there is none
 */
export function sliceOf(
  head: HeadView,
  number: number,
  sliceBytes: number,
  lengthBytes: number,
): SliceInfo | undefined {
  if (head.has(contentEncodingId) || head.has(transferEncodingId)) return undefined;
  const { first, last, size } = readContentRange(head) ?? nowhere;
  const isAsked = first === number * sliceBytes && last === Math.min(first + sliceBytes, size) - 1;
  const validator = validatorLine(head);
  if (!isAsked || lengthBytes !== last - first + 1 || validator === '') return undefined;
  const text = `${validator}content-range: bytes */${size}\r\nslice-bytes: ${sliceBytes}\r\n`;
  return { text, sizeBytes: size, sliceBytes };
}

const sliceBytesName = latin1Bytes('slice-bytes');

/** Reads a marker back. */
export function sliceInfoOf(marker: HeadView): SliceInfo | undefined {
  const field = marker.findNamed(sliceBytesName, 0, marker.fieldAt(0));
  if (field === noField || readContentRange(marker) === undefined) return undefined;
  return { text: '', sizeBytes: range.size, sliceBytes: Number(marker.valueText(field)) };
}

/** Appends what makes the key of a whole that of a slice. */
export function putSliceKey(key: KeyBuilder, marker: number, number: number): void {
  key.putByte(keyMark.slice);
  key.putWord(marker);
  key.putWord(number);
}

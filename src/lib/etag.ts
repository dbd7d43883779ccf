/** Entity tags (RFC 9110 8.8.3), compared as byte spans. */
import { equalSpans, isBlank } from './bytes.ts';

const quote = 0x22;
const comma = 0x2c;
const star = 0x2a;

export function isWeakTag(bytes: Uint8Array, offset: number, length: number): boolean {
  return length >= 2 && bytes[offset] === 0x57 && bytes[offset + 1] === 0x2f;
}

/** Compares two entity tags; `strong` demands that neither is weak (RFC 9110 8.8.3.2). */
export function equalTags(
  a: Uint8Array,
  aOffset: number,
  aLength: number,
  b: Uint8Array,
  bOffset: number,
  bLength: number,
  strong: boolean,
): boolean {
  const aSkip = isWeakTag(a, aOffset, aLength) ? 2 : 0;
  const bSkip = isWeakTag(b, bOffset, bLength) ? 2 : 0;
  if (strong && aSkip + bSkip > 0) return false;
  return equalSpans(a, aOffset + aSkip, aLength - aSkip, b, bOffset + bSkip, bLength - bSkip);
}

/** Position after the tag at `at`: its closing quote, or the next comma where it is not quoted. */
function tagEnd(bytes: Uint8Array, at: number, end: number): number {
  let from = isWeakTag(bytes, at, end - at) ? at + 2 : at;
  if (bytes[from] === quote) {
    from += 1;
    while (from < end && bytes[from] !== quote) from += 1;
    return from < end ? from + 1 : end;
  }
  while (from < end && bytes[from] !== comma) from += 1;
  while (from > at && isBlank(bytes[from - 1]!)) from -= 1;
  return from;
}

/** Whether one line of If-Match or If-None-Match is `*`, or lists a tag that equals the given one. */
export function listHasTag(
  list: Uint8Array,
  offset: number,
  length: number,
  tag: Uint8Array,
  tagOffset: number,
  tagLength: number,
  strong: boolean,
): boolean {
  if (isAnyTag(list, offset, length)) return true;
  const end = offset + length;
  let at = offset;
  while (at < end) {
    if (list[at] === comma || isBlank(list[at]!)) {
      at += 1;
      continue;
    }
    const stop = tagEnd(list, at, end);
    if (tagLength > 0 && equalTags(list, at, stop - at, tag, tagOffset, tagLength, strong)) return true;
    at = stop > at ? stop : at + 1;
  }
  return false;
}

export function isAnyTag(list: Uint8Array, offset: number, length: number): boolean {
  return length === 1 && list[offset] === star;
}

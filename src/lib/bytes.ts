/**
 * Reading and comparing text that lies as bytes in a larger buffer, without making strings. A span is an offset and a
 * length in bytes; text is ASCII or latin1, one byte a character.
 */

const upperA = 0x41;
const upperZ = 0x5a;

export function lowerByte(byte: number): number {
  return byte >= upperA && byte <= upperZ ? byte | 0x20 : byte;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Optional white space of a field value: SP or HTAB. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** The bytes of an ASCII or latin1 text. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index) & 0xff;
  return bytes;
}

/** Whether the span reads as `lower` (bytes in lower case) in any mixture of cases. */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  offset: number,
  length: number,
  lower: Uint8Array,
): boolean {
  if (length !== lower.length) return false;
  for (let index = 0; index < length; index += 1) {
    if (lowerByte(bytes[offset + index]!) !== lower[index]) return false;
  }
  return true;
}

export function equalSpans(
  a: Uint8Array,
  aOffset: number,
  aLength: number,
  b: Uint8Array,
  bOffset: number,
  bLength: number,
): boolean {
  if (aLength !== bLength) return false;
  for (let index = 0; index < aLength; index += 1) {
    if (a[aOffset + index] !== b[bOffset + index]) return false;
  }
  return true;
}

/** The largest value of a number that is read as delta-seconds (RFC 9111 1.2.2). */
export const deltaSecondsMax = 2_147_483_647;

/** Reads a span of digits, at least one; larger values stop at `deltaSecondsMax`. -1 where it is anything else. */
export function readDeltaSeconds(bytes: Uint8Array, offset: number, length: number): number {
  if (length === 0) return -1;
  let value = 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[offset + index]!;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
    if (value > deltaSecondsMax) value = deltaSecondsMax;
  }
  return value;
}

/** Addresses as words that compare like addresses, and sets of them as sorted ranges. */
import { addressBytes, parseIp } from '../lib/ip.ts';
import type { IpRanges, IpWords } from './protocol.ts';

const high = 0x8000_0000;
/** Words of an IPv4 address before its own one: ::ffff:0:0/96. */
const zero = 0 ^ high;
const mapped = 0xffff ^ high;

function wordAt(bytes: Uint8Array, at: number): number {
  const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return word ^ high;
}

/** An address that can be filled again and again. */
export class Address implements IpWords {
  isFour = false;
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  /** Takes the 16 bytes at an offset. */
  take(bytes: Uint8Array, offset: number): this {
    this.a = wordAt(bytes, offset);
    this.b = wordAt(bytes, offset + 4);
    this.c = wordAt(bytes, offset + 8);
    this.d = wordAt(bytes, offset + 12);
    this.isFour = this.a === zero && this.b === zero && this.c === mapped;
    return this;
  }

  /** Words as they are, without the turned bit. */
  static of(words: readonly number[], isFour: boolean): Address {
    const address = new Address();
    address.isFour = isFour;
    address.a = words[0]! ^ high;
    address.b = words[1]! ^ high;
    address.c = words[2]! ^ high;
    address.d = words[3]! ^ high;
    return address;
  }

  static parse(text: string): Address | undefined {
    const bytes = new Uint8Array(addressBytes);
    return parseIp(text, bytes) ? new Address().take(bytes, 0) : undefined;
  }
}

export function isSameAddress(left: IpWords, right: IpWords): boolean {
  return left.d === right.d && left.c === right.c && left.b === right.b && left.a === right.a;
}

/** Order of two addresses of one family: below 0, 0 or above. */
export function compareAddresses(left: IpWords, right: IpWords): number {
  return left.a - right.a || left.b - right.b || left.c - right.c || left.d - right.d;
}

/** Words of a v4 range in `IpRanges.four`: first, last. */
export const fourWords = 2;
/** Words of a v6 range in `IpRanges.six`: four of the first address, four of the last. */
export const sixWords = 8;

/** Whether the address at `at` (four words) is above the given one. */
export function isAbove(words: Int32Array, at: number, address: IpWords): boolean {
  if (words[at] !== address.a) return words[at]! > address.a;
  if (words[at + 1] !== address.b) return words[at + 1]! > address.b;
  if (words[at + 2] !== address.c) return words[at + 2]! > address.c;
  return words[at + 3]! > address.d;
}

/** Position of the last of `count` sorted addresses, `step` words apart, that is not above the given one; -1 for none. */
export function lastNotAbove(words: Int32Array, step: number, address: IpWords): number {
  let low = 0;
  let high = words.length / step;
  if (address.isFour) {
    const { d } = address;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[middle * step]! > d) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(words, middle * step, address)) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

export function inRanges(ranges: IpRanges, address: IpWords): boolean {
  if (address.isFour) {
    const at = lastNotAbove(ranges.four, fourWords, address);
    return at >= 0 && ranges.four[at * fourWords + 1]! >= address.d;
  }
  const at = lastNotAbove(ranges.six, sixWords, address);
  if (at < 0) return false;
  const last = at * sixWords + 4;
  return isAbove(ranges.six, last, address) || isEqualAt(ranges.six, last, address);
}

function isEqualAt(words: Int32Array, at: number, address: IpWords): boolean {
  return (
    words[at + 3] === address.d &&
    words[at + 2] === address.c &&
    words[at + 1] === address.b &&
    words[at] === address.a
  );
}

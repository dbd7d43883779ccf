/** Literals read as the type that stands on their left. */
import { isIP } from 'node:net';
import { addressBytes, formatIp } from '../../lib/ip.ts';
import { Address, compareAddresses, sixWords } from '../address.ts';
import type { IpRanges, IpWords } from '../protocol.ts';
import { Fault, type Literal } from './ast.ts';
import type { IntRange } from './typed.ts';

/** Takes what is odd, but no error. */
export type Warn = (literal: Literal, message: string, hint: string) => void;

export function readBytes(literal: Literal): string {
  if (literal.kind === 'quoted') return literal.text;
  const { text } = literal;
  if (/^[0-9A-Fa-f]{2}([:.-][0-9A-Fa-f]{2})+$/.test(text)) {
    return text
      .split(/[:.-]/)
      .map((byte) => String.fromCharCode(Number.parseInt(byte, 16)))
      .join('');
  }
  throw new Fault(literal, `expected a string in quotes, found "${text}"`, `write "${text}" in quotes`);
}

export function readInt(literal: Literal, warn: Warn): number {
  if (literal.kind === 'quoted') {
    const hint = /^-?[0-9]+$/.test(literal.text) ? `write ${literal.text} without quotes` : undefined;
    throw new Fault(literal, 'expected an integer, found a string', hint);
  }
  return intOf(literal, literal.text, warn);
}

function intOf(literal: Literal, text: string, warn: Warn): number {
  const found = /^(-?)(0x[0-9A-Fa-f]+|[0-9]+)$/.exec(text);
  if (found === null) throw new Fault(literal, `expected an integer, found "${text}"`);
  const digits = found[2]!;
  const isOctal = /^0[0-9]+$/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    throw new Fault(
      literal,
      `"${text}" begins with 0 and is octal, but has a digit above 7`,
      'leave the 0 out',
    );
  }
  const size = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  if (!Number.isSafeInteger(size))
    throw new Fault(literal, `"${text}" is beyond 2^53: integers are exact up to there`);
  const value = found[1] === '-' && size !== 0 ? -size : size;
  if (isOctal)
    warn(
      literal,
      `"${text}" is octal, since it begins with 0: ${value}`,
      'leave the 0 out for a decimal number',
    );
  return value;
}

export function readIntRange(literal: Literal, warn: Warn): IntRange {
  if (literal.kind === 'quoted' || !literal.text.includes('..')) {
    const value = readInt(literal, warn);
    return [value, value];
  }
  const [first, last] = bounds(literal);
  const range: IntRange = [intOf(literal, first, warn), intOf(literal, last, warn)];
  if (range[0] > range[1]) throw new Fault(literal, `the range "${literal.text}" is the wrong way round`);
  return range;
}

function bounds(literal: Literal): [string, string] {
  const [first = '', last = '', ...rest] = literal.text.split('..');
  if (first === '' || last === '' || rest.length > 0) {
    throw new Fault(literal, `"${literal.text}" is no range: a range is written first..last`);
  }
  return [first, last];
}

export interface AddressRange {
  readonly first: IpWords;
  readonly last: IpWords;
}

export function readAddress(literal: Literal): IpWords {
  if (literal.text.includes('/')) {
    throw new Fault(
      literal,
      `expected one address, found "${literal.text}"`,
      'networks go with "in": field in {10.0.0.0/8}',
    );
  }
  return addressOf(literal, literal.text);
}

function addressOf(literal: Literal, text: string): Address {
  if (literal.kind === 'quoted') {
    const hint = isIP(text) === 0 ? undefined : `write ${text} without quotes`;
    throw new Fault(literal, 'expected an address, found a string', hint);
  }
  const address = Address.parse(text);
  if (address === undefined) throw new Fault(literal, `"${text}" is no address`);
  return address;
}

export function readAddressRange(literal: Literal): AddressRange {
  const { text } = literal;
  if (literal.kind === 'bare' && text.includes('..')) return addressBounds(literal);
  const slash = text.indexOf('/');
  if (slash === -1) {
    const only = addressOf(literal, text);
    return { first: only, last: only };
  }
  const address = addressOf(literal, text.slice(0, slash));
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8: mapped addresses are those that they hold.
  const least = address.isFour && text.includes(':') ? 96 : 0;
  const most = address.isFour && least === 0 ? 32 : 128;
  const digits = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(digits) || Number(digits) > most || Number(digits) < least) {
    throw new Fault(literal, `"/${digits}" is no prefix length: ${least} to ${most}`);
  }
  return network(literal, address, Number(digits) - least);
}

function network(literal: Literal, address: Address, length: number): AddressRange {
  const prefix = address.isFour ? length + 96 : length;
  const mask = (word: number): number => {
    const bits = Math.min(32, Math.max(0, prefix - word * 32));
    return bits === 0 ? 0 : -1 << (32 - bits);
  };
  const words = [address.a, address.b, address.c, address.d].map((word) => word ^ 0x8000_0000);
  const first = Address.of(
    words.map((word, index) => word & mask(index)),
    address.isFour,
  );
  const last = Address.of(
    words.map((word, index) => word | ~mask(index)),
    address.isFour,
  );
  if (compareAddresses(first, address) === 0) return { first, last };
  throw new Fault(
    literal,
    `"${literal.text}" has bits set behind its prefix`,
    `the network is ${textOf(first)}/${length}`,
  );
}

function textOf({ a, b, c, d }: IpWords): string {
  const bytes = Buffer.alloc(addressBytes);
  for (const [index, word] of [a, b, c, d].entries()) bytes.writeInt32BE(word ^ 0x8000_0000, index * 4);
  return formatIp(bytes);
}

function addressBounds(literal: Literal): AddressRange {
  const [from, to] = bounds(literal);
  const first = addressOf(literal, from);
  const last = addressOf(literal, to);
  if (first.isFour !== last.isFour) {
    throw new Fault(literal, `the ends of "${literal.text}" are of different families`);
  }
  if (compareAddresses(first, last) > 0)
    throw new Fault(literal, `the range "${literal.text}" is the wrong way round`);
  return { first, last };
}

/** Sorted, with what overlaps or touches made one. */
export function mergeInts(ranges: readonly IntRange[]): IntRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((left, right) => left[0] - right[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Sorted, with what overlaps made one. */
export function mergeAddresses(ranges: readonly AddressRange[]): IpRanges {
  const four = mergeFamily(ranges.filter((range) => range.first.isFour));
  const six = mergeFamily(ranges.filter((range) => !range.first.isFour));
  const words = new Int32Array(six.length * sixWords);
  for (const [index, { first, last }] of six.entries()) {
    words.set([first.a, first.b, first.c, first.d, last.a, last.b, last.c, last.d], index * sixWords);
  }
  return { four: Int32Array.from(four.flatMap(({ first, last }) => [first.d, last.d])), six: words };
}

function mergeFamily(ranges: AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of ranges.sort((left, right) => compareAddresses(left.first, right.first))) {
    const before = merged.at(-1);
    const overlaps = before !== undefined && compareAddresses(range.first, before.last) <= 0;
    if (!overlaps) merged.push(range);
    else if (compareAddresses(range.last, before.last) > 0)
      merged[merged.length - 1] = { first: before.first, last: range.last };
  }
  return merged;
}

/** The texts between the stars of a wildcard pattern. */
export function readGlob(literal: Literal, fold: (text: string) => string): string[] {
  const text = readBytes(literal);
  const pieces: string[] = [];
  let piece = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === '\\') {
      const next = text[at + 1] ?? '';
      if (next !== '*' && next !== '\\') {
        throw new Fault(literal, `"\\${next}" is no escape in a wildcard: there are \\* and \\\\`);
      }
      piece += next;
      at += 1;
    } else if (char === '*') {
      if (text[at + 1] === '*')
        throw new Fault(literal, '"**" is not allowed in a wildcard', 'one "*" takes any number of bytes');
      pieces.push(fold(piece));
      piece = '';
    } else {
      piece += char;
    }
  }
  return [...pieces, fold(piece)];
}

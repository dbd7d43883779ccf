/**
 * Cache directives (RFC 9111 5.2) as bits and seconds, read from bytes without making strings. One value is reused for
 * many messages: `clear`, then `addLine` for every field line.
 */
import { deltaSecondsMax, isBlank, latin1Bytes, lowerByte, readDeltaSeconds } from './bytes.ts';
import { memberEnd, quotedEnd, splitList } from './list.ts';

export const directive = {
  noStore: 1,
  /** Without field names: the whole response. */
  noCache: 2,
  private: 4,
  public: 8,
  mustRevalidate: 16,
  proxyRevalidate: 32,
  mustUnderstand: 64,
  noTransform: 128,
  immutable: 256,
  onlyIfCached: 512,
  /** With field names (5.2.2.4, 5.2.2.7). */
  noCacheFields: 1024,
  privateFields: 2048,
} as const;

/** A value of seconds that the message does not carry. */
export const absent = -1;
/** A value that is there and is not a number of seconds. */
export const invalid = -2;
/** The value of `max-stale` without an argument: any staleness. */
export const unlimited = deltaSecondsMax;

type SecondsName = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError' | 'minFresh' | 'maxStale';

interface DirectiveRow {
  name: Uint8Array;
  bit: number;
  /** The bit where the directive names fields. */
  fieldsBit: number;
  seconds: SecondsName | undefined;
}

function flagRow(name: string, bit: number, fieldsBit = 0): DirectiveRow {
  return { name: latin1Bytes(name), bit, fieldsBit, seconds: undefined };
}

function secondsRow(name: string, seconds: SecondsName): DirectiveRow {
  return { name: latin1Bytes(name), bit: 0, fieldsBit: 0, seconds };
}

const rows: readonly DirectiveRow[] = [
  secondsRow('max-age', 'maxAge'),
  secondsRow('s-maxage', 'sMaxage'),
  secondsRow('stale-while-revalidate', 'staleWhileRevalidate'),
  secondsRow('stale-if-error', 'staleIfError'),
  secondsRow('min-fresh', 'minFresh'),
  secondsRow('max-stale', 'maxStale'),
  flagRow('no-store', directive.noStore),
  flagRow('no-cache', directive.noCache, directive.noCacheFields),
  flagRow('private', directive.private, directive.privateFields),
  flagRow('public', directive.public),
  flagRow('must-revalidate', directive.mustRevalidate),
  flagRow('proxy-revalidate', directive.proxyRevalidate),
  flagRow('must-understand', directive.mustUnderstand),
  flagRow('no-transform', directive.noTransform),
  flagRow('immutable', directive.immutable),
  flagRow('only-if-cached', directive.onlyIfCached),
];

const nameLengthMax = Math.max(...rows.map((row) => row.name.length));
const rowsByLength: readonly (readonly DirectiveRow[])[] = Array.from(
  { length: nameLengthMax + 1 },
  (_, length) => rows.filter((row) => row.name.length === length),
);

function rowAt(bytes: Uint8Array, offset: number, length: number): DirectiveRow | undefined {
  if (length > nameLengthMax) return undefined;
  const candidates = rowsByLength[length]!;
  for (let index = 0; index < candidates.length; index += 1) {
    const { name } = candidates[index]!;
    let at = 0;
    while (at < length && lowerByte(bytes[offset + at]!) === name[at]) at += 1;
    if (at === length) return candidates[index];
  }
  return undefined;
}

function isNameEnd(byte: number): boolean {
  return byte === 0x3d || byte === 0x2c || byte === 0x3b || byte === 0x22 || isBlank(byte);
}

export class Directives {
  flags = 0;
  maxAge: number = absent;
  sMaxage: number = absent;
  staleWhileRevalidate: number = absent;
  staleIfError: number = absent;
  minFresh: number = absent;
  maxStale: number = absent;
  /** Whether any directive was there, known or not. */
  isPresent = false;

  clear(): this {
    this.flags = 0;
    this.maxAge = absent;
    this.sMaxage = absent;
    this.staleWhileRevalidate = absent;
    this.staleIfError = absent;
    this.minFresh = absent;
    this.maxStale = absent;
    this.isPresent = false;
    return this;
  }

  has(bits: number): boolean {
    return (this.flags & bits) !== 0;
  }

  /** Reads one field line. A quoted string that is not closed ends with its line. */
  addLine(bytes: Uint8Array, offset: number, length: number): void {
    const end = offset + length;
    let at = offset;
    while (at < end) {
      if (bytes[at] === 0x2c || isBlank(bytes[at]!)) at += 1;
      else at = this.#addMember(bytes, at, end);
    }
  }

  #addMember(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !isNameEnd(bytes[at]!)) at += 1;
    const stop = memberEnd(bytes, at, end);
    const row = rowAt(bytes, start, at - start);
    this.isPresent = true;
    if (row !== undefined) this.#take(row, bytes, at, stop);
    return stop;
  }

  /** Takes a known directive whose name ends at `at`, and its member at `stop`. */
  #take(row: DirectiveRow, bytes: Uint8Array, at: number, stop: number): void {
    while (stop > at && isBlank(bytes[stop - 1]!)) stop -= 1;
    const hasArgument = at < stop && bytes[at] === 0x3d;
    if (row.seconds !== undefined) {
      const bare = row.seconds === 'maxStale' && at === stop;
      this.setSeconds(row.seconds, bare ? unlimited : hasArgument ? secondsAt(bytes, at + 1, stop) : invalid);
      return;
    }
    // What follows a directive that takes no argument does not weaken it; field names do, where there are any.
    const namesFields = row.fieldsBit !== 0 && hasArgument && hasFieldName(bytes, at + 1, stop);
    this.flags |= namesFields ? row.fieldsBit : row.bit;
  }

  /** RFC 9111 4.2.1: of repeated values the first counts. */
  setSeconds(name: SecondsName, seconds: number): void {
    if (this[name] === absent) this[name] = seconds;
  }

  /** Takes a directive by name (lower case) with a value that has been read elsewhere; false where it is unknown. */
  addNamed(name: string, argument: number | string | true): boolean {
    const row = rowAt(latin1Bytes(name), 0, name.length);
    this.isPresent = true;
    if (row === undefined) return true;
    if (row.seconds !== undefined) {
      if (typeof argument !== 'number') return false;
      this[row.seconds] = argument < 0 ? invalid : Math.min(argument, deltaSecondsMax);
      return true;
    }
    const namesFields = row.fieldsBit !== 0 && typeof argument === 'string' && argument.trim() !== '';
    this.flags |= namesFields ? row.fieldsBit : row.bit;
    return true;
  }
}

/** Seconds as a token, or as a quoted string, which recipients ought to take too (RFC 9111 5.2). */
function secondsAt(bytes: Uint8Array, at: number, stop: number): number {
  const isQuoted = stop - at >= 2 && bytes[at] === 0x22 && quotedEnd(bytes, at, stop) === stop;
  const seconds = isQuoted
    ? readDeltaSeconds(bytes, at + 1, stop - at - 2)
    : readDeltaSeconds(bytes, at, stop - at);
  return seconds < 0 ? invalid : seconds;
}

function hasFieldName(bytes: Uint8Array, at: number, stop: number): boolean {
  while (at < stop && (bytes[at] === 0x22 || bytes[at] === 0x2c || isBlank(bytes[at]!))) at += 1;
  return at < stop;
}

/**
 * The field names (lower case) that `no-cache="..."` or `private="..."` of a line list; the token form is taken too.
 * Only for lines where the directive is known to name fields, so that strings may be made.
 */
export function qualifiedNames(line: string, name: 'no-cache' | 'private'): string[] {
  const found: string[] = [];
  for (const member of splitList(line)) {
    const equals = member.indexOf('=');
    if (equals < 0 || member.slice(0, equals).toLowerCase() !== name) continue;
    const names = member
      .slice(equals + 1)
      .replaceAll('"', '')
      .split(',');
    found.push(...names.map((text) => text.trim().toLowerCase()).filter((text) => text !== ''));
  }
  return found;
}

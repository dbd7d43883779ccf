/**
 * HTTP dates (RFC 9110 5.6.7): all three formats are read, IMF-fixdate is written. Times are whole seconds since 1970.
 * Names of days, months and the zone are read in any case; everything else must be exact.
 */
import { isDigit, lowerByte } from './bytes.ts';

export const invalidDate = -1;

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const longDayRests = ['day', 'day', 'sday', 'nesday', 'rsday', 'day', 'urday'];
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function code3(a: number, b: number, c: number): number {
  return (a << 16) | (b << 8) | c;
}

function nameCodes(names: readonly string[]): number[] {
  return names.map((name) => code3(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)));
}

const dayCodes = nameCodes(dayNames);
const monthCodes = nameCodes(monthNames);

function nameAt(bytes: Uint8Array, at: number, codes: readonly number[]): number {
  return codes.indexOf(code3(lowerByte(bytes[at]!), lowerByte(bytes[at + 1]!), lowerByte(bytes[at + 2]!)));
}

/** Two digits at `at`, or -1. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const high = bytes[at]!;
  const low = bytes[at + 1]!;
  return isDigit(high) && isDigit(low) ? (high - 0x30) * 10 + low - 0x30 : -1;
}

function fourDigits(bytes: Uint8Array, at: number): number {
  const high = twoDigits(bytes, at);
  const low = twoDigits(bytes, at + 2);
  return high < 0 || low < 0 ? -1 : high * 100 + low;
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar; `month` counts from 0. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month < 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Seconds of the time `hh:mm:ss` at `at`, or -1. A leap second is taken as it stands. */
function timeAt(bytes: Uint8Array, at: number): number {
  const hour = twoDigits(bytes, at);
  const minute = twoDigits(bytes, at + 3);
  const second = twoDigits(bytes, at + 6);
  if (bytes[at + 2] !== 0x3a || bytes[at + 5] !== 0x3a) return -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  return hour * 3600 + minute * 60 + second;
}

function assemble(year: number, month: number, day: number, time: number): number {
  if (year < 0 || month < 0 || day < 1 || time < 0 || day > monthDays[month]!) return invalidDate;
  if (month === 1 && day === 29 && !isLeap(year)) return invalidDate;
  // What lies before 1970 is only ever compared, and then it is long past.
  return Math.max(0, daysSince1970(year, month, day) * 86_400 + time);
}

function isGmt(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x20 &&
    lowerByte(bytes[at + 1]!) === 0x67 &&
    lowerByte(bytes[at + 2]!) === 0x6d &&
    lowerByte(bytes[at + 3]!) === 0x74
  );
}

function isSpace(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x20;
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function parseFixdate(bytes: Uint8Array, at: number): number {
  if (nameAt(bytes, at, dayCodes) < 0 || bytes[at + 3] !== 0x2c || !isSpace(bytes, at + 4))
    return invalidDate;
  if (!isSpace(bytes, at + 7) || !isSpace(bytes, at + 11) || !isSpace(bytes, at + 16)) return invalidDate;
  if (!isGmt(bytes, at + 25)) return invalidDate;
  const month = nameAt(bytes, at + 8, monthCodes);
  return assemble(fourDigits(bytes, at + 12), month, twoDigits(bytes, at + 5), timeAt(bytes, at + 17));
}

/** `Sun Nov  6 08:49:37 1994` */
function parseAsctime(bytes: Uint8Array, at: number): number {
  if (nameAt(bytes, at, dayCodes) < 0 || !isSpace(bytes, at + 3) || !isSpace(bytes, at + 7))
    return invalidDate;
  if (!isSpace(bytes, at + 10) || !isSpace(bytes, at + 19)) return invalidDate;
  const ones = bytes[at + 9]!;
  const padded = isSpace(bytes, at + 8) && isDigit(ones) ? ones - 0x30 : -1;
  const day = padded >= 0 ? padded : twoDigits(bytes, at + 8);
  const month = nameAt(bytes, at + 4, monthCodes);
  return assemble(fourDigits(bytes, at + 20), month, day, timeAt(bytes, at + 11));
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function parseRfc850(bytes: Uint8Array, at: number, length: number, now: number): number {
  const dayName = nameAt(bytes, at, dayCodes);
  if (dayName < 0) return invalidDate;
  const rest = longDayRests[dayName]!;
  if (length !== 3 + rest.length + 24) return invalidDate;
  for (let index = 0; index < rest.length; index += 1) {
    if (lowerByte(bytes[at + 3 + index]!) !== rest.charCodeAt(index)) return invalidDate;
  }
  const date = at + 3 + rest.length;
  if (bytes[date] !== 0x2c || !isSpace(bytes, date + 1) || !isSpace(bytes, date + 11)) return invalidDate;
  if (bytes[date + 4] !== 0x2d || bytes[date + 8] !== 0x2d || !isGmt(bytes, date + 20)) return invalidDate;
  const twoDigitYear = twoDigits(bytes, date + 9);
  const month = nameAt(bytes, date + 5, monthCodes);
  const day = twoDigits(bytes, date + 2);
  const time = timeAt(bytes, date + 12);
  if (twoDigitYear < 0) return invalidDate;
  // RFC 9110 5.6.7: more than 50 years ahead means the most recent past year with the same digits.
  const thisYear = 1970 + Math.floor(now / 31_556_952);
  const year = thisYear - (thisYear % 100) + twoDigitYear;
  const seconds = assemble(year, month, day, time);
  return seconds > now + 50 * 31_556_952 ? assemble(year - 100, month, day, time) : seconds;
}

/** Reads the date in a span; `now` (seconds since 1970) decides the century of a two-digit year. -1: not a date. */
export function parseHttpDate(bytes: Uint8Array, offset: number, length: number, now: number): number {
  if (length === 29) {
    const fixed = parseFixdate(bytes, offset);
    if (fixed >= 0) return fixed;
  }
  if (length === 24) return parseAsctime(bytes, offset);
  return length >= 30 && length <= 33 ? parseRfc850(bytes, offset, length, now) : invalidDate;
}

const fixdateDays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const fixdateMonths = monthNames.map((name) => name.charAt(0).toUpperCase() + name.slice(1));

function pad2(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** The IMF-fixdate of a time. */
export function formatHttpDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const day = fixdateDays[date.getUTCDay()]!;
  const month = fixdateMonths[date.getUTCMonth()]!;
  const time = `${pad2(date.getUTCHours())}:${pad2(date.getUTCMinutes())}:${pad2(date.getUTCSeconds())}`;
  const year = `${date.getUTCFullYear()}`.padStart(4, '0');
  return `${day}, ${pad2(date.getUTCDate())} ${month} ${year} ${time} GMT`;
}

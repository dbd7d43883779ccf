/** Reads a class in brackets, with ranges, named classes, nested ones, and the operators && -- ~~. */
import type { Escaped, PatternScan } from './scan.ts';
import { type ByteSet, foldCase, inverted, namedClasses, union } from './syntax.ts';

const nestingMax = 64;
const operators = ['&&', '--', '~~'] as const;

/** The set of the class whose "[" is at hand. */
export function readClass(scan: PatternScan, isFolded: boolean, depth = 0): ByteSet {
  const from = scan.at;
  if (depth > nestingMax) throw scan.fault(from, `classes are nested at most ${nestingMax} deep`);
  scan.at += 1;
  const isInverted = scan.take('^');
  // Case is folded first: (?i)[^a] has neither "a" nor "A".
  const fold = (items: ByteSet): ByteSet => (isFolded ? foldCase(items) : items);
  let set = fold(readItems(scan, isFolded, depth, true));
  for (;;) {
    const operator = operators.find((symbol) => scan.take(symbol));
    if (operator === undefined) break;
    set = combine(set, operator, fold(readItems(scan, isFolded, depth, false)));
  }
  if (!scan.take(']')) throw scan.fault(from, 'this class has no closing "]"');
  return isInverted ? inverted(set) : set;
}

function combine(left: ByteSet, operator: (typeof operators)[number], right: ByteSet): ByteSet {
  if (operator === '&&') return left.map((bit, byte) => bit & right[byte]!);
  if (operator === '--') return left.map((bit, byte) => bit & (1 - right[byte]!));
  return left.map((bit, byte) => bit ^ right[byte]!);
}

function readItems(scan: PatternScan, isFolded: boolean, depth: number, isFirst: boolean): ByteSet {
  const from = scan.at;
  const set = new Uint8Array(256);
  if (isFirst) readFirst(scan, set);
  while (scan.char !== ']') {
    if (scan.isAtEnd) throw scan.fault(from, 'this class has no closing "]"');
    if (operators.some((symbol) => scan.text.startsWith(symbol, scan.at))) return set;
    readItem(scan, set, isFolded, depth);
  }
  return set;
}

/** What stands for itself only where it comes first: any number of "-", or one "]". */
function readFirst(scan: PatternScan, set: ByteSet): void {
  if (scan.char === ']') set[scan.plain()[0]!] = 1;
  else while (scan.char === '-') set[scan.plain()[0]!] = 1;
}

function readItem(scan: PatternScan, set: ByteSet, isFolded: boolean, depth: number): void {
  const from = scan.at;
  const named = /^\[:(\^?)([a-z]*):\]/.exec(scan.text.slice(from, from + 16));
  if (named !== null) {
    scan.at += named[0].length;
    const found = Object.hasOwn(namedClasses, named[2]!) ? namedClasses[named[2]!] : undefined;
    if (found === undefined) throw scan.fault(from, `there is no class "${named[2]}"`);
    union(set, named[1] === '^' ? inverted(found) : found);
    return;
  }
  if (scan.char === '[') {
    union(set, readClass(scan, isFolded, depth + 1));
    return;
  }
  const escaped = readChar(scan);
  if ('set' in escaped) union(set, escaped.set);
  else addRange(scan, set, single(scan, from, escaped.bytes), from);
}

function readChar(scan: PatternScan): Escaped {
  return scan.char === '\\' ? scan.escape() : { bytes: scan.plain() };
}

function single(scan: PatternScan, from: number, bytes: readonly number[]): number {
  if (bytes.length === 1) return bytes[0]!;
  throw scan.fault(
    from,
    'a class holds single bytes, and this character has several',
    'write the characters as (?:a|b)',
  );
}

/** Adds a byte, or the range that it begins. */
function addRange(scan: PatternScan, set: ByteSet, first: number, from: number): void {
  let last = first;
  const next = scan.text[scan.at + 1] ?? '';
  if (scan.char === '-' && next !== ']' && next !== '-' && next !== '') {
    scan.at += 1;
    const at = scan.at;
    const escaped = readChar(scan);
    if ('set' in escaped) throw scan.fault(at, 'a range ends with a single byte');
    last = single(scan, at, escaped.bytes);
  }
  if (last < first) throw scan.fault(from, 'this range is the wrong way round');
  set.fill(1, first, last + 1);
}

/** Writes a pattern in the syntax of the library, such that neither its case folding nor its Unicode tables are used. */
import type { ByteSet, Look, Pattern } from './syntax.ts';

const looks: Readonly<Record<Look, string>> = {
  start: '\\A',
  end: '\\z',
  lineStart: '(?m:^)',
  lineEnd: '(?m:$)',
  word: '\\b',
  notWord: '\\B',
};

export function writePattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'set':
      return writeSet(pattern.set);
    case 'cat':
      return pattern.items
        .map((item) => (item.kind === 'alt' ? plainGroup(item) : writePattern(item)))
        .join('');
    case 'alt':
      return pattern.items.map(writePattern).join('|');
    case 'group':
      return `(${writePattern(pattern.item)})`;
    case 'look':
      return looks[pattern.look];
    case 'repeat':
      return writeRepeat(pattern);
  }
}

const plainGroup = (pattern: Pattern): string => `(?:${writePattern(pattern)})`;

function writeRepeat({ item, min, max, isLazy }: Extract<Pattern, { kind: 'repeat' }>): string {
  const isSingle = item.kind === 'set' || item.kind === 'group';
  const text = isSingle ? writePattern(item) : plainGroup(item);
  return `${text}${quantifier(min, max)}${isLazy ? '?' : ''}`;
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

const hex = (byte: number): string => `\\x{${byte.toString(16)}}`;

function writeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9/_ -]/.test(char) ? char : hex(byte);
}

function writeSet(set: ByteSet): string {
  const ranges: [number, number][] = [];
  for (let byte = 0; byte < 256; byte += 1) {
    if (set[byte] === 0) continue;
    const last = ranges.at(-1);
    if (last?.[1] === byte - 1) last[1] = byte;
    else ranges.push([byte, byte]);
  }
  const [only] = ranges;
  // The library has no empty class: this one holds a character that no byte is.
  if (only === undefined) return '[\\x{100}]';
  if (ranges.length === 1 && only[0] === only[1]) return writeByte(only[0]);
  return `[${ranges.map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`)).join('')}]`;
}

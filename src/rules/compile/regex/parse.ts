/**
 * Reads a pattern in the syntax of Rust's regex with Unicode off: it matches bytes, case is that of ASCII, and what would
 * need backtracking is refused.
 */
import { readClass } from './class.ts';
import { PatternScan } from './scan.ts';
import { type ByteSet, foldCase, inverted, type Look, type Pattern, setOf } from './syntax.ts';

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

const nestingMax = 128;
const repeatsMax = 1000;
const newline = setOf([10, 10]);
const anyByte = setOf([0, 255]);
const looks: Readonly<Record<string, Look>> = { A: 'start', z: 'end', b: 'word', B: 'notWord' };

class PatternParser {
  readonly #scan: PatternScan;
  #flags: Flags = { i: false, m: false, s: false, U: false };
  #depth = 0;

  constructor(text: string) {
    this.#scan = new PatternScan(text);
  }

  whole(): Pattern {
    const pattern = this.#alternatives();
    const scan = this.#scan;
    if (!scan.isAtEnd) throw scan.fault(scan.at, 'this ")" closes no group');
    return pattern;
  }

  #alternatives(): Pattern {
    const items = [this.#sequence()];
    while (this.#scan.take('|')) items.push(this.#sequence());
    return items.length === 1 ? items[0]! : { kind: 'alt', items };
  }

  #sequence(): Pattern {
    const scan = this.#scan;
    const items: Pattern[] = [];
    while (!scan.isAtEnd && scan.char !== '|' && scan.char !== ')') {
      const atoms = this.#atom();
      const last = atoms.pop();
      items.push(...atoms);
      if (last !== undefined) items.push(this.#repeated(last));
    }
    return items.length === 1 ? items[0]! : { kind: 'cat', items };
  }

  /** One item; a character of several bytes is several, of which only the last could be repeated. */
  #atom(): Pattern[] {
    const scan = this.#scan;
    const from = scan.at;
    const { char } = scan;
    if (char === '(') return this.#group();
    if (char === '[') return [{ kind: 'set', set: readClass(scan, this.#flags.i) }];
    if (char === '\\') return this.#escape();
    if (/[*+?{]/.test(char)) {
      scan.at += 1;
      throw scan.fault(from, `"${char}" repeats nothing`, `write \\${char} for the character`);
    }
    if (char === '.') {
      scan.at += 1;
      return [{ kind: 'set', set: this.#flags.s ? anyByte : inverted(newline) }];
    }
    if (char === '^' || char === '$') {
      scan.at += 1;
      return [{ kind: 'look', look: this.#anchor(char) }];
    }
    return this.#bytes(scan.plain());
  }

  #anchor(char: string): Look {
    if (char === '^') return this.#flags.m ? 'lineStart' : 'start';
    return this.#flags.m ? 'lineEnd' : 'end';
  }

  #escape(): Pattern[] {
    const scan = this.#scan;
    const from = scan.at;
    const letter = scan.text[from + 1] ?? '';
    const look = looks[letter];
    if (look === undefined) {
      const escaped = scan.escape();
      return 'set' in escaped ? [this.#set(escaped.set)] : this.#bytes(escaped.bytes);
    }
    scan.at += 2;
    if (letter === 'b' && scan.char === '{')
      throw scan.fault(from, '"\\b{...}" is not available: there is "\\b"');
    return [{ kind: 'look', look }];
  }

  #set(set: ByteSet): Pattern {
    return { kind: 'set', set: this.#flags.i ? foldCase(set) : set };
  }

  /** The bytes of one character: a group where they are several, so that all of them are repeated. */
  #bytes(bytes: readonly number[]): Pattern[] {
    const items = bytes.map((byte) => this.#set(setOf([byte, byte])));
    return items.length === 1 ? items : [{ kind: 'cat', items }];
  }

  #repeated(first: Pattern): Pattern {
    const scan = this.#scan;
    let item = first;
    for (let count = 0; ; count += 1) {
      const from = scan.at;
      const bounds = this.#bounds();
      if (bounds === undefined) return item;
      if (count > nestingMax) throw scan.fault(from, `at most ${nestingMax} repetitions of a repetition`);
      const [min, max] = bounds;
      item = { kind: 'repeat', item, min, max, isLazy: scan.take('?') !== this.#flags.U };
    }
  }

  #bounds(): [number, number] | undefined {
    const scan = this.#scan;
    const from = scan.at;
    if (scan.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (scan.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (scan.take('?')) return [0, 1];
    if (scan.char !== '{') return undefined;
    const found = /^\{\s*([0-9]{1,9})\s*(,?)\s*([0-9]{0,9})\s*\}/.exec(scan.text.slice(from, from + 64));
    if (found === null) throw scan.fault(from, 'expected {n}, {n,} or {n,m}', 'write \\{ for the character');
    scan.at += found[0].length;
    const min = Number(found[1]);
    const open = found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    const max = found[2] === '' ? min : open;
    if (found[2] === '' && found[3] !== '') throw scan.fault(from, 'expected {n}, {n,} or {n,m}');
    if (max < min) throw scan.fault(from, 'this repetition is the wrong way round');
    if (min > repeatsMax || (max > repeatsMax && max !== Number.POSITIVE_INFINITY)) {
      throw scan.fault(from, `at most ${repeatsMax} repetitions`);
    }
    return [min, max];
  }

  #group(): Pattern[] {
    const scan = this.#scan;
    const from = scan.at;
    scan.at += 1;
    this.#depth += 1;
    if (this.#depth > nestingMax) throw scan.fault(from, `groups are nested at most ${nestingMax} deep`);
    const before = this.#flags;
    const opening = this.#opening(from);
    if (opening === 'flags') {
      this.#depth -= 1;
      return [];
    }
    const inside = this.#alternatives();
    if (!scan.take(')')) throw scan.fault(from, 'this group has no closing ")"');
    this.#flags = before;
    this.#depth -= 1;
    return [opening === 'captures' ? { kind: 'group', item: inside } : inside];
  }

  #opening(from: number): 'captures' | 'plain' | 'flags' {
    const scan = this.#scan;
    if (!scan.take('?')) return 'captures';
    if (/^(=|!|<=|<!)/.test(scan.text.slice(scan.at))) {
      scan.at += scan.char === '<' ? 2 : 1;
      throw scan.fault(from, 'look-around is not available: patterns run in linear time');
    }
    const name = /^P?<([^>]*)>/.exec(scan.text.slice(scan.at));
    if (name !== null) {
      scan.at += name[0].length;
      if (!/^[A-Za-z_][A-Za-z0-9_.[\]]*$/.test(name[1]!))
        throw scan.fault(from, `"${name[1]}" is no name of a group`);
      return 'captures';
    }
    const flags = /^([A-Za-z]*)(-?)([A-Za-z]*)([:)])/.exec(scan.text.slice(scan.at));
    if (flags === null || (flags[2] === '-' && flags[3] === '') || flags[0] === ')') {
      throw scan.fault(from, 'expected flags such as (?i) or (?s-i:...)');
    }
    scan.at += flags[0].length;
    this.#setFlags(from, flags[1]!, true);
    this.#setFlags(from, flags[3]!, false);
    return flags[4] === ':' ? 'plain' : 'flags';
  }

  #setFlags(from: number, letters: string, on: boolean): void {
    for (const letter of letters) {
      if (letter === 'u' && on) {
        throw this.#scan.fault(from, 'Unicode mode "(?u)" is not available: patterns match bytes');
      }
      if (letter === 'u') continue;
      if (!/[imsU]/.test(letter))
        throw this.#scan.fault(from, `the flag "${letter}" is not available: there are i, m, s, U`);
      this.#flags = { ...this.#flags, [letter]: on };
    }
  }
}

/** Throws a `PatternFault` where the text is no pattern, or one that could not be matched in linear time. */
export function parsePattern(text: string): Pattern {
  return new PatternParser(text).whole();
}

/** A place in the text of an expression, and what can be read from there without knowing any type. */
import { bytesOf } from '../text.ts';
import { Fault, type Literal, type Span } from './ast.ts';

const space = /[ \t\r\n]/;
const wordStart = /[A-Za-z0-9_]/;
const word = /[A-Za-z0-9_.]/;
const bare = /[A-Za-z0-9_.:/-]/;
const hex = /^[0-9A-Fa-f]{2}$/;
const octal = /^[0-3][0-7]{2}$/;
const hashesMax = 255;

export class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
    this.skip();
  }

  /** Steps over white space and comments, which reach from # or // to the end of the line. */
  skip(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) return;
      if (space.test(char)) this.at += 1;
      else if (char === '#' || (char === '/' && this.text[this.at + 1] === '/')) this.#skipLine();
      else return;
    }
  }

  #skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  startsWith(symbol: string): boolean {
    return this.text.startsWith(symbol, this.at);
  }

  /** Takes a symbol, and what may stand behind it. */
  take(symbol: string): boolean {
    if (!this.startsWith(symbol)) return false;
    this.at += symbol.length;
    this.skip();
    return true;
  }

  /** The word that begins here, '' for none; nothing is taken. */
  peekWord(): string {
    if (!wordStart.test(this.text[this.at] ?? '')) return '';
    return this.#run(word);
  }

  takeWord(expected: string): boolean {
    if (this.peekWord() !== expected) return false;
    this.at += expected.length;
    this.skip();
    return true;
  }

  #run(chars: RegExp): string {
    let end = this.at;
    while (end < this.text.length && chars.test(this.text[end]!)) end += 1;
    return this.text.slice(this.at, end);
  }

  /** What stands here, to be shown in a message. */
  here(): Span & { readonly shown: string } {
    if (this.isAtEnd) return { from: this.at, to: this.at, shown: 'the end of the expression' };
    const run = this.#run(bare) || this.text[this.at]!;
    return { from: this.at, to: this.at + run.length, shown: `"${run}"` };
  }

  expected(what: string, hint?: string): Fault {
    const { from, to, shown } = this.here();
    return new Fault({ from, to }, `expected ${what}, found ${shown}`, hint);
  }

  /** A string, a raw string or an unquoted value; undefined where none begins here. */
  literal(): Literal | undefined {
    if (this.startsWith('"')) return this.#quoted();
    const raw = this.#raw();
    if (raw !== undefined) return { ...raw, text: bytesOf(raw.text) };
    const text = this.#withoutComment(this.#run(bare));
    if (!/^[-:]?[0-9A-Za-z:]/.test(text)) return undefined;
    const from = this.at;
    this.at += text.length;
    this.skip();
    return { kind: 'bare', text, from, to: from + text.length };
  }

  // "80//port" ends at the comment.
  #withoutComment(text: string): string {
    const comment = text.indexOf('//');
    return comment === -1 ? text : text.slice(0, comment);
  }

  /** A pattern, its characters not yet bytes: in quotes every pair of backslash and character stays, save \" (rules.md 2.1). */
  pattern(): Literal | undefined {
    if (!this.startsWith('"')) return this.#raw();
    const from = this.at;
    let inClass = false;
    let text = '';
    for (let at = from + 1; at < this.text.length; at += 1) {
      const char = this.text[at]!;
      if (char === '\\') {
        const pair = this.text[at + 1] ?? '';
        text += pair === '"' && !inClass ? '"' : char + pair;
        at += 1;
        continue;
      }
      if (char === '"' && !inClass) return this.#end(from, at + 1, text);
      if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      text += char;
    }
    throw new Fault({ from, to: this.text.length }, 'this string has no closing quote');
  }

  #end(from: number, to: number, text: string): Literal {
    this.at = to;
    this.skip();
    return { kind: 'quoted', text, from, to };
  }

  #raw(): Literal | undefined {
    const open = /^r(#*)"/.exec(this.text.slice(this.at, this.at + hashesMax + 3));
    if (open === null) return undefined;
    const from = this.at;
    const hashes = open[1]!;
    if (hashes.length > hashesMax)
      throw new Fault({ from, to: from + 1 }, `at most ${hashesMax} "#" may open a raw string`);
    const start = from + open[0].length;
    const end = this.text.indexOf(`"${hashes}`, start);
    if (end === -1) {
      throw new Fault({ from, to: this.text.length }, `this raw string is not closed by "${hashes}`);
    }
    return this.#end(from, end + 1 + hashes.length, this.text.slice(start, end));
  }

  #quoted(): Literal {
    const from = this.at;
    let text = '';
    let run = from + 1;
    let at = run;
    while (at < this.text.length && this.text[at] !== '"') {
      if (this.text[at] !== '\\') {
        at += 1;
        continue;
      }
      text += bytesOf(this.text.slice(run, at));
      const length = this.#escape(at);
      text += this.#escaped(at, length);
      at += length;
      run = at;
    }
    if (at >= this.text.length) {
      throw new Fault({ from, to: this.text.length }, 'this string has no closing quote');
    }
    text += bytesOf(this.text.slice(run, at));
    return this.#end(from, at + 1, text);
  }

  /** Length of the escape sequence at a backslash. */
  #escape(at: number): number {
    const next = this.text[at + 1] ?? '';
    if (next === '"' || next === '\\') return 2;
    if (next === 'x' && hex.test(this.text.slice(at + 2, at + 4))) return 4;
    if (octal.test(this.text.slice(at + 1, at + 4))) return 4;
    throw new Fault(
      { from: at, to: Math.min(at + 2, this.text.length) },
      `"\\${next}" is no escape sequence: there are \\", \\\\, \\xHH and \\OOO`,
      'write \\\\ for a backslash, or a raw string: r"..."',
    );
  }

  #escaped(at: number, length: number): string {
    if (length === 2) return this.text[at + 1]!;
    const isHex = this.text[at + 1] === 'x';
    const digits = this.text.slice(at + (isHex ? 2 : 1), at + 4);
    return String.fromCharCode(Number.parseInt(digits, isHex ? 16 : 8));
  }
}

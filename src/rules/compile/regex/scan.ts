/** Reads the pieces that stand both in and outside of a class: escapes, and characters as bytes. */
import { bytesOf } from '../../text.ts';
import { type ByteSet, controlEscapes, letterClasses, PatternFault } from './syntax.ts';

/** `\<` and `\>` are borders of words in this dialect, and so no escapes of the characters. */
const meta = /[\\.+*?()|[\]{}^$#&\-~/"'@!%,:;=_` ]/;

/** What an escape stands for: a class, or the bytes of a character. */
export type Escaped = { readonly set: ByteSet } | { readonly bytes: readonly number[] };

export class PatternScan {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get char(): string {
    return this.text[this.at] ?? '';
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  take(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  fault(from: number, message: string, hint?: string): PatternFault {
    return new PatternFault({ from, to: Math.max(from + 1, this.at) }, message, hint);
  }

  /** A character that stands for itself: its UTF-8 bytes. */
  plain(): number[] {
    const char = String.fromCodePoint(this.text.codePointAt(this.at)!);
    this.at += char.length;
    return codes(bytesOf(char));
  }

  /** The escape whose backslash is at hand. */
  escape(): Escaped {
    const from = this.at;
    this.at += 2;
    const letter = this.text[from + 1];
    if (letter === undefined) throw this.fault(from, 'a backslash at the end escapes nothing');
    const set = letterClasses[letter];
    if (set !== undefined) return { set };
    const control = controlEscapes[letter];
    if (control !== undefined) return { bytes: [control] };
    if (letter === 'x' || letter === 'u' || letter === 'U') return { bytes: this.#hex(from, letter) };
    if (letter === 'p' || letter === 'P') {
      throw this.fault(from, 'Unicode classes are not available: patterns match bytes');
    }
    if (/[0-9]/.test(letter)) {
      throw this.fault(
        from,
        'back-references are not available: patterns run in linear time',
        'a byte is \\xHH',
      );
    }
    if (letter === '<' || letter === '>') {
      throw this.fault(from, `the border "\\${letter}" is not available: there is "\\b"`);
    }
    if (!meta.test(letter)) throw this.fault(from, `"\\${letter}" is no escape sequence of patterns`);
    return { bytes: [letter.charCodeAt(0)] };
  }

  #hex(from: number, letter: string): number[] {
    const rest = this.text.slice(this.at);
    const width = letter === 'x' ? 2 : letter === 'u' ? 4 : 8;
    const found = /^\{([0-9A-Fa-f]{1,8})\}/.exec(rest) ?? new RegExp(`^([0-9A-Fa-f]{${width}})`).exec(rest);
    if (found === null)
      throw this.fault(from, `"\\${letter}" wants ${width} hexadecimal digits, or some in braces`);
    this.at += found[0].length;
    const code = Number.parseInt(found[1]!, 16);
    if (code > 0x10ffff) throw this.fault(from, `there is no character ${found[1]}`);
    // \x80 to \xff are bytes, since Unicode is off; in other words, braces too, it is a character: its UTF-8 bytes.
    if (letter === 'x' && !found[0].startsWith('{')) return [code];
    return codes(bytesOf(String.fromCodePoint(code)));
  }
}

function codes(bytes: string): number[] {
  return Array.from(bytes, (char) => char.charCodeAt(0));
}

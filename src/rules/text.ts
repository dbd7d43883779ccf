/** Bytes as latin1 text, one character a byte. */

/** ASCII letters in lower case, all other bytes as they are. */
export function lowerAscii(text: string): string {
  return changeCase(text, 0x41, /[A-Z]+/g, (part) => part.toLowerCase());
}

export function upperAscii(text: string): string {
  return changeCase(text, 0x61, /[a-z]+/g, (part) => part.toUpperCase());
}

function changeCase(text: string, first: number, letters: RegExp, change: (part: string) => string): string {
  let hasLetter = false;
  let hasHigh = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= first && code < first + 26) hasLetter = true;
    else if (code > 0x7f) hasHigh = true;
  }
  if (!hasLetter) return text;
  // The engine's own functions know letters beyond ASCII (é, ÿ), which are no letters of the language.
  return hasHigh ? text.replace(letters, change) : change(text);
}

/** The UTF-8 bytes of a text. */
export function bytesOf(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

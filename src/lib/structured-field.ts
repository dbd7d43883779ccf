/**
 * Dictionaries of structured fields (RFC 9651 3.2, 4.2.2), as far as RFC 9213 needs them: keys with bare items; what
 * stands in parameters and inner lists is checked and left out. Anything that the grammar does not allow fails the whole.
 */

export type BareItem =
  | { type: 'integer' | 'decimal' | 'date'; value: number }
  | { type: 'string' | 'token' | 'bytes' | 'display'; value: string }
  | { type: 'boolean'; value: boolean }
  | { type: 'list' };

export type Dictionary = Map<string, BareItem>;

const patterns = {
  spaces: / */y,
  blanks: /[ \t]*/y,
  key: /[a-z*][a-z0-9_\-.*]*/y,
  decimal: /-?\d{1,12}\.\d{1,3}(?![\d.])/y,
  integer: /-?\d{1,15}(?![\d.])/y,
  string: /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y,
  token: /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y,
  bytes: /:([A-Za-z0-9+/=]*):/y,
  boolean: /\?([01])/y,
  date: /@(-?\d{1,15})(?![\d.])/y,
  display: /%"((?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*)"/y,
};

class Reader {
  at = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }

  takeCharacter(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
}

function readNumber(reader: Reader): BareItem | undefined {
  const decimal = reader.take(patterns.decimal);
  if (decimal !== undefined) return { type: 'decimal', value: Number(decimal[0]) };
  const integer = reader.take(patterns.integer);
  return integer === undefined ? undefined : { type: 'integer', value: Number(integer[0]) };
}

function readText(
  reader: Reader,
  type: 'string' | 'bytes' | 'display',
  pattern: RegExp,
): BareItem | undefined {
  const match = reader.take(pattern);
  if (match === undefined) return undefined;
  const text = match[1]!;
  return { type, value: type === 'string' ? text.replaceAll(/\\(.)/g, '$1') : text };
}

function readBareItem(reader: Reader): BareItem | undefined {
  switch (reader.text[reader.at]) {
    case '"':
      return readText(reader, 'string', patterns.string);
    case ':':
      return readText(reader, 'bytes', patterns.bytes);
    case '%':
      return readText(reader, 'display', patterns.display);
    case '?': {
      const match = reader.take(patterns.boolean);
      return match === undefined ? undefined : { type: 'boolean', value: match[1] === '1' };
    }
    case '@': {
      const match = reader.take(patterns.date);
      return match === undefined ? undefined : { type: 'date', value: Number(match[1]) };
    }
    default: {
      const token = reader.take(patterns.token);
      return token === undefined ? readNumber(reader) : { type: 'token', value: token[0] };
    }
  }
}

/** Parameters are checked and left out (RFC 9213 2.1). */
function skipParameters(reader: Reader): boolean {
  while (reader.takeCharacter(';')) {
    reader.take(patterns.spaces);
    if (reader.take(patterns.key) === undefined) return false;
    if (reader.takeCharacter('=') && readBareItem(reader) === undefined) return false;
  }
  return true;
}

function readInnerList(reader: Reader): BareItem | undefined {
  for (;;) {
    reader.take(patterns.spaces);
    if (reader.takeCharacter(')')) return { type: 'list' };
    if (readBareItem(reader) === undefined || !skipParameters(reader)) return undefined;
    const next = reader.text[reader.at];
    if (next !== ' ' && next !== ')') return undefined;
  }
}

function readMember(reader: Reader, dictionary: Dictionary): boolean {
  const key = reader.take(patterns.key)?.[0];
  if (key === undefined) return false;
  let item: BareItem | undefined = { type: 'boolean', value: true };
  if (reader.takeCharacter('=')) {
    item = reader.takeCharacter('(') ? readInnerList(reader) : readBareItem(reader);
  }
  if (item === undefined || !skipParameters(reader)) return false;
  // The last of repeated keys counts (RFC 9651 4.2.2).
  dictionary.delete(key);
  dictionary.set(key, item);
  return true;
}

/** Parses a field value, its lines joined by commas; undefined where it is not a dictionary. It may be empty. */
export function parseDictionary(text: string): Dictionary | undefined {
  const reader = new Reader(text);
  const dictionary: Dictionary = new Map();
  reader.take(patterns.spaces);
  while (!reader.isAtEnd) {
    if (!readMember(reader, dictionary)) return undefined;
    reader.take(patterns.blanks);
    if (reader.isAtEnd) return dictionary;
    if (!reader.takeCharacter(',')) return undefined;
    reader.take(patterns.blanks);
    if (reader.isAtEnd) return undefined;
  }
  return dictionary;
}

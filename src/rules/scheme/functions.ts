/**
 * The functions of the language, a row each (rules.md 2.3). `any` and `all` take a whole comparison and are part of the
 * compiler. A function is given no nil unless it says so: nil in, nil out.
 */
import type { FieldType } from '../protocol.ts';
import { lowerAscii, upperAscii } from '../text.ts';

export interface Parameter {
  readonly types: readonly FieldType[];
  /** Only a literal, or never one. */
  readonly literal?: 'only' | 'never';
}

type Argument = string | readonly unknown[] | null;

export interface FunctionRow {
  readonly parameters: readonly Parameter[];
  /** The last parameter may come any number of times; all arguments are of one type. */
  readonly isVariadic?: true;
  readonly takesNil?: true;
  readonly result: FieldType | 'first';
  /** What a literal that must stand in the result says about the first argument: it stands there too, but for its case. */
  readonly keepsLetters?: true;
  readonly call: (...args: Argument[]) => unknown;
}

const bytes: Parameter = { types: ['Bytes'] };
const literal: Parameter = { types: ['Bytes'], literal: 'only' };
const source: Parameter = { types: ['Bytes'], literal: 'never' };
const anyArray: FieldType[] = [
  'Array<Bytes>',
  'Array<Int>',
  'Array<Bool>',
  'Array<Ip>',
  'Array<Array<Bytes>>',
];

export const functions: Readonly<Record<string, FunctionRow>> = {
  concat: {
    parameters: [{ types: ['Bytes', ...anyArray] }, { types: ['Bytes', ...anyArray] }],
    isVariadic: true,
    takesNil: true,
    result: 'first',
    call: concat,
  },
  ends_with: {
    parameters: [source, literal],
    result: 'Bool',
    call: (text, end) => (text as string).endsWith(end as string),
  },
  len: {
    parameters: [{ types: ['Bytes', ...anyArray] }],
    result: 'Int',
    call: (value) => value!.length,
  },
  lower: {
    parameters: [bytes],
    result: 'Bytes',
    keepsLetters: true,
    call: (text) => lowerAscii(text as string),
  },
  starts_with: {
    parameters: [source, literal],
    result: 'Bool',
    call: (text, start) => (text as string).startsWith(start as string),
  },
  upper: {
    parameters: [bytes],
    result: 'Bytes',
    keepsLetters: true,
    call: (text) => upperAscii(text as string),
  },
};

/** nil arguments are left out; nil where all are. */
function concat(...args: Argument[]): unknown {
  let text: string | null = null;
  let list: unknown[] | null = null;
  for (const value of args) {
    if (typeof value === 'string') text = text === null ? value : text + value;
    else if (value !== null) list = list === null ? [...value] : [...list, ...value];
  }
  return text ?? list;
}

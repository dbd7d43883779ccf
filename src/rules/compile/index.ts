/** The compiler of expressions: text in, a program or findings out. Runs in control and in the command line only. */
import type { ExpressionKind, ExpressionProgram, FieldType } from '../protocol.ts';

export type { ExpressionKind, ExpressionProgram, FieldType } from '../protocol.ts';

/** What expressions may name. `requestScheme`, or `recordScheme(fields)` for log records. */
export interface Scheme {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Names of the language that are not there yet. */
  readonly later: ReadonlySet<string>;
}

/** A named list, its items as they are written in the config: `$name` in an expression. */
export interface NamedList {
  readonly kind: 'Bytes' | 'Int' | 'Ip';
  readonly items: readonly string[];
}

export interface ExpressionText {
  readonly text: string;
  readonly want: ExpressionKind;
}

export interface CompileInput {
  readonly scheme: Scheme;
  readonly lists: ReadonlyMap<string, NamedList>;
  readonly expressions: readonly ExpressionText[];
}

export interface Finding {
  /** Index of the expression. */
  readonly index: number;
  /** Characters of its text, `to` not included. */
  readonly from: number;
  readonly to: number;
  readonly message: string;
  /** What may have been meant. */
  readonly hint?: string;
  readonly severity: 'error' | 'warning';
}

export interface CompileResult {
  /** Absent where a finding is an error. */
  readonly program?: ExpressionProgram;
  readonly findings: readonly Finding[];
}

export const requestScheme: Scheme = { name: 'request', fields: new Map(), later: new Set() };

export function recordScheme(fields: ReadonlyMap<string, FieldType>): Scheme {
  return { name: 'record', fields, later: new Set() };
}

/** What is wrong with the items of a named list, by item; the same findings as for a set in an expression. */
export function checkList(_list: NamedList): readonly { item: number; message: string }[] {
  return [];
}

export function compileSet(_input: CompileInput): CompileResult {
  throw new Error('not there yet');
}

/** The compiler of expressions: text in, a program or findings out. Runs in control and in the command line only. */
import type { ExpressionKind, ExpressionProgram } from '../protocol.ts';
import { Fault, type Span } from './ast.ts';
import { checkBool, checkBytes } from './check.ts';
import { fold } from './fold.ts';
import { ListTables, type NamedList } from './lists.ts';
import { parse } from './parse.ts';
import { PatternBudget, patternsSizeMax } from './pattern-budget.ts';
import { type Checked, makeProgram } from './program.ts';
import type { Scheme } from './scheme.ts';

export type { ExpressionKind, ExpressionProgram, FieldType } from '../protocol.ts';
export { checkList, type NamedList } from './lists.ts';
export { recordScheme, requestScheme, responseScheme, type Scheme, withPlaces } from './scheme.ts';

export interface ExpressionText {
  readonly text: string;
  readonly want: ExpressionKind;
  /** Names that this one may use, where that is not what all may. */
  readonly scheme?: Scheme;
}

export interface CompileInput {
  /** Names that expressions may use, and a superset of what any of them uses. */
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

export function compileSet({ scheme, lists, expressions }: CompileInput): CompileResult {
  const findings: Finding[] = [];
  const tables = new ListTables(lists);
  const checked: Checked[] = [];
  const budget = new PatternBudget();
  let hasRoom = true;
  for (const [index, { text, want, scheme: own = scheme }] of expressions.entries()) {
    const add = (severity: Finding['severity'], { from, to }: Span, message: string, hint?: string): void => {
      findings.push({ index, from, to, message, ...(hint === undefined ? {} : { hint }), severity });
    };
    const warn = (span: Span, message: string, hint: string): void => add('warning', span, message, hint);
    try {
      const context = { scheme: own, lists: tables, warn };
      const check = want === 'Bool' ? checkBool : checkBytes;
      const typed = fold(check(context, parse(text, want)));
      checked.push({ kind: want, typed });
      const had = hasRoom;
      hasRoom = budget.add(typed);
      // Told once: all that follow would be told the same.
      if (had && !hasRoom) {
        throw new Fault(
          { from: 0, to: text.length },
          `the patterns of "matches" are too large together: ${patternsSizeMax} instructions up to here, which a worker has memory for`,
          'write fewer or smaller ones: "contains", "wildcard" and lists take next to nothing',
        );
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      add('error', error, error.message, error.hint);
    }
  }
  if (findings.some(({ severity }) => severity === 'error')) return { findings };
  return { program: makeProgram(scheme, checked), findings };
}

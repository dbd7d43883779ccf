/** A config file as text and as a YAML document that still knows where each key and value stands. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import type { Diagnostic, Path } from './diagnostic.ts';
import { sourceOffset } from './scalar-offsets.ts';
import { commentHint, syntaxHint, unresolvedAliases } from './yaml-hint.ts';

/** What of a path is meant: the value that it leads to, or the key before it. */
export type Part = 'key' | 'value';

export interface Place {
  line: number;
  column: number;
  length: number;
  source: string;
  /** What may be meant otherwise at this place than YAML reads it. */
  hint?: string | undefined;
}

export interface Source {
  file: string;
  /** The plain value, undefined where the text is not YAML. */
  value: unknown;
  faults: Diagnostic[];
  /** `span`: characters of the text that the path leads to, `to` not included. */
  locate(path: Path, part: Part, span?: Span): Place;
}

export interface Span {
  from: number;
  to: number;
}

type Range = readonly [start: number, end: number];

export function parseSource(file: string, source: string): Source {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false, strict: true, version: '1.2' });
  const lines = source.split('\n');
  const place = (range: Range): Place => {
    const { line, col } = lineCounter.linePos(range[0]);
    const shown = (lines[line - 1] ?? '').replace(/\r$/, '');
    // A value over several lines is underlined to the end of its first.
    const length = Math.max(1, Math.min(range[1] - range[0], shown.length - col + 1));
    return { line: Math.max(1, line), column: Math.max(1, col), length, source: shown };
  };
  const told = new Set<number>();
  const faults = [...document.errors, ...document.warnings].flatMap((problem): Diagnostic[] => {
    const { message, expected } = syntaxMessage(problem.code, problem.message);
    const at = place(problem.pos);
    // What follows in the same line is nearly always a consequence.
    if (told.has(at.line)) return [];
    told.add(at.line);
    return [{ file, message, expected, hint: syntaxHint(problem.code), ...at }];
  });
  const unresolved = unresolvedAliases(document);
  for (const { range, message, hint } of unresolved) faults.push({ file, message, hint, ...place(range) });
  const broken = unresolved.length > 0 || document.errors.some((problem) => problem.code !== 'DUPLICATE_KEY');
  let value: unknown;
  if (!broken) {
    try {
      value = document.toJS({ maxAliasCount: 1000 });
    } catch (cause) {
      // Aliases that grow beyond the limit.
      faults.push({ file, ...place([0, 1]), message: (cause as Error).message });
    }
  }
  const resolve = (node: Node | null | undefined) => (isAlias(node) ? node.resolve(document) : node);
  const locate = (path: Path, part: Part, span?: Span): Place => {
    const { range, node } = rangeOf(document.contents, path, part, resolve);
    const text = span === undefined ? undefined : resolve(node);
    if (span === undefined || !isScalar(text) || typeof text.value !== 'string') return place(range);
    const { type, value: whole } = text;
    const start = text.range?.[0] ?? 0;
    const offset = (index: number) => sourceOffset(source, start, type, whole, index);
    const meant = place([offset(span.from), offset(Math.max(span.from, span.to - 1)) + 1]);
    return { ...meant, hint: commentHint(text) };
  };
  return { file, value, faults, locate };
}

function syntaxMessage(code: string, message: string): { message: string; expected?: string } {
  if (code === 'DUPLICATE_KEY') return { message: 'this key stands twice in the same mapping' };
  if (code === 'TAB_AS_INDENT') return { message: 'a tab as indentation', expected: 'spaces' };
  if (code === 'MULTIPLE_DOCS') return { message: 'a second document in the file', expected: 'one document' };
  return { message: `not YAML: ${message}` };
}

/** The deepest node that the path reaches, and its range. */
function rangeOf(
  root: ParsedNode | null,
  path: Path,
  part: Part,
  resolve: (node: Node | null | undefined) => Node | null | undefined,
): { range: Range; node: Node | null | undefined } {
  let node: Node | null | undefined = root;
  let found: Range = firstOf(node) ?? [0, 1];
  for (const [depth, step] of path.entries()) {
    const parent = resolve(node);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return { range: found, node: undefined };
      const key = (pair.key as Node).range;
      node = pair.value as Node | null;
      const value = isScalar(node) && node.value !== null ? node.range : undefined;
      const wanted = depth === path.length - 1 && part === 'key' ? key : (value ?? firstOf(node) ?? key);
      found = span(wanted) ?? found;
    } else if (isSeq(parent) && typeof step === 'number') {
      node = parent.items[step] as Node | undefined;
      found = firstOf(node) ?? found;
    } else return { range: found, node: undefined };
  }
  return { range: found, node };
}

const span = (range: readonly number[] | null | undefined): Range | undefined =>
  range === null || range === undefined ? undefined : [range[0] ?? 0, range[1] ?? 1];

/** A block mapping or sequence is pointed at by its first key or its first entry, anything else by itself. */
function firstOf(node: Node | null | undefined): Range | undefined {
  if (isMap(node) && !node.flow) return span((node.items[0]?.key as Node | undefined)?.range);
  if (isSeq(node) && !node.flow) return firstOf(node.items[0] as Node | undefined) ?? span(node.range);
  return span(node?.range);
}

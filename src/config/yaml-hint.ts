/** What is told of text that is no YAML as it stands, or that YAML reads as something else than was meant. */
import { type Document, isAlias, isScalar, type Node, visit } from 'yaml';

/** Hints by the code that the parser gives a fault: nearly always quotes are missing. */
const hints: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'a value that begins with "*" stands in quotes: "*"',
  BLOCK_AS_IMPLICIT_KEY: 'a value that has ": " in it stands in quotes',
  TAG_RESOLVE_FAILED: 'a value that begins with "!" stands in quotes; in an expression, "not" does the same',
  UNEXPECTED_TOKEN:
    'an expression that begins with a quote, or has "{" in it between braces, stands whole in single quotes, or behind "|" on a line of its own',
};

export const syntaxHint = (code: string): string | undefined => hints[code];

export interface Unresolved {
  range: readonly [start: number, end: number];
  message: string;
  hint: string;
}

/** Aliases that name nothing: as a rule a host such as *.example.com without quotes. */
export function unresolvedAliases(document: Document.Parsed): Unresolved[] {
  const found: Unresolved[] = [];
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) !== undefined) return;
      const [start = 0, end = 1] = node.range ?? [];
      const text = `*${node.source}`;
      found.push({
        range: [start, end],
        message: `${text} without quotes is an alias of YAML, and there is no such anchor`,
        hint: `write it in quotes: "${text}"`,
      });
    },
  });
  return found;
}

/** A text without quotes ends where " #" begins a comment: told where what is left of it has a fault. */
export function commentHint(node: Node | null | undefined): string | undefined {
  if (!isScalar(node) || isAlias(node) || node.type !== 'PLAIN' || node.comment === undefined)
    return undefined;
  return '" #" begins a comment in YAML: write the whole text in single quotes, or behind "|" on a line of its own';
}

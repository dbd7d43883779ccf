/**
 * Where in the source each character of a YAML text stands: a fault within an expression is underlined there, whether the
 * text is plain, quoted or a block.
 */
import type { Scalar } from 'yaml';

const isBlank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

/** Characters of the source that one escape of a double-quoted text takes (YAML 1.2.2 5.7). */
function escapeLength(source: string, at: number): number {
  const code = source[at + 1];
  if (code === 'x') return 4;
  if (code === 'u') return 6;
  if (code === 'U') return 10;
  return 2;
}

/** Steps over the white space of a folded or indented line break, until the next character of the value. */
function stepBlanks(source: string, at: number, wanted: string | undefined): number {
  let next = at;
  while (isBlank(source[next]) && source[next] !== wanted) next += 1;
  return next;
}

/** Where the text begins in the source. */
function contentStart(source: string, start: number, type: Scalar.Type | undefined): number {
  if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') return start + 1;
  if (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') return start;
  const line = source.indexOf('\n', start);
  return line < 0 ? start : line + 1;
}

/**
 * Offset in the source of a character of the value.
 *
 * @param start of the scalar in the source, its quote or block header included
 * @param index of the character; at most the length of the value
 */
export function sourceOffset(
  source: string,
  start: number,
  type: Scalar.Type | undefined,
  value: string,
  index: number,
): number {
  let at = contentStart(source, start, type);
  for (let position = 0; position < index; position += 1) {
    const wanted = value[position];
    if (type === 'QUOTE_DOUBLE' && source[at] === '\\') {
      // An escaped line break stands for nothing.
      if (source[at + 1] === '\n') {
        at = stepBlanks(source, at + 1, undefined);
        position -= 1;
      } else at += escapeLength(source, at);
      continue;
    }
    if (source[at] !== wanted) at = stepBlanks(source, at, isBlank(wanted) ? undefined : wanted);
    // A folded line break has been stepped over as a whole.
    if (isBlank(wanted) && !isBlank(source[at])) continue;
    at += type === 'QUOTE_SINGLE' && wanted === "'" ? 2 : 1;
  }
  const wanted = value[index];
  return wanted === undefined || isBlank(wanted) ? at : stepBlanks(source, at, wanted);
}

/** The pattern of `matches`: read, limited, written for the library, and looked at for literals. */
import { regexSize } from '../run/regex.ts';
import { Fault, type Literal } from './ast.ts';
import { plainPattern, requiredLiterals } from './regex/literals.ts';
import { parsePattern } from './regex/parse.ts';
import { type Pattern, PatternFault } from './regex/syntax.ts';
import { writePattern } from './regex/write.ts';
import type { Test } from './typed.ts';

/** Instructions of a compiled pattern; what bounds the time that a hostile input can cost. */
export const patternSizeMax = 2000;

export function readPattern(literal: Literal): Test {
  if (literal.kind === 'bare') throw new Fault(literal, 'expected a pattern in quotes');
  const pattern = parse(literal);
  const plain = plainPattern(pattern);
  if (plain !== undefined) {
    const { text, isAtStart, isAtEnd } = plain;
    if (isAtStart && isAtEnd) return { kind: 'order', op: 'eq', value: text };
    if (isAtStart) return { kind: 'starts', text };
    return isAtEnd ? { kind: 'ends', text } : { kind: 'contains', text };
  }
  const source = writePattern(pattern);
  const size = estimate(pattern) > patternSizeMax * 4 ? Number.POSITIVE_INFINITY : sizeOf(literal, source);
  if (size > patternSizeMax) {
    throw new Fault(
      literal,
      'this pattern is too large once its repetitions are written out',
      'lower the repetition counts',
    );
  }
  return { kind: 'pattern', source, size, required: requiredLiterals(pattern) };
}

function parse(literal: Literal): Pattern {
  try {
    return parsePattern(literal.text);
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error;
    throw new Fault(placeOf(literal, error), error.message, error.hint);
  }
}

// Text between quotes stands as it is in the source, save \", which is shorter here: then the whole literal is named.
function placeOf(literal: Literal, { span }: PatternFault): { from: number; to: number } {
  const extra = literal.to - literal.from - literal.text.length;
  const opening = extra === 2 ? 1 : Math.floor(extra / 2) + 1;
  if (literal.text.includes('"') && extra !== 2) return literal;
  return { from: literal.from + opening + span.from, to: literal.from + opening + span.to };
}

function sizeOf(literal: Literal, source: string): number {
  try {
    return regexSize(source);
  } catch (error) {
    throw new Fault(
      literal,
      `this pattern cannot be compiled: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
}

/** Instructions, roughly, before the library is asked to make them. */
function estimate(pattern: Pattern): number {
  switch (pattern.kind) {
    case 'set':
    case 'look':
      return 1;
    case 'group':
      return estimate(pattern.item) + 2;
    case 'cat':
    case 'alt':
      return pattern.items.reduce((sum, item) => sum + estimate(item) + 1, 0);
    case 'repeat': {
      const times = pattern.max === Number.POSITIVE_INFINITY ? pattern.min + 1 : pattern.max;
      return Math.max(1, times) * (estimate(pattern.item) + 1);
    }
  }
}

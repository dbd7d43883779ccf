/** The right side of a comparison, read as the type of its left side. */
import { isArray, isMap, nameOf } from '../scheme/types.ts';
import { lowerAscii } from '../text.ts';
import { type CompareOp, Fault, type Literal, type Node, type Right, type Span } from './ast.ts';
import { readPattern } from './check-pattern.ts';
import type { ListTables } from './lists.ts';
import type { Scheme } from './scheme.ts';
import type { OrderOp, Test, Typed } from './typed.ts';
import {
  mergeAddresses,
  mergeInts,
  readAddress,
  readAddressRange,
  readBytes,
  readGlob,
  readInt,
  readIntRange,
} from './values.ts';

export interface Context {
  readonly scheme: Scheme;
  readonly lists: ListTables;
  readonly warn: (span: Span, message: string, hint: string) => void;
}

type Compare = Extract<Node, { kind: 'compare' }>;
type Operand = 'Bytes' | 'Int' | 'Ip';

const orders: ReadonlySet<CompareOp> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
/** Types that an operator takes (rules.md 2.2); those that are not named take all three. */
const takes: Partial<Record<CompareOp, readonly Operand[]>> = {
  lt: ['Bytes', 'Int'],
  le: ['Bytes', 'Int'],
  gt: ['Bytes', 'Int'],
  ge: ['Bytes', 'Int'],
  contains: ['Bytes'],
  wildcard: ['Bytes'],
  'strict wildcard': ['Bytes'],
  matches: ['Bytes'],
  bitwise_and: ['Int'],
};

export function readTest(context: Context, left: Typed, node: Compare): Test {
  const type = operandType(left, node);
  const { op, right } = node;
  const allowed = takes[op];
  if (allowed !== undefined && !allowed.includes(type)) {
    const names = allowed.map((one) => nameOf(one)).join(' or ');
    throw new Fault(node.opSpan, `"${op}" compares ${names}, not ${nameOf(type)}`);
  }
  if (right.kind !== 'literal') return readSet(context, type, right);
  const { literal } = right;
  if (orders.has(op)) return { kind: 'order', op: op as OrderOp, value: readValue(context, type, literal) };
  if (op === 'contains') return { kind: 'contains', text: readBytes(literal) };
  if (op === 'wildcard') return glob(readGlob(literal, lowerAscii));
  if (op === 'strict wildcard') return glob(readGlob(literal, (text) => text));
  if (op === 'matches') return readPattern(literal);
  return { kind: 'bits', value: readInt(literal, context.warn) };
}

function operandType({ type, isLane }: Typed, node: Compare): Operand {
  if (type === 'Bytes' || type === 'Int' || type === 'Ip') return type;
  const { left, op } = node;
  if (type === 'Bool') {
    throw new Fault(
      node.opSpan,
      `a Bool stands on its own, and takes no "${op}"`,
      isLane ? undefined : 'write the field alone, or "not" before it',
    );
  }
  const name = nameOf(type);
  if (isMap(type))
    throw new Fault(left, `"${op}" compares single values, not a ${name}`, 'take one: ["key"]');
  const hint = isArray(type) ? 'take one: [0], or compare each: any(...[*] ...)' : undefined;
  throw new Fault(left, `"${op}" compares single values, not an ${name}`, hint);
}

const glob = (pieces: readonly string[]): Test => ({ kind: 'glob', pieces });

function readValue(
  context: Context,
  type: Operand,
  literal: Literal,
): string | number | ReturnType<typeof readAddress> {
  if (type === 'Bytes') return readBytes(literal);
  return type === 'Int' ? readInt(literal, context.warn) : readAddress(literal);
}

function readSet(context: Context, type: Operand, right: Exclude<Right, { kind: 'literal' }>): Test {
  if (right.kind === 'list') return context.lists.test(type, right.name, right);
  const { items } = right;
  if (type === 'Bytes') {
    const texts = [...new Set(items.map(readBytes))].sort();
    return { kind: 'texts', key: JSON.stringify(texts), texts };
  }
  if (type === 'Int') {
    const ranges = mergeInts(items.map((item) => readIntRange(item, context.warn)));
    return { kind: 'ints', key: JSON.stringify(ranges), ranges };
  }
  const ranges = mergeAddresses(items.map(readAddressRange));
  return { kind: 'ips', key: `${ranges.four.join()}/${ranges.six.join()}`, ranges };
}

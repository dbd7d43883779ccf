/** Makes expressions smaller without changing what they say: constants, flat chains, simpler tests. */

import { inRanges, isSameAddress } from '../address.ts';
import type { IpWords } from '../protocol.ts';
import { makeRegex } from '../run/regex.ts';
import { hasBits, isGlob } from '../run/tests.ts';
import { functions } from '../scheme/functions.ts';
import {
  type Constant,
  constant,
  isConstant,
  keyOf,
  type Test,
  type Typed,
  type TypedOf,
  truth,
} from './typed.ts';

/** Whether a value may be missing; of a lane: whether one of its elements may be. */
export function canBeNil(node: Typed): boolean {
  switch (node.op) {
    case 'slot':
      return node.isOptional;
    case 'item':
      return true;
    case 'call':
      return node.isMapped ? isArrayMissing(node.args[0]!) : isResultNil(node);
    // Arrays hold no nil, save those that a function made of elements that may be nil.
    case 'each':
      return node.of.op === 'call' && node.of.isMapped && isResultNil(node.of);
    case 'const':
    case 'quantify':
    case 'not':
    case 'logic':
    case 'test':
      return false;
  }
}

function isResultNil({ name, args }: TypedOf<'call'>): boolean {
  return functions[name]!.takesNil ? args.every(canBeNil) : args.some(canBeNil);
}

/** Whether there may be no array behind a lane. */
function isArrayMissing(lane: Typed): boolean {
  if (lane.op !== 'each' && lane.op !== 'item') return true;
  return lane.of.isLane ? isArrayMissing(lane.of) : canBeNil(lane.of);
}

export function fold(node: Typed): Typed {
  switch (node.op) {
    case 'const':
    case 'slot':
      return node;
    case 'item':
    case 'each':
      return { ...node, of: fold(node.of) };
    case 'call':
      return foldCall({ ...node, args: node.args.map(fold) });
    case 'quantify':
      return { ...node, item: fold(node.item) };
    case 'not':
      return foldNot({ ...node, item: fold(node.item) });
    case 'logic':
      return foldLogic({ ...node, items: node.items.map(fold) });
    case 'test':
      return foldTest({ ...node, left: fold(node.left), test: simpler(node.test) });
  }
}

function foldCall(node: TypedOf<'call'>): Typed {
  const [first, second] = node.args;
  if (!node.isMapped && second?.op === 'const' && first !== undefined && first.op !== 'const') {
    const text = second.value as string;
    const kind = node.name === 'starts_with' ? 'starts' : 'ends';
    if (node.name === 'starts_with' || node.name === 'ends_with') {
      return foldTest({
        op: 'test',
        type: 'Bool',
        isLane: false,
        left: first,
        test: simpler({ kind, text }),
      });
    }
  }
  const values: string[] = [];
  for (const arg of node.args) {
    if (arg.op !== 'const') return node;
    values.push(arg.value as string);
  }
  return constant(node.type, functions[node.name]!.call(...values) as Constant);
}

function foldNot(node: TypedOf<'not'>): Typed {
  const { item } = node;
  // Of an array that is missing, "not" makes one without elements.
  if (item.op === 'not' && node.type === 'Bool') return item.item;
  return item.op === 'const' ? truth(item.value === false) : node;
}

function foldLogic(node: TypedOf<'logic'>): Typed {
  const isSame = (item: Typed): item is TypedOf<'logic'> => item.op === 'logic' && item.logic === node.logic;
  const items = node.items.flatMap((item) => (isSame(item) ? item.items : [item]));
  if (node.type !== 'Bool') return { ...node, items };
  return node.logic === 'xor' ? foldXor(node, items) : foldChain(node, items);
}

function foldChain(node: TypedOf<'logic'>, items: readonly Typed[]): Typed {
  const decides = node.logic === 'or';
  if (items.some((item) => isConstant(item, decides))) return truth(decides);
  const distinct = new Map(items.filter((item) => item.op !== 'const').map((item) => [keyOf(item), item]));
  const rest = [...distinct.values()];
  if (rest.length === 0) return truth(!decides);
  return rest.length === 1 ? rest[0]! : { ...node, items: rest };
}

function foldXor(node: TypedOf<'logic'>, items: readonly Typed[]): Typed {
  const isTurned = items.filter((item) => isConstant(item, true)).length % 2 === 1;
  const rest = items.filter((item) => item.op !== 'const');
  if (rest.length === 0) return truth(isTurned);
  const folded = rest.length === 1 ? rest[0]! : { ...node, items: rest };
  return isTurned ? foldNot({ op: 'not', type: 'Bool', isLane: false, item: folded }) : folded;
}

function simpler(test: Test): Test {
  if (test.kind === 'contains' || test.kind === 'starts' || test.kind === 'ends') {
    return test.text === '' ? { kind: 'exists' } : test;
  }
  if (test.kind === 'texts' && test.texts.length === 1)
    return { kind: 'order', op: 'eq', value: test.texts[0]! };
  if (test.kind === 'ints' && test.ranges.length === 1) {
    const [first, last] = test.ranges[0]!;
    return first === last ? { kind: 'order', op: 'eq', value: first } : test;
  }
  return test.kind === 'glob' ? simplerGlob(test.pieces) : test;
}

function simplerGlob(pieces: readonly string[]): Test {
  const [first = '', second = '', third = ''] = pieces;
  if (pieces.length === 1) return { kind: 'order', op: 'eq', value: first };
  if (pieces.length === 2 && second === '') return simpler({ kind: 'starts', text: first });
  if (pieces.length === 2 && first === '') return { kind: 'ends', text: second };
  if (pieces.length === 3 && first === '' && third === '') return simpler({ kind: 'contains', text: second });
  return { kind: 'glob', pieces };
}

const isNever = (test: Test): boolean =>
  (test.kind === 'texts' && test.texts.length === 0) ||
  (test.kind === 'ints' && test.ranges.length === 0) ||
  (test.kind === 'ips' && test.ranges.four.length + test.ranges.six.length === 0) ||
  (test.kind === 'bits' && test.value === 0);

function foldTest(node: TypedOf<'test'>): Typed {
  const { left, test } = node;
  if (node.type !== 'Bool') return node;
  if (isNever(test)) return truth(false);
  if (left.op === 'const') return truth(isTrue(test, left.value));
  if (test.kind === 'exists' && !canBeNil(left)) return truth(true);
  return node;
}

/** A test of a constant. */
function isTrue(test: Test, value: Constant): boolean {
  switch (test.kind) {
    case 'order':
      return isOrdered(test, value);
    case 'contains':
      return (value as string).includes(test.text);
    case 'starts':
      return (value as string).startsWith(test.text);
    case 'ends':
      return (value as string).endsWith(test.text);
    case 'exists':
      return true;
    case 'glob':
      return isGlob(test.pieces, value as string);
    case 'pattern':
      return makeRegex(test.source).test(value as string);
    case 'texts':
      return test.texts.includes(value as string);
    case 'ints':
      return test.ranges.some(([first, last]) => first <= (value as number) && (value as number) <= last);
    case 'ips':
      return inRanges(test.ranges, value as IpWords);
    case 'bits':
      return hasBits(value as number, test.value);
  }
}

function isOrdered(test: Extract<Test, { kind: 'order' }>, value: Constant): boolean {
  const { op, value: other } = test;
  if (typeof other === 'object') return isSameAddress(value as IpWords, other) === (op === 'eq');
  const own = value as string | number;
  if (op === 'eq') return own === other;
  if (op === 'ne') return own !== other;
  if (op === 'lt') return own < other;
  if (op === 'le') return own <= other;
  return op === 'gt' ? own > other : own >= other;
}

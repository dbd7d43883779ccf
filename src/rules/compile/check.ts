/** Gives every name and literal its meaning, and every node its type; refuses what has none (rules.md 2.1, 2.2). */

import type { FieldType, Slot } from '../protocol.ts';
import { inner, isArray, isMap, nameOf } from '../scheme/types.ts';
import { type Base, Fault, type IndexNode, type Node, type Span, type Step } from './ast.ts';
import { checkCall } from './check-call.ts';
import { type Context, readTest } from './check-test.ts';
import { findField } from './scheme.ts';
import { constant, type Typed, type TypedOf } from './typed.ts';
import { readBytes } from './values.ts';

/** A whole expression that is true or false. */
export function checkBool(context: Context, node: Node): Typed {
  const typed = checkNode(context, node);
  if (typed.type === 'Bool') return typed;
  throw notTruth(node, typed);
}

/** A whole expression that computes a text. */
export function checkBytes(context: Context, node: Node): Typed {
  const typed = checkNode(context, node);
  if (typed.type === 'Bytes' && !typed.isLane) return typed;
  throw new Fault(
    node,
    `expected a String, found ${typed.isLane ? 'one for each element' : nameOf(typed.type)}`,
  );
}

function notTruth(node: Node, typed: Typed): Fault {
  if (typed.type === 'Array<Bool>') {
    return new Fault(node, 'this is one Bool for each element', 'put it into any(...) or all(...)');
  }
  const what = typed.isLane ? `${nameOf(typed.type)} for each element` : nameOf(typed.type);
  const isCompared = typed.type === 'Bytes' || typed.type === 'Int' || typed.type === 'Ip';
  const hint = isCompared ? 'compare it with something: field == value' : undefined;
  return new Fault(node, `expected a Bool, found ${what}`, hint);
}

function checkNode(context: Context, node: Node): Typed {
  switch (node.kind) {
    case 'logic':
      return checkLogic(context, node);
    case 'not': {
      const item = checkTruth(context, node.item);
      return { op: 'not', type: item.type, isLane: false, item };
    }
    case 'index':
      return alone(node, checkIndex(context, node));
    case 'compare': {
      const value = checkIndex(context, node.left);
      const test = readTest(context, value, node);
      const left = node.op === 'wildcard' ? lowered(value) : value;
      return { op: 'test', type: left.isLane ? 'Array<Bool>' : 'Bool', isLane: false, left, test };
    }
    case 'literal':
      return constant('Bytes', readBytes(node.literal));
  }
}

// `wildcard` does not tell upper from lower case: the pattern was read in lower case.
function lowered(value: Typed): Typed {
  const { isLane } = value;
  const call = { op: 'call', name: 'lower', args: [value], isLane: false } as const;
  if (!isLane) return { ...call, type: 'Bytes', isMapped: false };
  return { op: 'each', type: 'Bytes', isLane, of: { ...call, type: 'Array<Bytes>', isMapped: true } };
}

// A lane of Bool without an operator is the array of them.
function alone(node: Node, typed: Typed): Typed {
  if (!typed.isLane || typed.type !== 'Bool') return typed;
  if (node.kind !== 'index' || typed.op !== 'each') return typed;
  return typed.of;
}

function checkTruth(context: Context, node: Node): Typed {
  const typed = checkNode(context, node);
  if (typed.type === 'Bool' || typed.type === 'Array<Bool>') return typed;
  throw notTruth(node, typed);
}

function checkLogic(context: Context, node: Extract<Node, { kind: 'logic' }>): Typed {
  const items = node.items.map((item) => checkTruth(context, item));
  const type = items[0]!.type;
  const other = items.findIndex((item) => item.type !== type);
  if (other !== -1) {
    throw new Fault(
      node.items[other]!,
      `"${node.op}" joins a Bool and one Bool for each element`,
      'put the elements into any(...) or all(...)',
    );
  }
  return { op: 'logic', type, isLane: false, logic: node.op, items };
}

function checkIndex(context: Context, node: IndexNode): Typed {
  let typed = checkBase(context, node.base);
  for (const step of node.steps) typed = checkStep(context, node, typed, step);
  return typed;
}

function checkBase(context: Context, base: Base): Typed {
  if (base.kind === 'field') {
    // The product takes them as conditions, and shows "all requests" as the first.
    if (base.name === 'true' || base.name === 'false') return constant('Bool', base.name === 'true');
    const { name, field } = findField(context.scheme, base, base.name);
    const slot: Slot = { field: name, type: field.type };
    return { op: 'slot', type: field.type, isLane: false, slot, isOptional: field.isOptional };
  }
  if (base.name === 'any' || base.name === 'all') return checkQuantifier(context, base);
  return checkCall(base, (argument) => ({ node: argument, typed: checkArgument(context, argument) }));
}

function checkArgument(context: Context, node: Node): Typed | undefined {
  return node.kind === 'literal' && node.literal.kind === 'bare' ? undefined : checkNode(context, node);
}

function checkQuantifier(context: Context, base: Extract<Base, { kind: 'call' }>): Typed {
  const [argument, ...rest] = base.args;
  if (argument === undefined || rest.length > 0) {
    throw new Fault(base, `${base.name}() takes one argument, found ${base.args.length}`);
  }
  const item = checkNode(context, argument);
  if (item.type !== 'Array<Bool>') {
    const hint = isArray(item.type)
      ? 'compare its elements: field[*] == value'
      : 'compare elements: field[*] == value';
    throw new Fault(
      argument,
      `${base.name}() wants one Bool for each element, found ${nameOf(item.type)}`,
      hint,
    );
  }
  const isAll = base.name === 'all';
  if (isAll && item.op === 'test' && mapsOptional(item.left)) {
    context.warn(
      base,
      'all() is true where there is no element, so also where this key is absent',
      'use any(), or add a comparison of len()',
    );
  }
  return { op: 'quantify', type: 'Bool', isLane: false, isAll, item };
}

// Whether the elements are those under a key of a map.
function mapsOptional(node: Typed): boolean {
  if (node.op === 'slot') return node.slot.key !== undefined;
  if (node.op === 'each' || node.op === 'item') return mapsOptional(node.of);
  return node.op === 'call' && mapsOptional(node.args[0]!);
}

function checkStep(context: Context, node: IndexNode, typed: Typed, step: Step): Typed {
  const { type } = typed;
  if (step.kind === 'each') {
    if (!isArray(type) && !isMap(type)) throw notIndexed(step, type, '[*]');
    return { op: 'each', type: inner(type), isLane: true, of: typed };
  }
  if (step.kind === 'at' && !isArray(type)) throw notIndexed(step, type, `[${step.at}]`);
  if (step.kind === 'key' && !isMap(type)) throw notIndexed(step, type, `["${step.key}"]`);
  if (step.kind === 'key') warnOfCase(context, node, step, step.key);
  const at = step.kind === 'at' ? step.at : step.key;
  if (typed.op === 'slot' && typed.slot.at === undefined) return deeper(typed, at);
  return { op: 'item', type: inner(type), isLane: typed.isLane, of: typed, at };
}

/** A constant key or position is part of the slot: it is read without making the map. */
function deeper({ slot, type }: TypedOf<'slot'>, at: string | number): Typed {
  const to = inner(type);
  const under = typeof at === 'string' ? { ...slot, key: at, type: to } : { ...slot, at, type: to };
  return { op: 'slot', type: to, isLane: false, slot: under, isOptional: true };
}

function notIndexed(span: Span, type: FieldType, step: string): Fault {
  if (isMap(type))
    return new Fault(span, `${step} does not fit a ${nameOf(type)}`, 'a map wants a key in quotes, or "*"');
  if (isArray(type))
    return new Fault(span, `${step} does not fit an ${nameOf(type)}`, 'an array wants a position, or "*"');
  return new Fault(span, `a ${nameOf(type)} has no elements`);
}

function warnOfCase(context: Context, node: IndexNode, span: Span, key: string): void {
  const { base } = node;
  if (base.kind !== 'field' || node.steps[0] !== span) return;
  const isLower = key === key.toLowerCase();
  if (isLower || !context.scheme.lowerCaseMaps.has(base.name)) return;
  context.warn(
    span,
    `"${key}" is never there: names of fields are in lower case`,
    `write "${key.toLowerCase()}"`,
  );
}

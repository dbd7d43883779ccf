/**
 * Expressions with their types, names and literals resolved. A node is a lane where its value stands for each element of
 * an array (`[*]`): what is built on it is computed element by element.
 */
import type { FieldType, IpRanges, IpWords, Slot } from '../protocol.ts';
import type { LogicOp } from './ast.ts';

export type Constant = string | number | boolean | IpWords;
export type OrderOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
export type IntRange = readonly [first: number, last: number];

/** What a comparison asks of the value on its left. None of them is true of nil. */
export type Test =
  | { readonly kind: 'order'; readonly op: OrderOp; readonly value: string | number | IpWords }
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'starts'; readonly text: string }
  | { readonly kind: 'ends'; readonly text: string }
  /** Not nil. */
  | { readonly kind: 'exists' }
  /** Texts between the stars; folded: all in lower case, and compared with the value in lower case. */
  | { readonly kind: 'glob'; readonly pieces: readonly string[] }
  | {
      readonly kind: 'pattern';
      readonly source: string;
      /** Instructions, once compiled. */
      readonly size: number;
      readonly required: readonly string[] | null;
    }
  | { readonly kind: 'texts'; readonly key: string; readonly texts: readonly string[] }
  | { readonly kind: 'ints'; readonly key: string; readonly ranges: readonly IntRange[] }
  | { readonly kind: 'ips'; readonly key: string; readonly ranges: IpRanges }
  | { readonly kind: 'bits'; readonly value: number };

interface Value {
  readonly type: FieldType;
  readonly isLane: boolean;
}

export type Typed = Value &
  (
    | { readonly op: 'const'; readonly value: Constant }
    | { readonly op: 'slot'; readonly slot: Slot; readonly isOptional: boolean }
    /** What stands under a key or position of a value that is computed. */
    | { readonly op: 'item'; readonly of: Typed; readonly at: string | number }
    | { readonly op: 'each'; readonly of: Typed }
    /** Mapped: the first argument is a lane, the result an array. */
    | {
        readonly op: 'call';
        readonly name: string;
        readonly args: readonly Typed[];
        readonly isMapped: boolean;
      }
    | { readonly op: 'quantify'; readonly isAll: boolean; readonly item: Typed }
    | { readonly op: 'not'; readonly item: Typed }
    | { readonly op: 'logic'; readonly logic: LogicOp; readonly items: readonly Typed[] }
    | { readonly op: 'test'; readonly left: Typed; readonly test: Test }
  );

export type TypedOf<Op extends Typed['op']> = Extract<Typed, { op: Op }>;

export const constant = (type: FieldType, value: Constant): Typed => ({
  op: 'const',
  type,
  value,
  isLane: false,
});
export const truth = (value: boolean): Typed => constant('Bool', value);

export const isConstant = (node: Typed, value: boolean): boolean =>
  node.op === 'const' && node.value === value;

/** Operands of a node, in the order in which they are evaluated. */
export function operands(node: Typed): readonly Typed[] {
  switch (node.op) {
    case 'item':
    case 'each':
      return [node.of];
    case 'call':
      return node.args;
    case 'quantify':
    case 'not':
      return [node.item];
    case 'logic':
      return node.items;
    case 'test':
      return [node.left];
    case 'const':
    case 'slot':
      return [];
  }
}

const keys = new WeakMap<Typed, string>();

/** The same for two nodes that always have the same value. */
export function keyOf(node: Typed): string {
  let key = keys.get(node);
  if (key === undefined) {
    key = makeKey(node);
    keys.set(node, key);
  }
  return key;
}

function makeKey(node: Typed): string {
  const inside = operands(node).map(keyOf).join(',');
  switch (node.op) {
    case 'const':
      return JSON.stringify(node.value);
    case 'slot':
      return `$${JSON.stringify([node.slot.field, node.slot.key ?? null, node.slot.at ?? null])}`;
    case 'item':
      return `${inside}[${JSON.stringify(node.at)}]`;
    case 'each':
      return `${inside}[*]`;
    case 'call':
      return `${node.name}(${inside})`;
    case 'quantify':
      return `${node.isAll ? 'all' : 'any'}(${inside})`;
    case 'not':
      return `not(${inside})`;
    case 'logic':
      return `${node.logic}(${inside})`;
    case 'test':
      return `${inside} ${testKey(node.test)}`;
  }
}

function testKey(test: Test): string {
  if (test.kind === 'texts' || test.kind === 'ints' || test.kind === 'ips') return `${test.kind} ${test.key}`;
  return JSON.stringify(test);
}

const weights = new WeakMap<Typed, number>();

/** Nodes of an expression: a measure of its code. */
export function weightOf(node: Typed): number {
  let weight = weights.get(node);
  if (weight === undefined) {
    weight = 1 + operands(node).reduce((sum, child) => sum + weightOf(child), 0);
    weights.set(node, weight);
  }
  return weight;
}

const groupItems = 64;

/** Items of a logic node; a wide one is made of groups, so that each may have a function of its own. */
export function groups(node: TypedOf<'logic'>): readonly Typed[] {
  const { items } = node;
  if (items.length <= groupItems) return items;
  const parts: Typed[] = [];
  for (let from = 0; from < items.length; from += groupItems) {
    const part = items.slice(from, from + groupItems);
    parts.push(part.length === 1 ? part[0]! : { ...node, items: part });
  }
  return parts;
}

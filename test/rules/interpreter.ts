/**
 * Expressions evaluated straight from the syntax tree, in the plainest way: no types are inferred, nothing is folded,
 * shared or looked up beforehand, and fields come from a plain object. The generated code is held against this.
 */
import type { Base, Literal, Node, Right, Step } from '../../src/rules/compile/ast.ts';
import { parse } from '../../src/rules/compile/parse.ts';

/** An address as family and number. */
export interface Ip {
  readonly family: 4 | 6;
  readonly number: bigint;
}
export type Plain = string | number | boolean | Ip | null | readonly Plain[] | ReadonlyMap<string, Plain>;

/** A value for each element of an array; null: there is no array. */
class Lane {
  readonly values: readonly Plain[] | null;

  constructor(values: readonly Plain[] | null) {
    this.values = values;
  }
}
type Value = Plain | Lane;

export interface World {
  field(name: string): Plain;
  list(name: string): readonly string[];
}

/** Ways to be wrong, for the canary. */
export type Wrong =
  | 'ne of nil'
  | 'or as and'
  | 'wildcard with case'
  | 'all of nothing'
  | 'range without its end';

export class Interpreter {
  readonly #world: World;
  readonly #wrong: Wrong | undefined;

  constructor(world: World, wrong?: Wrong) {
    this.#world = world;
    this.#wrong = wrong;
  }

  isTrue(text: string): boolean {
    return this.#eval(parse(text, 'Bool')) === true;
  }

  #eval(node: Node): Value {
    switch (node.kind) {
      case 'literal':
        return node.literal.text;
      case 'not':
        return this.#each(this.#truth(node.item), (value) => value !== true);
      case 'logic':
        return node.items
          .map((item) => this.#truth(item))
          .reduce((left, right) => this.#join(node.op, left, right));
      case 'index':
        return this.#index(node.base, node.steps);
      case 'compare': {
        const { op, right } = node;
        const lane = this.#each(this.#index(node.left.base, node.left.steps), (value) =>
          this.#compare(op, value, right),
        );
        // Comparing the elements of an array that is missing is comparing none.
        return lane instanceof Lane ? new Lane(lane.values ?? []) : lane;
      }
    }
  }

  // Arrays of Bool take part element by element; one that is missing has none.
  #truth(node: Node): Value {
    const value = this.#eval(node);
    if (Array.isArray(value)) return new Lane(value as readonly Plain[]);
    if (value instanceof Lane) return new Lane(value.values ?? []);
    return value === null && isMapped(node) ? new Lane([]) : value;
  }

  #each(value: Value, change: (value: Plain) => Plain): Value {
    if (value instanceof Lane) return new Lane(value.values === null ? null : value.values.map(change));
    return change(value);
  }

  #join(op: 'and' | 'or' | 'xor', left: Value, right: Value): Value {
    if (left instanceof Lane && right instanceof Lane) {
      const length = Math.min(left.values!.length, right.values!.length);
      const at = (index: number): Value => this.#join(op, left.values![index]!, right.values![index]!);
      return new Lane(Array.from({ length }, (_, index) => at(index) as Plain));
    }
    const one = left === true;
    const two = right === true;
    if (op === 'xor') return one !== two;
    return op === 'and' || this.#wrong === 'or as and' ? one && two : one || two;
  }

  #index(base: Base, steps: readonly Step[]): Value {
    let value: Value =
      base.kind === 'field' ? this.#world.field(base.name) : this.#call(base.name, base.args);
    for (const step of steps) {
      if (step.kind !== 'each') value = this.#each(value, (one) => itemOf(one, step));
      else if (value instanceof Lane)
        value = new Lane(value.values?.flatMap((one) => elements(one) ?? []) ?? null);
      else value = new Lane(elements(value));
    }
    return value;
  }

  #call(name: string, args: readonly Node[]): Plain {
    if (name === 'any' || name === 'all') return this.#quantify(name, args[0]!);
    const [first, ...rest] = args.map((arg) => this.#eval(arg));
    const call = (value: Plain): Plain => apply(name, [value, ...(rest as Plain[])]);
    const result = this.#each(first!, call);
    return result instanceof Lane ? result.values : result;
  }

  #quantify(name: string, arg: Node): Plain {
    const value = this.#eval(arg);
    const isValue = arg.kind === 'index';
    const values = value instanceof Lane ? value.values : (value as readonly Plain[] | null);
    if (values === null) return name === 'all' && !isValue;
    if (name === 'any') return values.includes(true);
    if (values.length === 0 && this.#wrong === 'all of nothing') return false;
    return values.every((one) => one === true);
  }

  #compare(op: string, value: Plain, right: Right): boolean {
    if (value === null) return this.#wrong === 'ne of nil' && op === 'ne';
    if (right.kind === 'list')
      return this.#world.list(right.name).some((item) => isIn(value, bare(item), false));
    if (right.kind === 'set') {
      return right.items.some((item) => isIn(value, item, this.#wrong === 'range without its end'));
    }
    const { literal } = right;
    if (typeof value === 'string') return this.#compareText(op, value, literal.text);
    if (typeof value === 'number') return compareNumber(op, value, numberOf(literal.text));
    const same = isSameIp(value as Ip, ipOf(literal.text));
    return op === 'ne' ? !same : same;
  }

  #compareText(op: string, value: string, text: string): boolean {
    switch (op) {
      case 'contains':
        return value.split(text).length > 1 || text === '';
      case 'wildcard':
        return globOf(text, this.#wrong === 'wildcard with case' ? 's' : 'is').test(value);
      case 'strict wildcard':
        return globOf(text, 's').test(value);
      case 'matches':
        return patternOf(text).test(value);
      default:
        return compareOrder(op, Buffer.compare(Buffer.from(value, 'latin1'), Buffer.from(text, 'latin1')));
    }
  }
}

/** A function of the elements of an array: an array, also where it is missing. */
function isMapped(node: Node): boolean {
  if (node.kind !== 'index' || node.base.kind !== 'call') return false;
  const [first] = node.base.args;
  return first?.kind === 'index' && first.steps.some((step) => step.kind === 'each');
}

const bare = (text: string): Literal => ({ kind: 'bare', text, from: 0, to: 0 });

function elements(value: Plain): readonly Plain[] | null {
  if (value === null) return null;
  return value instanceof Map
    ? [...(value as ReadonlyMap<string, Plain>).values()]
    : (value as readonly Plain[]);
}

function itemOf(value: Plain, step: Step): Plain {
  if (value === null) return null;
  if (step.kind === 'key') return (value as ReadonlyMap<string, Plain>).get(step.key) ?? null;
  return step.kind === 'at' ? ((value as readonly Plain[])[step.at] ?? null) : null;
}

const shift = (text: string, letters: RegExp, by: number): string =>
  text.replaceAll(letters, (letter) => String.fromCharCode(letter.charCodeAt(0) + by));

function apply(name: string, args: readonly Plain[]): Plain {
  const [first, second] = args;
  if (name === 'concat') {
    const given = args.filter((arg) => arg !== null);
    if (given.length === 0) return null;
    const texts = given.filter((arg) => typeof arg === 'string');
    return texts.length > 0 ? texts.join('') : given.flat();
  }
  if (first === null || first === undefined) return null;
  const text = first as string;
  if (name === 'lower') return shift(text, /[A-Z]/g, 32);
  if (name === 'upper') return shift(text, /[a-z]/g, -32);
  if (name === 'len') return text.length;
  const end = second as string;
  if (name === 'starts_with') return text.slice(0, end.length) === end;
  return end === '' || text.slice(-end.length) === end;
}

function compareOrder(op: string, order: number): boolean {
  const orders: Record<string, boolean> = {
    eq: order === 0,
    ne: order !== 0,
    lt: order < 0,
    le: order <= 0,
    gt: order > 0,
    ge: order >= 0,
  };
  return orders[op]!;
}

function compareNumber(op: string, value: number, other: number): boolean {
  if (op === 'bitwise_and')
    return (BigInt.asUintN(64, BigInt(value)) & BigInt.asUintN(64, BigInt(other))) !== 0n;
  return compareOrder(op, value - other);
}

function numberOf(text: string): number {
  const digits = text.replace('-', '');
  const size = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return text.startsWith('-') ? -size : size;
}

export function ipOf(text: string): Ip {
  if (!text.includes(':')) {
    const number = text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { family: 4, number };
  }
  const [head = '', tail = ''] = text.split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = tail.split(':').filter((group) => group !== '');
  const zeros = text.includes('::') ? new Array<string>(8 - left.length - right.length).fill('0') : [];
  const number = [...left, ...zeros, ...right].reduce(
    (sum, group) => sum * 65_536n + BigInt(`0x${group}`),
    0n,
  );
  return { family: 6, number };
}

const isSameIp = (left: Ip, right: Ip): boolean =>
  left.family === right.family && left.number === right.number;

function isIn(value: Plain, item: Literal, withoutEnd: boolean): boolean {
  const { text } = item;
  if (typeof value === 'string') return value === text;
  const [first = '', last = first] = text.split('..');
  if (typeof value === 'number') {
    return value >= numberOf(first) && (value < numberOf(last) || (!withoutEnd && value === numberOf(last)));
  }
  const ip = value as Ip;
  const [address = '', prefix] = first.split('/');
  const from = ipOf(address);
  if (from.family !== ip.family) return false;
  if (prefix === undefined) return ip.number >= from.number && ip.number <= ipOf(last).number;
  const bits = BigInt((from.family === 4 ? 32 : 128) - Number(prefix));
  return ip.number >> bits === from.number >> bits;
}

const quote = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function globOf(text: string, flags: string): RegExp {
  const parts = text.match(/\\[*\\]|\*|[^*\\]+/g) ?? [];
  const source = parts.map((part) =>
    part === '*' ? '.*' : quote(part.startsWith('\\') ? part.slice(1) : part),
  );
  // The letters of the tests are ASCII, for which the engine folds case as the language does.
  return new RegExp(`^${source.join('')}$`, flags);
}

/** The patterns of the tests mean the same in both syntaxes, but for the flag in front. */
function patternOf(text: string): RegExp {
  const isFolded = text.startsWith('(?i)');
  return new RegExp(isFolded ? text.slice(4) : text, isFolded ? 'i' : '');
}

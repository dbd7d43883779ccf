/**
 * Writes JavaScript for expressions. A name is one letter and a number: an entry of a table of constants (`pools.ts`), a
 * variable `u`, a function `q`; a helper of `run/tests.ts` is `H.name`. So no text of a user is ever in it.
 */
import type { FieldType } from '../protocol.ts';
import { isMap } from '../scheme/types.ts';
import { canBeNil } from './fold.ts';
import type { Pools } from './pools.ts';
import { type Constant, groups, type Test, type Typed, type TypedOf } from './typed.ts';

/** Sets of at most so many members are compared one by one. */
const smallSet = 3;

/** Where shared results and hoisted functions are kept; `program.ts` has it. */
export interface Sharing {
  /** Code that reads the result of a node that several expressions have, undefined where it is not shared. */
  shared(node: Typed): string | undefined;
  /** Code that calls a function of its own for a node that is too large to stand in line. */
  hoisted(node: Typed): string | undefined;
}

/** The source of one function and of those that it calls: what it declares. */
export class FunctionWriter {
  readonly pools: Pools;
  readonly sharing: Sharing;
  readonly #names: Set<string>;
  readonly #inner: string[];
  readonly #lanes: Map<string, string> | undefined;
  #variables = 0;
  #declared = 0;

  constructor(pools: Pools, sharing: Sharing, outer?: FunctionWriter) {
    this.pools = pools;
    this.sharing = sharing;
    this.#names = outer === undefined ? new Set() : outer.#names;
    this.#inner = outer === undefined ? [] : outer.#inner;
    this.#lanes = outer === undefined ? undefined : new Map();
  }

  /** Variables of one expression are free for the next one. */
  release(): void {
    this.#variables = 0;
  }

  get declarations(): string {
    const names = Array.from({ length: this.#declared }, (_, index) => `u${index}`);
    return names.length === 0 ? '' : `let ${names.join(',')};`;
  }

  /** The constants that the function names, and its inner functions. */
  get prelude(): string {
    const constants = [...this.#names].map((name) => `${name}=${tableOf(name)}[${name.slice(1)}]`);
    return `${constants.length === 0 ? '' : `const ${constants.join(',')};`}\n${this.#inner.join('\n')}\n`;
  }

  #name(name: string): string {
    this.#names.add(name);
    return name;
  }

  #variable(): string {
    const name = `u${this.#variables}`;
    this.#variables += 1;
    this.#declared = Math.max(this.#declared, this.#variables);
    return name;
  }

  /** An expression of JavaScript that is true or false. */
  truth(node: Typed): string {
    const shared =
      this.#lanes === undefined ? (this.sharing.shared(node) ?? this.sharing.hoisted(node)) : undefined;
    return shared ?? this.plainTruth(node);
  }

  plainTruth(node: Typed): string {
    if (this.#lanes !== undefined && node.type === 'Array<Bool>' && isArrayValue(node)) {
      return `(${node.op === 'call' && node.isMapped ? this.#call(node, node.args) : this.#elementOf(node)}===true)`;
    }
    switch (node.op) {
      case 'const':
        return node.value === true ? 'true' : 'false';
      case 'not':
        return `!${this.truth(node.item)}`;
      case 'logic':
        return `(${groups(node)
          .map((item) => this.truth(item))
          .join(logicSymbols[node.logic])})`;
      case 'test':
        return `(${this.#test(node.left, node.test)})`;
      case 'quantify':
        return this.#quantify(node);
      case 'slot':
      case 'item':
      case 'each':
      case 'call':
        return `(${this.value(node)}===true)`;
    }
  }

  /** An expression of JavaScript that is a value, or null. */
  value(node: Typed): string {
    const shared = this.#lanes === undefined ? this.sharing.shared(node) : undefined;
    return shared ?? this.plainValue(node);
  }

  plainValue(node: Typed): string {
    switch (node.op) {
      case 'const':
        return this.#constant(node.value);
      case 'slot':
        return `R.${readerOf(node.type)}(${this.#name(this.pools.slot(node))})`;
      case 'item':
        return `H.itemAt(${this.value(node.of)},${this.#constant(node.at)})`;
      case 'each':
        return this.#element(node);
      case 'call':
        return node.isMapped ? this.#collect(node) : this.#call(node, node.args);
      case 'quantify':
      case 'not':
      case 'logic':
      case 'test':
        return this.truth(node);
    }
  }

  #constant(value: Constant): string {
    if (typeof value === 'string') return this.#name(this.pools.text(value));
    if (typeof value === 'number') return this.#name(this.pools.integer(value));
    return typeof value === 'boolean' ? String(value) : this.#name(this.pools.address(value));
  }

  #call(node: TypedOf<'call'>, args: readonly Typed[]): string {
    const { name } = node;
    if (name === 'concat')
      return `${this.#name(this.pools.call(name))}(${args.map((arg) => this.value(arg)).join(',')})`;
    const [first, ...rest] = args;
    const value = this.value(first!);
    if (!canBeNil(first!)) return this.#callOn(name, value, rest);
    const variable = this.#variable();
    return `((${variable}=${value})===null?null:${this.#callOn(name, variable, rest)})`;
  }

  #callOn(name: string, value: string, rest: readonly Typed[]): string {
    const method = methods[name];
    const others = rest.map((arg) => this.value(arg));
    if (method === 'length') return `${value}.length`;
    if (method !== undefined) return `${value}.${method}(${others.join(',')})`;
    return `${this.#name(this.pools.call(name))}(${[value, ...others].join(',')})`;
  }

  #test(left: Typed, test: Test): string {
    const value = this.value(left);
    // These are false of null by themselves.
    if (test.kind === 'exists') return `${value}!==null`;
    if (test.kind === 'order' && test.op === 'eq' && typeof test.value !== 'object') {
      return `${value}===${this.#constant(test.value)}`;
    }
    if (test.kind === 'texts' && test.texts.length > smallSet) {
      return `${this.#name(this.pools.textSet(test))}.has(${value})`;
    }
    const isReadTwice = test.kind === 'texts' || test.kind === 'ints';
    if (!canBeNil(left) && !isReadTwice) return this.#testOf(value, test);
    const variable = this.#variable();
    return `(${variable}=${value})!==null&&${this.#testOf(variable, test)}`;
  }

  #testOf(value: string, test: Test): string {
    switch (test.kind) {
      case 'order':
        return this.#order(value, test);
      case 'contains':
        return `${value}.includes(${this.#constant(test.text)})`;
      case 'starts':
        return `${value}.startsWith(${this.#constant(test.text)})`;
      case 'ends':
        return `${value}.endsWith(${this.#constant(test.text)})`;
      case 'exists':
        return 'true';
      case 'glob':
        return `H.isGlob(${this.#name(this.pools.glob(test.pieces))},${value})`;
      case 'pattern':
        return `${this.#name(this.pools.pattern(test.source))}.test(${value})`;
      case 'texts':
        return this.#either(test.texts.map((text) => `${value}===${this.#constant(text)}`));
      case 'ints':
        if (test.ranges.length > smallSet) return `H.inInts(${this.#name(this.pools.intSet(test))},${value})`;
        return this.#either(
          test.ranges.map(
            ([first, last]) => `${value}>=${this.#constant(first)}&&${value}<=${this.#constant(last)}`,
          ),
        );
      case 'ips':
        return `H.inRanges(${this.#name(this.pools.ipSet(test))},${value})`;
      case 'bits':
        return `H.hasBits(${value},${this.#constant(test.value)})`;
    }
  }

  #either(codes: readonly string[]): string {
    return codes.length === 0 ? 'false' : `(${codes.join('||')})`;
  }

  #order(value: string, { op, value: other }: Extract<Test, { kind: 'order' }>): string {
    const right = this.#constant(other);
    if (typeof other === 'object') return `${op === 'eq' ? '' : '!'}H.isSameAddress(${value},${right})`;
    return `${value}${orderSymbols[op]}${right}`;
  }

  /** A loop over elements that ends with the first one that decides. */
  #quantify(node: TypedOf<'quantify'>): string {
    const { item, isAll } = node;
    const loop = new FunctionWriter(this.pools, this.sharing, this);
    const test = loop.truth(item);
    // A comparison of no element is true of all; an array that is missing is not (rules.md 2.2).
    const missing = isAll && isArrayValue(item) ? 'return false' : undefined;
    const body = `if(${isAll ? '!' : ''}${test})return ${!isAll};`;
    return this.#loop(loop, missing, body, `return ${isAll}`);
  }

  /** The array of a function's results. */
  #collect(node: Typed): string {
    const loop = new FunctionWriter(this.pools, this.sharing, this);
    const element = loop.#lane(node);
    return this.#loop(loop, 'return null', `o.push(${element});`, 'return o', 'const o=[];');
  }

  #loop(loop: FunctionWriter, missing: string | undefined, body: string, end: string, begin = ''): string {
    const name = `q${this.#inner.length}`;
    const sources = [...loop.#lanes!];
    const lists = sources.map(([source], index) => {
      const orNone = missing === undefined ? '??H.none' : '';
      const check = missing === undefined ? '' : `if(l${index}===null)${missing};`;
      return `const l${index}=${source}${orNone};${check}`;
    });
    const lengths = sources.map((_, index) => `l${index}.length`);
    const count = lengths.length === 1 ? lengths[0]! : `Math.min(${lengths.join(',')})`;
    const elements = sources.map(([, element], index) => `const ${element}=l${index}[i];`).join('');
    const code = `${loop.declarations}${lists.join('')}${begin}const c=${count};for(let i=0;i<c;i++){${elements}${body}}${end};`;
    this.#inner.push(`function ${name}(){${code}}`);
    return `${name}()`;
  }

  #lane(node: Typed): string {
    return node.op === 'call' && node.isMapped ? this.#call(node, node.args) : this.value(node);
  }

  #element({ of }: TypedOf<'each'>): string {
    return of.op === 'call' && of.isMapped ? this.#call(of, of.args) : this.#elementOf(of);
  }

  /** The variable that holds the element at hand of an array. */
  #elementOf(array: Typed): string {
    const source = this.#source(array);
    const lanes = this.#lanes!;
    const known = lanes.get(source);
    if (known !== undefined) return known;
    const name = `e${lanes.size}`;
    lanes.set(source, name);
    return name;
  }

  #source(of: Typed): string {
    if (of.isLane) return `H.flatten(${this.#collect(of)})`;
    const plain = new FunctionWriter(this.pools, this.sharing, this);
    const value = plain.value(of);
    const array = isMap(of.type) ? `H.mapValues(${value})` : value;
    if (plain.#declared === 0) return array;
    const name = `q${this.#inner.length}`;
    this.#inner.push(`function ${name}(){${plain.declarations}return ${array};}`);
    return `${name}()`;
  }
}

const isArrayValue = (node: Typed): boolean => node.op === 'slot' || node.op === 'item' || node.op === 'call';

const logicSymbols = { or: '||', and: '&&', xor: '!==' } as const;
const orderSymbols = { eq: '===', ne: '!==', lt: '<', le: '<=', gt: '>', ge: '>=' } as const;
const methods: Readonly<Record<string, string>> = {
  len: 'length',
  starts_with: 'startsWith',
  ends_with: 'endsWith',
};
const tables: Readonly<Record<string, string>> = {
  s: 'S',
  t: 'T',
  n: 'N',
  a: 'A',
  x: 'X',
  y: 'Y',
  z: 'Z',
  p: 'P',
  g: 'G',
  f: 'F',
};

const tableOf = (name: string): string => tables[name[0]!]!;

function readerOf(type: FieldType): string {
  if (type === 'Bytes') return 'text';
  if (type === 'Int') return 'int';
  if (type === 'Bool') return 'truth';
  if (type === 'Ip') return 'ip';
  return isMap(type) ? 'map' : 'list';
}

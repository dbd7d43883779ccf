/** The tables of constants of a program. Generated code names their entries by letter and number, and nothing else. */
import type { ExpressionProgram, IpRanges, IpWords, Slot } from '../protocol.ts';
import { keyOf, type Test, type TypedOf } from './typed.ts';

class Pool<Value> {
  readonly values: Value[] = [];
  readonly #numbers = new Map<string, number>();

  add(key: string, make: () => Value): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.values.length;
    this.values.push(make());
    this.#numbers.set(key, number);
    return number;
  }
}

export type Constants = Pick<
  ExpressionProgram,
  | 'slots'
  | 'texts'
  | 'integers'
  | 'addresses'
  | 'textSets'
  | 'intSets'
  | 'ipSets'
  | 'patterns'
  | 'globs'
  | 'functions'
>;

/** Answers the name by which generated code reads an entry: `t3` is text 3. */
export class Pools {
  readonly #slots = new Pool<Slot>();
  readonly #texts = new Pool<string>();
  readonly #integers = new Pool<number>();
  readonly #addresses = new Pool<IpWords>();
  readonly #textSets = new Pool<readonly string[]>();
  readonly #intSets = new Pool<Float64Array>();
  readonly #ipSets = new Pool<IpRanges>();
  readonly #patterns = new Pool<string>();
  readonly #globs = new Pool<readonly string[]>();
  readonly #functions = new Pool<string>();

  slot(node: TypedOf<'slot'>): string {
    return `s${this.#slots.add(keyOf(node), () => node.slot)}`;
  }

  text(text: string): string {
    return `t${this.#texts.add(text, () => text)}`;
  }

  integer(value: number): string {
    return `n${this.#integers.add(String(value), () => value)}`;
  }

  address({ isFour, a, b, c, d }: IpWords): string {
    return `a${this.#addresses.add([a, b, c, d].join(), () => ({ isFour, a, b, c, d }))}`;
  }

  textSet({ key, texts }: Extract<Test, { kind: 'texts' }>): string {
    return `x${this.#textSets.add(key, () => texts)}`;
  }

  intSet({ key, ranges }: Extract<Test, { kind: 'ints' }>): string {
    return `y${this.#intSets.add(key, () => Float64Array.from(ranges.flat()))}`;
  }

  ipSet({ key, ranges }: Extract<Test, { kind: 'ips' }>): string {
    return `z${this.#ipSets.add(key, () => ranges)}`;
  }

  pattern(source: string): string {
    return `p${this.#patterns.add(source, () => source)}`;
  }

  glob(pieces: readonly string[]): string {
    return `g${this.#globs.add(JSON.stringify(pieces), () => pieces)}`;
  }

  call(name: string): string {
    return `f${this.#functions.add(name, () => name)}`;
  }

  get constants(): Constants {
    return {
      slots: this.#slots.values,
      texts: this.#texts.values,
      integers: this.#integers.values,
      addresses: this.#addresses.values,
      textSets: this.#textSets.values,
      intSets: this.#intSets.values,
      ipSets: this.#ipSets.values,
      patterns: this.#patterns.values,
      globs: this.#globs.values,
      functions: this.#functions.values,
    };
  }
}

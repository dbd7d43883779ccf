/** What expressions have in common is computed once per exchange; what is large gets a function of its own. */
import { FunctionWriter, type Sharing } from './emit.ts';
import type { Pools } from './pools.ts';
import { keyOf, operands, type Typed, weightOf } from './typed.ts';

/** Nodes above which a part of an expression does not stand in line: of a chunk, and of a function of its own. */
const weightInChunk = 24;
const weightInFunction = 150;

const costlyTests: ReadonlySet<string> = new Set(['contains', 'glob', 'pattern', 'texts', 'ips']);

/** Whether a result is dearer to compute than to remember. */
function isCostly(node: Typed): boolean {
  if (node.op === 'call') return !node.isMapped && node.name !== 'len';
  if (node.op === 'test') return costlyTests.has(node.test.kind) && node.type === 'Bool';
  return node.op === 'quantify';
}

export class SharedCode {
  /** Bodies of the functions `C[n]`. */
  readonly bodies: string[] = [];
  memos = 0;
  readonly #pools: Pools;
  readonly #uses = new Map<string, number>();
  readonly #calls = new Map<string, string>();

  constructor(pools: Pools, expressions: readonly Typed[]) {
    this.#pools = pools;
    for (const expression of expressions) this.#count(expression);
  }

  // Elements of arrays are not remembered, so nothing below a quantifier is counted.
  #count(node: Typed): void {
    if (isCostly(node)) {
      const key = keyOf(node);
      const uses = (this.#uses.get(key) ?? 0) + 1;
      this.#uses.set(key, uses);
      // What is inside of a shared result is computed once by that alone.
      if (uses > 1) return;
    }
    if (node.op === 'quantify' || (node.op === 'call' && node.isMapped)) return;
    for (const child of operands(node)) this.#count(child);
  }

  /** Code for a function whose root is `root`: it is not shared with itself. */
  writer(root: Typed | undefined): FunctionWriter {
    const limit = root === undefined ? weightInChunk : weightInFunction;
    const sharing: Sharing = {
      shared: (node) => (node === root ? undefined : this.#shared(node)),
      hoisted: (node) => (node === root || weightOf(node) <= limit ? undefined : this.#hoisted(node)),
    };
    return new FunctionWriter(this.#pools, sharing);
  }

  #shared(node: Typed): string | undefined {
    if (!isCostly(node)) return undefined;
    const key = keyOf(node);
    if ((this.#uses.get(key) ?? 0) < 2) return undefined;
    return this.#once(key, () => {
      const memo = this.memos;
      this.memos += 1;
      const call = this.#add(node, (value) => `const v=${value};M[${memo}]=v;W[${memo}]=R.epoch;return v;`);
      return `(W[${memo}]===R.epoch?M[${memo}]:${call})`;
    });
  }

  #hoisted(node: Typed): string {
    return this.#once(`hoisted ${keyOf(node)}`, () => this.#add(node, (value) => `return ${value};`));
  }

  #once(key: string, make: () => string): string {
    let call = this.#calls.get(key);
    if (call === undefined) {
      call = make();
      this.#calls.set(key, call);
    }
    return call;
  }

  #add(node: Typed, body: (value: string) => string): string {
    const number = this.bodies.length;
    this.bodies.push('');
    const writer = this.writer(node);
    const value = node.type === 'Bool' ? writer.plainTruth(node) : writer.plainValue(node);
    this.bodies[number] = `${writer.prelude}return function(){${writer.declarations}${body(value)}};`;
    return `C[${number}]()`;
  }
}

/** Bounds what the patterns of a set take together: a worker keeps all of them compiled, and its heap is bounded too. */
import { operands, type Typed } from './typed.ts';

/**
 * Instructions of all patterns of a set, each counted once. One takes 100 to 750 bytes in the library, so these take at
 * most 75 MB of each worker; during a reload two sets are there.
 */
export const patternsSizeMax = 100_000;

export class PatternBudget {
  readonly #sources = new Set<string>();
  #size = 0;

  /** false: from this expression on there is no room. */
  add(node: Typed): boolean {
    if (node.op === 'test' && node.test.kind === 'pattern' && !this.#sources.has(node.test.source)) {
      this.#sources.add(node.test.source);
      this.#size += node.test.size;
    }
    for (const operand of operands(node)) this.add(operand);
    return this.#size <= patternsSizeMax;
  }
}

/** Bits of the expressions that have to be evaluated, with a bit above every 32 words of them. */

export class Candidates {
  readonly bits: Int32Array;
  readonly summary: Int32Array;
  readonly #always: Int32Array;
  readonly #alwaysSummary: Int32Array;
  /** Words that were changed. */
  readonly #touched: Int32Array;
  #count = 0;

  /** @param always expressions that are candidates whatever is found */
  constructor(always: Int32Array) {
    this.#always = always;
    this.bits = always.slice();
    this.#alwaysSummary = new Int32Array((always.length + 31) >> 5);
    for (const [word, bits] of always.entries()) {
      if (bits !== 0) this.#alwaysSummary[word >> 5]! |= 1 << (word & 31);
    }
    this.summary = this.#alwaysSummary.slice();
    this.#touched = new Int32Array(always.length);
  }

  reset(): void {
    for (let index = 0; index < this.#count; index += 1) {
      const word = this.#touched[index]!;
      this.bits[word] = this.#always[word]!;
      this.summary[word >> 5] = this.#alwaysSummary[word >> 5]!;
    }
    this.#count = 0;
  }

  /** Adds the expressions owners[from..to). */
  add(owners: Int32Array, from: number, to: number): void {
    const { bits } = this;
    for (let at = from; at < to; at += 1) {
      const expression = owners[at]!;
      const word = expression >> 5;
      const before = bits[word]!;
      const after = before | (1 << (expression & 31));
      if (after === before) continue;
      if (before === this.#always[word]) this.#touch(word);
      bits[word] = after;
    }
  }

  #touch(word: number): void {
    this.#touched[this.#count] = word;
    this.#count += 1;
    this.summary[word >> 5]! |= 1 << (word & 31);
  }
}

/** Reads the statistics pages of worker slots: one u64 per counter of the contract, written by the engine. */
import { counters } from '../engine/contract.ts';

export type CounterName = (typeof counters)[number][0];

const indexOf = new Map<string, number>(counters.map(([name], index) => [name, index]));
const isGauge = (name: string) => !name.endsWith('_total');

export class CounterPage {
  readonly #words: BigUint64Array<ArrayBuffer>;

  constructor(page: ArrayBuffer) {
    this.#words = new BigUint64Array(page, 0, counters.length);
  }

  read(name: CounterName): number {
    return Number(Atomics.load(this.#words, indexOf.get(name) ?? 0));
  }

  /** What a dead worker held is gone: its gauges say so, its totals stay. */
  clearGauges(): void {
    for (const [index, [name]] of counters.entries()) {
      if (isGauge(name)) Atomics.store(this.#words, index, 0n);
    }
  }
}

/** Each counter summed over the pages. */
export function sumCounters(pages: readonly CounterPage[]): Map<CounterName, number> {
  return new Map(counters.map(([name]) => [name, pages.reduce((sum, page) => sum + page.read(name), 0)]));
}

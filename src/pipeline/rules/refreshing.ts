/**
 * What rules made of the request that a background refresh is for, by the object that it refreshes: the refresh is an
 * exchange of its own, which has no client that rules could look at.
 */
import type { Caching } from '../../cache/index.ts';
import { limits } from '../../lib/limits.ts';
import type { KeptChanges } from './changes.ts';

/** What stands for an object where a slice is fetched that is none yet. @param slice its number, plus 1 */
export function sliceHandle(slice: number, marker: number): number {
  return -((marker >>> 0) * 2 ** 20 + (slice % 2 ** 20));
}

interface Kept {
  readonly generation: number;
  readonly changes: KeptChanges;
  readonly caching: Caching;
}

export class RefreshingChanges {
  /** In the order in which they were begun; the oldest goes first. */
  readonly #byObject = new Map<number, Kept>();

  keep(object: number, generation: number, changes: KeptChanges, caching: Caching): void {
    this.#byObject.delete(object);
    this.#byObject.set(object, { generation, changes, caching });
    if (this.#byObject.size <= limits.refreshSlots) return;
    const [oldest] = this.#byObject.keys();
    if (oldest !== undefined) this.#byObject.delete(oldest);
  }

  /** undefined: it is not known (any more). */
  find(object: number, generation: number): KeptChanges | undefined {
    const kept = this.#byObject.get(object);
    return kept?.generation === generation ? kept.changes : undefined;
  }

  /** The cache settings of the request that it is for. */
  cachingOf(object: number, generation: number): Caching | undefined {
    const kept = this.#byObject.get(object);
    return kept?.generation === generation ? kept.caching : undefined;
  }
}

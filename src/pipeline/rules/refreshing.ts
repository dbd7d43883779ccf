/**
 * What rules made of the request that a background refresh is for, by the object that it refreshes: the refresh is an
 * exchange of its own, which has no client that rules could look at.
 */
import { limits } from '../../lib/limits.ts';
import type { KeptChanges } from './changes.ts';

export class RefreshingChanges {
  /** In the order in which they were begun; the oldest goes first. */
  readonly #byObject = new Map<number, { generation: number; changes: KeptChanges }>();

  keep(object: number, generation: number, changes: KeptChanges): void {
    this.#byObject.delete(object);
    this.#byObject.set(object, { generation, changes });
    if (this.#byObject.size <= limits.refreshSlots) return;
    const [oldest] = this.#byObject.keys();
    if (oldest !== undefined) this.#byObject.delete(oldest);
  }

  /** undefined: it is not known (any more). */
  find(object: number, generation: number): KeptChanges | undefined {
    const kept = this.#byObject.get(object);
    return kept?.generation === generation ? kept.changes : undefined;
  }
}

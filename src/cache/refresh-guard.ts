/**
 * Keeps a worker from asking for the same background refresh more than once a second: a small table, overwritten freely.
 * Collapsing across workers is the store's part.
 */
import { limits } from '../lib/limits.ts';

export class RefreshGuard {
  readonly #objects = new Int32Array(limits.refreshSlots * 2);
  readonly #seconds = new Float64Array(limits.refreshSlots);

  /** Whether a refresh of this object may be asked for now; the answer "yes" is remembered for this second. */
  admit(object: number, generation: number, now: number): boolean {
    const slot = ((object ^ Math.imul(generation, 0x9e3779b1)) >>> 0) & (limits.refreshSlots - 1);
    const isSame = this.#objects[slot * 2] === object && this.#objects[slot * 2 + 1] === generation;
    if (isSame && this.#seconds[slot] === now) return false;
    this.#objects[slot * 2] = object;
    this.#objects[slot * 2 + 1] = generation;
    this.#seconds[slot] = now;
    return true;
  }
}

/**
 * Remembers what rules have changed of a request until the later events of its exchange, by slot and generation. Only
 * exchanges that were changed have an entry; it lasts until the slot is changed again.
 */
import { limits } from '../../lib/limits.ts';
import type { KeptChanges } from './changes.ts';

interface Entry {
  readonly generation: number;
  readonly changes: KeptChanges;
}

export class ChangeMemory {
  readonly #entries = new Map<number, Entry>();

  keep(slot: number, generation: number, changes: KeptChanges): void {
    if (slot < limits.noteSlotsMax) this.#entries.set(slot, { generation, changes });
  }

  find(slot: number, generation: number): KeptChanges | undefined {
    const entry = this.#entries.get(slot);
    return entry?.generation === generation ? entry.changes : undefined;
  }

  /** The exchange is answered: nothing asks for its changes any more. */
  forget(slot: number): void {
    this.#entries.delete(slot);
  }
}

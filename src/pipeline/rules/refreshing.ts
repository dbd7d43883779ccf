/**
 * What rules made of the request that a background refresh is for, by the object that it refreshes: the refresh is an
 * exchange of its own, which has no client that rules could look at.
 */
import type { Caching } from '../../cache/index.ts';
import { eventWord } from '../../engine/contract.ts';
import type { EventView } from '../../engine/event-view.ts';
import { limits } from '../../lib/limits.ts';
import { type Piece, pieceOf } from '../piece.ts';
import type { KeptChanges } from './changes.ts';

/** What stands for an object where a piece is fetched that is none yet. */
export function pieceHandle({ marker, first }: Piece): string {
  return `${marker} ${first}`;
}

/** The same of an exchange without a client, by its event. */
export function handleOf(event: EventView): number | string {
  const object = event.word(eventWord.revalidated);
  const piece = object === 0 ? pieceOf(event) : undefined;
  return piece === undefined ? object : pieceHandle(piece);
}

/** What is kept of which generation: that of the object, or the version of the whole that a piece is of. */
export function generationOf(event: EventView): number {
  const object = event.word(eventWord.revalidated);
  return event.word(object === 0 ? eventWord.pieceMarker : eventWord.revalidatedGeneration);
}

interface Kept {
  readonly generation: number;
  readonly changes: KeptChanges;
  readonly caching: Caching;
}

export class RefreshingChanges {
  /** In the order in which they were begun; the oldest goes first. */
  readonly #byObject = new Map<number | string, Kept>();

  keep(object: number | string, generation: number, changes: KeptChanges, caching: Caching): void {
    this.#byObject.delete(object);
    this.#byObject.set(object, { generation, changes, caching });
    if (this.#byObject.size <= limits.refreshSlots) return;
    const [oldest] = this.#byObject.keys();
    if (oldest !== undefined) this.#byObject.delete(oldest);
  }

  /** undefined: it is not known (any more). */
  find(object: number | string, generation: number): KeptChanges | undefined {
    const kept = this.#byObject.get(object);
    return kept?.generation === generation ? kept.changes : undefined;
  }

  /** The cache settings of the request that it is for. */
  cachingOf(object: number | string, generation: number): Caching | undefined {
    const kept = this.#byObject.get(object);
    return kept?.generation === generation ? kept.caching : undefined;
  }
}

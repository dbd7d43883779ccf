/** A HEAD has got a 200: what is stored for GET is brought up to date by it, or counts as stale (RFC 9111 4.3.5). */
import { describesStored } from '../cache/index.ts';
import { eventWord } from '../engine/contract.ts';
import type { Exchange } from './exchange.ts';
import { lookUpAgain } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { next } from './phase.ts';
import { refresh } from './refresh.ts';

/** Answers with what is stored where the response has updated it; else `next`. */
export function updateByHead(exchange: Exchange): number {
  const { entry, event, key, note, response } = exchange;
  lookUpAgain(exchange);
  // A part does not have the length of the whole.
  if (!entry.isObject || exchange.slice.isPart) return next;
  const table = exchange.ports.readStoredHead(entry.object, entry.generation);
  if (table === 0) return next;
  if (!describesStored(response, exchange.storedHead.reset(table), entry.sizeBytes)) {
    exchange.ports.purge(key.offset, key.length, true);
    return next;
  }
  // Only what the fetch was made for can be refreshed by its answer.
  const isHeld =
    entry.object === event.word(eventWord.revalidated) &&
    entry.generation === event.word(eventWord.revalidatedGeneration);
  return note.mode === fetchMode.validate && isHeld ? refresh(exchange, response.code) : next;
}

/** Parts of responses: an answer to a range is kept beside those of the same version (RFC 9111 3.3). */
import {
  continues,
  listFor,
  type Part,
  type PartList,
  partListOf,
  partListText,
  partOf,
  statusEdit,
  statusNote,
  withPart,
} from '../cache/index.ts';
import { eventWord, headFlag, headWord, methodId, objectFlag, storeState } from '../engine/contract.ts';
import { type HeadView, knownId } from '../engine/head-view.ts';
import { limits } from '../lib/limits.ts';
import type { Exchange } from './exchange.ts';
import { beginForward, resultOf, settleKey, writeStore } from './forward.ts';
import { ask, isSliced, takePrimary } from './lookup.ts';
import { answered, next } from './phase.ts';
import { highWord } from './piece.ts';
import { buildPartKey } from './select-part.ts';

const rangeId = knownId('range');

/** Content-Length, -1 where there is none. */
export function lengthOf(response: HeadView): number {
  if ((response.flags & headFlag.hasContentLength) === 0) return -1;
  const low = response.word(headWord.contentLengthLow) >>> 0;
  return (response.word(headWord.contentLengthHigh) >>> 0) * highWord + low;
}

/** Whether the response may be stored, as if it were the whole. */
export function mayStore(exchange: Exchange): boolean {
  const { caching, decision, event, response, now } = exchange;
  const delayMs = event.word(eventWord.originDelayMs);
  return decision.decide(response, undefined, 200, exchange, caching.settings, now, delayMs).mayStore;
}

/** Puts the marker of a response that is stored in slices or parts. Its generation, which stays while it says the same; 0: not put. */
export function putMarkerText(exchange: Exchange, text: string): number {
  const { arena, key, ports, writer } = exchange;
  const offset = writer.allocate(text.length);
  if (offset < 0) return 0;
  arena.writeText(text, offset);
  const flags = objectFlag.varyMarker | objectFlag.sliceMarker;
  return ports.putMarker(key.offset, key.length, flags, limits.timeMax, offset, text.length);
}

/** The list under the key that is named; `null` where something else stands there. */
function standingList(exchange: Exchange): PartList | undefined | null {
  const { entry, ports, storedHead } = exchange;
  ask(exchange);
  if (entry.state === storeState.miss) return undefined;
  if (!isSliced(exchange)) return null;
  const table = ports.readStoredHead(entry.object, entry.generation);
  return table === 0 ? null : (partListOf(storedHead.reset(table)) ?? null);
}

/**
 * Lists a part under the key of the whole, which has been settled, and makes the key of the part the one that is named next.
 * Where it does not fit to what is there, a new list begins with it.
 *
 * @returns version of the list; 0: the part cannot be kept
 */
export function listPart(exchange: Exchange, part: Part): number {
  const { entry, key, slice } = exchange;
  if (key.length === 0 && !takePrimary(exchange)) return 0;
  const standing = standingList(exchange);
  entry.clear();
  if (standing === null) return 0;
  let list = standing;
  if (list === undefined || !continues(list, part)) {
    const version = putMarkerText(exchange, partListText(listFor(part, 0))) | 0;
    if (version === 0) return 0;
    list = listFor(part, version);
  }
  const { offset, length } = key;
  const longer = withPart(list, part);
  if (longer !== list && putMarkerText(exchange, partListText(longer)) === 0) return 0;
  slice.baseOffset = offset;
  slice.baseLength = length;
  return buildPartKey(exchange, list.version, part.first, part.last) ? list.version : 0;
}

/** Sends on the answer to a range of the client's own, and keeps it as a part; else `next`. */
export function forwardPart(exchange: Exchange): number {
  const { decision, event, note, request, response, writer, now } = exchange;
  if (!event.hasClient || request.code !== methodId.get || !request.has(rangeId)) return next;
  const part = partOf(response, lengthOf(response), now);
  if (part === undefined) return next;
  // Nothing is ever validated in parts.
  const isOfUse = mayStore(exchange) && decision.freshUntil > now;
  if (!isOfUse || !settleKey(exchange) || listPart(exchange, part) === 0) return next;
  decision.objectFlags |= objectFlag.part;
  const edits = statusEdit(note.reason, response.code, statusNote.stored);
  if (!beginForward(exchange, resultOf(exchange, true), edits)) return answered;
  writeStore(exchange);
  writer.end();
  return answered;
}

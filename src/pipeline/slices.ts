/** Responses in slices: what an origin has answered to a request for one, and what comes behind one that has been sent. */
import { partOf, type SliceInfo, sliceOf, statusEdit, statusNote } from '../cache/index.ts';
import {
  commandFlag,
  commandKind,
  commandWord,
  eventWord,
  headFlag,
  headWord,
  methodId,
  objectFlag,
  reasons,
  storeState,
} from '../engine/contract.ts';
import { type HeadView, knownId } from '../engine/head-view.ts';
import { limits } from '../lib/limits.ts';
import type { Exchange } from './exchange.ts';
import { fetchAgain, fetchSlice } from './fetch.ts';
import {
  beginForward,
  forwardCacheable,
  handOver,
  isTelling,
  resultOf,
  settleKey,
  writeStore,
} from './forward.ts';
import { ask, lookUpAgain, putPassMarker, takePrimary } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered, next } from './phase.ts';
import { respondPage } from './respond.ts';
import { buildSliceKey, lastWanted } from './select-slice.ts';

const rangeId = knownId('range');
const originFailed = reasons.indexOf('origin_failed');
const highWord = 4_294_967_296;

/** The answer to a request for a slice: kept as one, or used as it is where the origin has sent something else. */
export function concludeSlice(exchange: Exchange, number: number): number {
  const { caching, response } = exchange;
  if (response.code !== 206 && response.code !== 416) return forwardCacheable(exchange);
  const info =
    response.code === 206
      ? sliceOf(response, number, caching.settings.sliceBytes, lengthOf(response))
      : undefined;
  if (info === undefined || !keepSlice(exchange, number, info)) return giveUp(exchange);
  return answered;
}

/** Content-Length, -1 where there is none. */
function lengthOf(response: HeadView): number {
  if ((response.flags & headFlag.hasContentLength) === 0) return -1;
  const low = response.word(headWord.contentLengthLow) >>> 0;
  return (response.word(headWord.contentLengthHigh) >>> 0) * highWord + low;
}

/** Whether nothing stands under the key, or only the answer to another range. */
function hasRoomForPart(exchange: Exchange): boolean {
  const { entry, slice } = exchange;
  lookUpAgain(exchange);
  if (slice.isPart) return true;
  return (
    !entry.isObject &&
    !slice.isSelected &&
    entry.state !== storeState.filling &&
    entry.state !== storeState.pass
  );
}

/** Sends on the answer to a range of the client's own, and keeps it for ranges within it (RFC 9111 3.3); else `next`. */
export function forwardPart(exchange: Exchange): number {
  const { caching, decision, event, note, request, response, writer, now } = exchange;
  if (!event.hasClient || request.code !== methodId.get || !request.has(rangeId)) return next;
  const info = partOf(response, lengthOf(response));
  if (info === undefined) return next;
  const delayMs = event.word(eventWord.originDelayMs);
  decision.decide(response, undefined, 200, exchange, caching.settings, now, delayMs);
  if (!decision.mayStore || !hasRoomForPart(exchange) || !settleKey(exchange)) return next;
  const marker = putSliceMarker(exchange, info);
  if (marker === 0 || !buildSliceKey(exchange, marker, 0)) return next;
  decision.objectFlags |= objectFlag.part;
  const edits = statusEdit(note.reason, response.code, statusNote.stored);
  if (!beginForward(exchange, resultOf(exchange, true), edits)) return answered;
  writeStore(exchange);
  writer.end();
  return answered;
}

/** No slice has come of it: the request goes as the client has made it. */
function giveUp(exchange: Exchange): number {
  const { event, note } = exchange;
  if (!event.hasClient) return respondPage(exchange, 502, originFailed);
  note.mode = fetchMode.direct;
  return fetchAgain(exchange, 0);
}

/** Stores a slice, and says under the key of the whole that it is there. False where it may not be stored. */
function keepSlice(exchange: Exchange, number: number, info: SliceInfo): boolean {
  const { caching, decision, event, note, response, writer, now } = exchange;
  decision.decide(
    response,
    undefined,
    200,
    exchange,
    caching.settings,
    now,
    event.word(eventWord.originDelayMs),
  );
  if (!decision.mayStore) {
    if (isTelling(exchange, decision.verdict)) putPassMarker(exchange, now + caching.settings.passSeconds);
    return false;
  }
  if (!settleKey(exchange)) return false;
  const isWhole = number === 0 && info.sizeBytes <= info.sliceBytes;
  const marker = isWhole ? 0 : putSliceMarker(exchange, info);
  const asked = event.word(eventWord.sliceMarker);
  if (!isWhole) {
    if (marker === 0 || !buildSliceKey(exchange, marker, number)) return false;
    // Another version: whoever waits for this slice has begun to send the one before.
    if (!event.hasClient && asked !== 0 && asked !== marker) return false;
    decision.objectFlags |= objectFlag.slice;
  }
  const edits = statusEdit(note.reason, response.code, statusNote.stored);
  if (!beginForward(exchange, resultOf(exchange, true), edits)) return true;
  if (event.hasClient) handOver(exchange);
  if (isWhole) {
    writer.addFlag(commandFlag.background);
    writer.set(commandWord.status, 200);
  } else {
    writer.set(commandWord.slice, number + 1);
    writer.set(commandWord.sliceMarker, marker);
  }
  writeStore(exchange);
  writer.end();
  return true;
}

/** Generation of the marker, which stays while it says the same; 0 where it could not be put. */
function putSliceMarker(exchange: Exchange, info: SliceInfo): number {
  const { arena, key, ports, writer } = exchange;
  if (key.length === 0 && !takePrimary(exchange)) return 0;
  const offset = writer.allocate(info.text.length);
  if (offset < 0) return 0;
  arena.writeText(info.text, offset);
  const flags = objectFlag.varyMarker | objectFlag.sliceMarker;
  return ports.putMarker(key.offset, key.length, flags, limits.timeMax, offset, info.text.length);
}

/** Looks a slice up, whatever the request says. */
function lookUpSlice(exchange: Exchange, number: number): void {
  exchange.slice.wanted = number;
  lookUpAgain(exchange);
}

/**
 * A slice has been sent: serves the next one where it is stored, else has it fetched. The one behind that is fetched ahead, so
 * that the origin is never more than a slice before the client.
 */
export function goOn(exchange: Exchange): number {
  const { entry, event, slice, writer } = exchange;
  const number = event.word(eventWord.slice) - 1;
  const marker = event.word(eventWord.sliceMarker);
  if (!exchange.isCacheable) return cutShort(exchange);
  lookUpSlice(exchange, number + 1);
  const { info } = slice;
  const isCurrent = info !== undefined && slice.marker === marker;
  if (isCurrent) {
    const isMissing = !entry.isObject && entry.state !== storeState.filling;
    const isNeeded = (number + 1) * info.sliceBytes <= lastWanted(exchange, info.sizeBytes);
    if (isMissing && isNeeded) fetchSlice(exchange, commandFlag.background);
    lookUpSlice(exchange, number);
  } else if (info === undefined && buildSliceKey(exchange, marker, number)) {
    // Purged meanwhile: what is there of this version serves those who have begun with it.
    ask(exchange);
  } else {
    return cutShort(exchange);
  }
  if (!entry.isObject) {
    if (!isCurrent) return cutShort(exchange);
    fetchSlice(exchange, 0);
    return answered;
  }
  if (!exchange.beginCommand(commandKind.serve)) return answered;
  writer.set(commandWord.object, entry.object);
  writer.set(commandWord.objectGeneration, entry.generation);
  writer.end();
  return answered;
}

function cutShort(exchange: Exchange): number {
  if (exchange.beginCommand(commandKind.drop)) exchange.writer.end();
  return answered;
}

/** Responses in pieces: what an origin has answered to a request for one, and what comes behind one that has been sent. */
import { partOf, type SliceInfo, sliceOf, statusEdit, statusNote } from '../cache/index.ts';
import {
  commandFlag,
  commandKind,
  commandWord,
  objectFlag,
  pieceKind,
  reasons,
  storeState,
} from '../engine/contract.ts';
import type { Exchange } from './exchange.ts';
import { fetchAgain, fetchPiece } from './fetch.ts';
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
import { lengthOf, listPart, mayStore, putMarkerText } from './parts.ts';
import { answered } from './phase.ts';
import { type Piece, pieceOf, setPiece, sliceAt } from './piece.ts';
import { writePiece } from './pieces.ts';
import { respondPage } from './respond.ts';
import { buildSliceKey } from './select-slice.ts';

const originFailed = reasons.indexOf('origin_failed');

/** The answer to a request for a piece: kept as one, or used as it is where the origin has sent something else. */
export function concludePiece(exchange: Exchange, piece: Piece): number {
  const { caching, event, response } = exchange;
  const isPart = piece.kind === pieceKind.part;
  if (response.code !== 206 && response.code !== 416) {
    // What is being sent goes on with nothing but the part.
    return isPart && !event.hasClient ? giveUp(exchange) : forwardCacheable(exchange);
  }
  if (response.code === 416) return giveUp(exchange);
  if (isPart) return keepPart(exchange, piece) ? answered : giveUp(exchange);
  const { sliceBytes } = caching.settings;
  const number = Math.floor(piece.first / sliceBytes);
  const info = sliceOf(response, number, sliceBytes, lengthOf(response));
  if (info === undefined || !keepSlice(exchange, number, piece, info)) return giveUp(exchange);
  return answered;
}

/** Stores what lacked between parts. False where it is not just that, or may not be stored. */
function keepPart(exchange: Exchange, asked: Piece): boolean {
  const { decision, event, note, response, writer, now } = exchange;
  const part = partOf(response, lengthOf(response), now);
  if (part === undefined || part.first !== asked.first || part.last !== asked.last) return false;
  if (!part.isStrong || !mayStore(exchange) || !settleKey(exchange)) return false;
  const marker = listPart(exchange, part);
  // Another version: whoever waits for this part has begun to send the one before.
  if (marker === 0 || (!event.hasClient && marker !== asked.marker)) return false;
  decision.objectFlags |= objectFlag.part;
  const edits = statusEdit(note.reason, response.code, statusNote.stored);
  if (!beginForward(exchange, resultOf(exchange, true), edits)) return true;
  if (event.hasClient) handOver(exchange);
  setPiece(writer, { ...asked, marker });
  writeStore(exchange);
  writer.end();
  return true;
}

/** No slice has come of it: the request goes as the client has made it. */
function giveUp(exchange: Exchange): number {
  const { event, note } = exchange;
  if (!event.hasClient) return respondPage(exchange, 502, originFailed);
  note.mode = fetchMode.direct;
  return fetchAgain(exchange, 0);
}

/** Stores a slice, and says under the key of the whole that it is there. False where it may not be stored. */
function keepSlice(exchange: Exchange, number: number, asked: Piece, info: SliceInfo): boolean {
  const { caching, decision, event, note, response, writer, now } = exchange;
  if (!mayStore(exchange)) {
    if (isTelling(exchange, decision.verdict)) putPassMarker(exchange, now + caching.settings.passSeconds);
    return false;
  }
  if (!settleKey(exchange)) return false;
  const isWhole = number === 0 && info.sizeBytes <= info.sliceBytes;
  const marker = isWhole ? 0 : putSliceMarker(exchange, info);
  if (!isWhole) {
    if (marker === 0 || !buildSliceKey(exchange, marker, number)) return false;
    // Another version: whoever waits for this slice has begun to send the one before.
    if (!event.hasClient && asked.marker !== 0 && asked.marker !== marker) return false;
    decision.objectFlags |= objectFlag.slice;
  }
  const edits = statusEdit(note.reason, response.code, statusNote.stored);
  if (!beginForward(exchange, resultOf(exchange, true), edits)) return true;
  if (event.hasClient) handOver(exchange);
  if (isWhole) {
    writer.addFlag(commandFlag.background);
    writer.set(commandWord.status, 200);
  } else {
    setPiece(writer, { ...asked, marker });
  }
  writeStore(exchange);
  writer.end();
  return true;
}

/** Generation of the marker of slices; 0 where it could not be put. */
function putSliceMarker(exchange: Exchange, info: SliceInfo): number {
  const { key } = exchange;
  if (key.length === 0 && !takePrimary(exchange)) return 0;
  return putMarkerText(exchange, info.text) | 0;
}

/** A piece has been sent: serves the next one where it is stored, else has it fetched. */
export function goOn(exchange: Exchange): number {
  const { entry, event, slice } = exchange;
  const piece = pieceOf(event);
  if (!exchange.isCacheable || piece === undefined) return cutShort(exchange);
  lookUpFrom(exchange, piece.first, piece.last);
  const isCurrent = slice.kind === piece.kind && slice.marker === piece.marker;
  if (isCurrent) {
    if (piece.kind === pieceKind.slice) fetchAhead(exchange, piece);
  } else if (slice.isSelected || !takePurged(exchange, piece)) {
    return cutShort(exchange);
  }
  if (entry.isObject) return serveOn(exchange);
  if (!isCurrent) return cutShort(exchange);
  fetchPiece(exchange, 0);
  return answered;
}

/** Looks up the piece that holds `first`, whatever the request says. */
function lookUpFrom(exchange: Exchange, first: number, last: number): void {
  exchange.slice.want(first, last);
  lookUpAgain(exchange);
}

/** The slice behind the one that comes next is fetched ahead, so that the origin is never more than a slice before the client. */
function fetchAhead(exchange: Exchange, piece: Piece): void {
  const { entry, slice } = exchange;
  const behind = slice.last + 1;
  if (behind > piece.last) return;
  lookUpFrom(exchange, behind, piece.last);
  const isMissing = !entry.isObject && entry.state !== storeState.filling;
  if (isMissing && slice.marker === piece.marker) fetchPiece(exchange, commandFlag.background);
  lookUpFrom(exchange, piece.first, piece.last);
}

/** Purged meanwhile: what is there of slices of this version serves those who have begun with it. */
function takePurged(exchange: Exchange, piece: Piece): boolean {
  const { slice } = exchange;
  const { sliceBytes } = exchange.caching.settings;
  const number = Math.floor(piece.first / sliceBytes);
  if (piece.kind !== pieceKind.slice || !buildSliceKey(exchange, piece.marker, number)) return false;
  ask(exchange);
  const { first, last } = sliceAt(number, sliceBytes, piece.marker);
  slice.kind = piece.kind;
  slice.marker = piece.marker;
  slice.place(first, last);
  return true;
}

function serveOn(exchange: Exchange): number {
  const { entry, writer } = exchange;
  if (!exchange.beginCommand(commandKind.serve)) return answered;
  writer.set(commandWord.object, entry.object);
  writer.set(commandWord.objectGeneration, entry.generation);
  writePiece(exchange);
  writer.end();
  return answered;
}

function cutShort(exchange: Exchange): number {
  if (exchange.beginCommand(commandKind.drop)) exchange.writer.end();
  return answered;
}

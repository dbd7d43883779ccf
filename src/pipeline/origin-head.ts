/** The origin has answered: what becomes of its response. */
import { forwardReason, isOriginError, mayServeOnError } from '../cache/index.ts';
import { cacheResult, cacheStatus, eventWord, methodId, reasons } from '../engine/contract.ts';
import type { Exchange } from './exchange.ts';
import { forwardCacheable, forwardDynamic, forwardNotModified } from './forward.ts';
import { updateByHead } from './head-update.ts';
import { invalidate } from './invalidation.ts';
import { lookUpAgain, readFacts } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { forwardPart } from './parts.ts';
import { next } from './phase.ts';
import { pieceOf } from './piece.ts';
import { refresh } from './refresh.ts';
import { respondPage } from './respond.ts';
import { serveEntry } from './serve.ts';
import { concludePiece } from './slices.ts';

const originFailed = reasons.indexOf('origin_failed');

/** Takes up what is known of the fetch. A background fetch has no note: it validates what had become stale. */
export function recallNote(exchange: Exchange): void {
  const note = exchange.readNote();
  if (note.isKnown) return;
  const validates = exchange.event.word(eventWord.revalidated) !== 0;
  note.reason = validates ? forwardReason.stale : forwardReason.uriMiss;
  note.mode = validates ? fetchMode.validate : fetchMode.direct;
  if (validates || pieceOf(exchange.event) === undefined) return;
  note.reason = forwardReason.partial;
  note.mode = fetchMode.fill;
}

/**
 * Serves a stale response in place of an error, where that is allowed (RFC 5861 4); else `next`.
 *
 * @param isUnreachable no response came at all
 */
export function serveOnError(exchange: Exchange, isUnreachable: boolean): number {
  if (!exchange.isCacheable || !exchange.event.hasClient) return next;
  lookUpAgain(exchange);
  const { entry } = exchange;
  const unasked = isUnreachable ? exchange.caching.settings.staleIfUnreachableSeconds : 0;
  if (!entry.isObject || !mayServeOnError(entry, exchange.requestDirectives, exchange.now, unasked))
    return next;
  return serveEntry(exchange, cacheStatus.hitStaleIfError, cacheResult.stale);
}

/** Takes the response in: the server is well, what an unsafe request has made untrue is dropped. */
export function takeResponse(exchange: Exchange): number {
  const { event, response } = exchange;
  response.reset(event.word(eventWord.originHead));
  exchange.zone.balancer.noteSuccess(event.word(eventWord.server));
  recallNote(exchange);
  const reason = readFacts(exchange);
  // A key that did not fit keeps an eligible request out.
  if (exchange.note.reason === forwardReason.bypass) exchange.isCacheable = false;
  else if (!exchange.isCacheable) exchange.note.reason = reason;
  invalidate(exchange);
  return next;
}

/** Decides what becomes of the response. */
export function concludeResponse(exchange: Exchange): number {
  const { event, note, response } = exchange;
  if (!exchange.isCacheable) return forwardDynamic(exchange, note.reason);
  const status = response.code;
  if (exchange.request.code === methodId.head && status === 200) {
    const updated = updateByHead(exchange);
    if (updated !== next) return updated;
  }
  if (note.mode === fetchMode.validate) {
    if (status === 304) return refresh(exchange, status);
    if (isOriginError(status)) {
      const served = serveOnError(exchange, false);
      if (served !== next) return served;
      // Nobody waits for it, and the stored response is better than an error.
      if (!event.hasClient && !exchange.leads) return respondPage(exchange, 502, originFailed);
    }
  }
  const piece = note.mode === fetchMode.direct ? undefined : pieceOf(event);
  if (piece !== undefined) return concludePiece(exchange, piece);
  if (status === 304) return forwardNotModified(exchange);
  if (status === 206) {
    const kept = forwardPart(exchange);
    if (kept !== next) return kept;
  }
  return forwardCacheable(exchange);
}

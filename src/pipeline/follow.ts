/** News of the fetch that this exchange waits for: it has a head, is not for sharing, or look again. */
import { chooseUse, forwardReason, statusEdit, statusNote, use } from '../cache/index.ts';
import {
  cacheResult,
  cacheStatus,
  eventWord,
  failCause,
  followCause,
  objectFlag,
} from '../engine/contract.ts';
import { answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { fetch, fetchAlone } from './fetch.ts';
import { lookUpAgain, readFacts } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { recallNote, serveOnError } from './origin-head.ts';
import { next } from './phase.ts';
import { respondFailure } from './respond.ts';
import { serveEntry } from './serve.ts';

/** Fetches that may fail under an exchange that follows before it is answered with an error. */
const failedLeadersMax = 3;

/** Whether the object of the event is the one that this request selects (RFC 9111 4.1). */
function isSelected(exchange: Exchange): boolean {
  const { entry, event } = exchange;
  // A fetch under the secondary key has selected already.
  if ((entry.objectFlags & objectFlag.hasVary) === 0 || exchange.note.isVariant) return true;
  lookUpAgain(exchange);
  return (
    entry.object === event.word(eventWord.object) &&
    entry.generation === event.word(eventWord.objectGeneration)
  );
}

/** Whether one response may answer this request too. */
function mayShare(exchange: Exchange): boolean {
  const chosen = chooseUse(exchange.entry, exchange.requestDirectives, exchange.now);
  return chosen === use.fresh || chosen === use.stale || chosen === use.staleWhileRevalidate;
}

function onHead(exchange: Exchange): number {
  const { entry, event, note, arena } = exchange;
  entry.read(arena.words, event.base + eventWord.storeState, exchange.now);
  if (isSelected(exchange) && mayShare(exchange)) {
    const wasStale = note.reason === forwardReason.stale || note.reason === forwardReason.request;
    const result = wasStale
      ? entry.isObject
        ? cacheResult.revalidated
        : cacheResult.expired
      : cacheResult.miss;
    const edits = statusEdit(note.reason, entry.status, statusNote.collapsed);
    const served = serveEntry(exchange, cacheStatus.none, result, edits);
    if (served !== next) return served;
  }
  return fetchAlone(exchange);
}

/** The leader failed before its head, or the responses have turned out to vary: everybody looks again. */
function onFailed(exchange: Exchange): number {
  const { note } = exchange;
  const wasVariant = note.isVariant;
  const wasValidation = note.mode === fetchMode.validate;
  lookUpAgain(exchange);
  const isVariant = exchange.vary !== undefined;
  note.leadersFailed = isVariant === wasVariant ? note.leadersFailed + 1 : 0;
  note.reason = isVariant && !wasVariant ? forwardReason.varyMiss : note.reason;
  const given = answer(exchange);
  if (given !== next) return given;
  if (wasValidation) {
    const served = serveOnError(exchange, true);
    if (served !== next) return served;
  }
  if (note.leadersFailed >= failedLeadersMax) {
    return respondFailure(exchange, 502, failCause.destinationUnavailable);
  }
  return fetch(exchange);
}

export function follow(exchange: Exchange): number {
  recallNote(exchange);
  readFacts(exchange);
  switch (exchange.event.word(eventWord.cause)) {
    case followCause.head:
      return onHead(exchange);
    case followCause.failed:
      return onFailed(exchange);
    default:
      return fetchAlone(exchange);
  }
}

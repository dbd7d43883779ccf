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
import { pieceOf } from './piece.ts';
import { respondCause, respondFailure } from './respond.ts';
import { serveEntry } from './serve.ts';
import { goOn } from './slices.ts';

const pieceFlags = objectFlag.slice | objectFlag.part;
/** Fetches that may fail under an exchange that follows before it is answered with an error. */
const failedLeadersMax = 3;
/** Times that an exchange looks for its answer under another key before it fetches alone. */
const movesMax = 2;

/** Whether the object of the event is the one that this request selects (RFC 9111 4.1). */
function isSelected(exchange: Exchange): boolean {
  const { entry, event } = exchange;
  if ((entry.objectFlags & pieceFlags) !== 0) return isNeededPiece(exchange);
  // A fetch under the secondary key has selected already.
  if (exchange.note.isOwn || (entry.objectFlags & objectFlag.hasVary) === 0 || exchange.note.isVariant)
    return true;
  lookUpAgain(exchange);
  return (
    entry.object === event.word(eventWord.object) &&
    entry.generation === event.word(eventWord.objectGeneration)
  );
}

/** Whether the piece of the event is of the version that stands, and one that the request can begin with. */
function isNeededPiece(exchange: Exchange): boolean {
  const { arena, entry, event, slice } = exchange;
  const piece = pieceOf(event);
  lookUpAgain(exchange);
  if (piece === undefined || slice.kind !== piece.kind || slice.marker !== piece.marker) return false;
  if (!slice.isPart && slice.first !== piece.first) return false;
  // Parts are looked up by what stands by now, which may be another one at the same place.
  if (slice.isPart) slice.place(piece.first, piece.last);
  entry.read(arena.words, event.base + eventWord.storeState, exchange.now);
  return true;
}

/** Whether one response may answer this request too. */
function mayShare(exchange: Exchange): boolean {
  const chosen = chooseUse(exchange.entry, exchange.requestDirectives, exchange.now);
  return chosen === use.fresh || chosen === use.stale || chosen === use.staleWhileRevalidate;
}

function onHead(exchange: Exchange): number {
  const { entry, event, note, arena } = exchange;
  entry.read(arena.words, event.base + eventWord.storeState, exchange.now);
  const isPiece = (entry.objectFlags & pieceFlags) !== 0;
  if (isSelected(exchange) && (note.isOwn || mayShare(exchange))) {
    const wasStale = note.reason === forwardReason.stale || note.reason === forwardReason.request;
    const result = wasStale
      ? entry.isObject && !note.isOwn
        ? cacheResult.revalidated
        : cacheResult.expired
      : cacheResult.miss;
    const edits = statusEdit(
      note.reason,
      entry.status,
      note.isOwn ? statusNote.stored : statusNote.collapsed,
    );
    const served = serveEntry(exchange, cacheStatus.none, result, edits);
    if (served !== next) return served;
  }
  return isPiece && !exchange.slice.isDeclined ? lookOn(exchange, false) : fetchAlone(exchange);
}

/** Whether it has waited as long as the origin may take: for another fetch it would as long again. */
function hasWaitedLong({ caching, note, nowMs, zone }: Exchange): boolean {
  const { read_timeout: readTimeout } = caching.settings;
  const timeoutMs = readTimeout === undefined ? zone.balancer.settings.firstByteMs : readTimeout * 1000;
  return note.askedMs > 0 && nowMs - note.askedMs >= timeoutMs;
}

/** Answers with what stands under the key by now, or asks for it again. */
function lookOn(exchange: Exchange, wasValidation: boolean): number {
  const { note } = exchange;
  const given = answer(exchange);
  if (given !== next) return given;
  if (wasValidation) {
    const served = serveOnError(exchange, true);
    if (served !== next) return served;
  }
  note.leadersFailed += 1;
  if (note.leadersFailed >= failedLeadersMax) {
    return respondFailure(exchange, 502, failCause.destinationUnavailable);
  }
  if (note.leadersFailed > 0 && hasWaitedLong(exchange))
    return respondCause(exchange, failCause.responseTimeout, 0);
  note.isOwn = false;
  return fetch(exchange);
}

/** Looks again; whether it is told by now that responses vary, or no longer. */
function findsOther(exchange: Exchange): boolean {
  const { note } = exchange;
  const wasVariant = note.isVariant;
  lookUpAgain(exchange);
  const isVariant = exchange.vary !== undefined;
  if (isVariant && !wasVariant) note.reason = forwardReason.varyMiss;
  return isVariant !== wasVariant;
}

/** The leader failed before its head: everybody looks again. */
function onFailed(exchange: Exchange): number {
  const wasValidation = exchange.note.mode === fetchMode.validate;
  if (findsOther(exchange)) exchange.note.leadersFailed = -1;
  return lookOn(exchange, wasValidation);
}

/** The leader has its answer, but it does not stand here. The origin is well, so that after a few times each may ask it. */
function onElsewhere(exchange: Exchange): number {
  const { note } = exchange;
  findsOther(exchange);
  const given = answer(exchange);
  if (given !== next) return given;
  if (note.moves > movesMax) return respondFailure(exchange, 502, failCause.destinationUnavailable);
  note.moves += 1;
  note.isOwn = false;
  return note.moves > movesMax ? fetchAlone(exchange) : fetch(exchange);
}

/** What it waited for is older than a purge: one of those who came after the purge fetches. */
function onPurged(exchange: Exchange): number {
  exchange.note.leadersFailed = -1;
  lookUpAgain(exchange);
  return lookOn(exchange, false);
}

export function follow(exchange: Exchange): number {
  recallNote(exchange);
  readFacts(exchange);
  switch (exchange.event.word(eventWord.cause)) {
    case followCause.head:
      return onHead(exchange);
    case followCause.failed:
      return onFailed(exchange);
    case followCause.elsewhere:
      return onElsewhere(exchange);
    case followCause.slice:
      return goOn(exchange);
    case followCause.purged:
      return onPurged(exchange);
    default:
      return fetchAlone(exchange);
  }
}

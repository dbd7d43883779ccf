/** Sends the origin's response on, and keeps it where it may be kept (RFC 9111 3). */
import {
  anyBytes,
  condition,
  forwardReason,
  joinVary,
  judgeConditions,
  ResponseControl,
  statusEdit,
  statusNote,
  type VaryFields,
  varyOf,
  verdict,
} from '../cache/index.ts';
import {
  cacheResult,
  commandFlag,
  commandKind,
  commandWord,
  editOp,
  eventWord,
  methodId,
  objectFlag,
} from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';
import { knownId } from '../engine/head-view.ts';
import { directive } from '../lib/cache-control.ts';
import { formatHttpDate } from '../lib/http-date.ts';
import { writeClientFields } from './client-fields.ts';
import type { Exchange } from './exchange.ts';
import {
  buildSecondary,
  ensureKey,
  lookUpAgain,
  putPassMarker,
  putVaryMarker,
  takePrimary,
} from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered } from './phase.ts';
import { writeChanges } from './rules/changes.ts';
import { writeResponseRules } from './rules/response.ts';

const cacheTagId = knownId('cache-tag');
const contentRangeId = knownId('content-range');
const rangeId = knownId('range');
const lastModifiedId = knownId('last-modified');
const setCookieId = knownId('set-cookie');
/** Fields that are meant for this cache and reach no client. Directives stay in the stored head, which the engine sends without them. */
export const ownFields = encodeEdits([
  { op: editOp.remove, name: 'parapet-cache-control' },
  { op: editOp.remove, name: 'cloudflare-cdn-cache-control' },
  { op: editOp.remove, name: 'cache-tag' },
]);
const tagField = encodeEdits([{ op: editOp.remove, name: 'cache-tag' }]);

function writeOwnFields(exchange: Exchange): void {
  const { response, writer } = exchange;
  if (ResponseControl.hasOwnField(response) || response.has(cacheTagId)) writer.addEncoded(ownFields);
}

/** Names the fields that `private` lists: they are not kept (RFC 9111 5.2.2.7). */
export function writePrivateFields(exchange: Exchange): void {
  const { decision, writer } = exchange;
  if (!decision.control.directives.has(directive.privateFields)) return;
  for (const name of decision.control.qualifiedNames('private')) {
    writer.openTextEdit(editOp.remove, knownId(name), name);
    writer.closeEdit();
  }
}

export function beginForward(exchange: Exchange, result: number, edits: EncodedEdits): boolean {
  const { response, writer } = exchange;
  if (!exchange.beginCommand(commandKind.forward)) return false;
  writer.set(commandWord.cacheResult, result);
  writer.beginEdits();
  writeChanges(writer, exchange.responseCache.fields);
  writeOwnFields(exchange);
  writer.addEncoded(edits);
  writeClientFields(exchange, response, response, response.code);
  writeResponseRules(exchange);
  writer.endEdits(commandWord.editsOffset);
  return true;
}

/** A response that the cache has no part in. */
export function forwardDynamic(exchange: Exchange, reason: number): number {
  if (beginForward(exchange, cacheResult.dynamic, statusEdit(reason, 0, 0))) exchange.writer.end();
  return answered;
}

/** A 304 that answers a condition of the client's own, which went to the origin as it came. */
export function forwardNotModified(exchange: Exchange): number {
  const { note, writer } = exchange;
  if (!beginForward(exchange, cacheResult.miss, statusEdit(note.reason, 304, 0))) return answered;
  writer.addFlag(commandFlag.passThrough);
  writer.end();
  return answered;
}

/** What the response varies on, together with what earlier ones did; undefined: nothing. */
function selectingFields(exchange: Exchange): VaryFields | undefined {
  const own = varyOf(exchange.response);
  if (own === undefined && !exchange.note.isVariant) return undefined;
  lookUpAgain(exchange);
  if (own === undefined || exchange.vary === undefined) return own ?? exchange.vary;
  return joinVary(exchange.vary, own);
}

/** Settles the key that the response is stored under; false where it cannot be. */
export function settleKey(exchange: Exchange): boolean {
  const vary = selectingFields(exchange);
  if (vary === undefined) return exchange.slice.isSelected ? takePrimary(exchange) : ensureKey(exchange);
  if (vary.isAny || vary.fields.length > exchange.plan.limits.varyNamesMax) return false;
  const { caching, decision } = exchange;
  if (caching.vary?.refused(vary.fields.map(({ name }) => name)) !== undefined) {
    decision.verdict = verdict.vary_bypass;
    return false;
  }
  const marker = putVaryMarker(exchange, vary);
  exchange.decision.objectFlags |= objectFlag.hasVary;
  return marker !== 0 && buildSecondary(exchange, marker, vary);
}

export function writeStore(exchange: Exchange): void {
  const { decision, writer, key } = exchange;
  writer.addFlag(commandFlag.store);
  const { fillAfterAbortBytesMax } = exchange.caching.settings;
  if (fillAfterAbortBytesMax < anyBytes)
    writer.set(commandWord.fillRestKib, Math.floor(fillAfterAbortBytesMax / 1024) + 1);
  if (key.length > 0) {
    writer.set(commandWord.keyOffset, key.offset);
    writer.set(commandWord.keyLength, key.length);
  }
  writer.beginEdits();
  writeChanges(writer, exchange.responseCache.fields);
  if (exchange.response.has(cacheTagId)) writer.addEncoded(tagField);
  const { tags } = exchange.responseCache;
  if (tags !== undefined) writer.editText(editOp.set, cacheTagId, tags);
  writePrivateFields(exchange);
  if (decision.dropsSetCookie) writer.removeField(setCookieId);
  if (exchange.response.code === 206) writer.removeField(contentRangeId);
  if (decision.needsLastModified) {
    decision.objectFlags |= objectFlag.hasLastModified;
    writer.editText(editOp.set, lastModifiedId, formatHttpDate(exchange.now));
  }
  writer.endEdits(commandWord.storeEditsOffset);
  writer.set(commandWord.freshUntil, decision.freshUntil | 0);
  writer.set(commandWord.staleWhileRevalidateUntil, decision.staleWhileRevalidateUntil | 0);
  writer.set(commandWord.staleIfErrorUntil, decision.staleIfErrorUntil | 0);
  writer.set(commandWord.objectFlags, decision.objectFlags);
  writer.set(commandWord.ageAtStore, decision.ageAtStore | 0);
}

/** The client's own conditions, which did not go to the origin, are judged against the whole response. */
function isNotModified(exchange: Exchange): boolean {
  const { request, response, note, now } = exchange;
  if (note.mode === fetchMode.direct || response.code !== 200 || !exchange.event.hasClient) return false;
  return judgeConditions(request, response, now, now) === condition.notModified;
}

export function resultOf(exchange: Exchange, isStored: boolean): number {
  if (!isStored) return cacheResult.bypass;
  const { reason } = exchange.note;
  return reason === forwardReason.stale || reason === forwardReason.request
    ? cacheResult.expired
    : cacheResult.miss;
}

/** Whether a response that is not stored speaks for those to come: errors, and wishes of one request, do not. */
export function isTelling(exchange: Exchange, decided: number): boolean {
  const { caching, note, response } = exchange;
  const { passSeconds } = caching.settings;
  if (note.mode === fetchMode.direct || passSeconds === 0 || response.code >= 500) return false;
  return (
    exchange.request.code === methodId.get &&
    decided !== verdict.request_no_store &&
    decided !== verdict.partial
  );
}

/** Whether the client is to get a part of the whole that has come. */
function wantsPart({ event, note, request, response }: Exchange): boolean {
  return event.hasClient && response.code === 200 && note.mode !== fetchMode.direct && request.has(rangeId);
}

/** The response fills the store beside this exchange, which is told when it can be served from there; within a forward. */
export function handOver(exchange: Exchange): void {
  exchange.note.isOwn = true;
  exchange.writeNote();
  exchange.writer.addFlag(commandFlag.background);
}

/** A response to an eligible request: stored where that is allowed. */
export function forwardCacheable(exchange: Exchange): number {
  const { caching, decision, event, note, request, response, writer, now } = exchange;
  const delayMs = event.word(eventWord.originDelayMs);
  decision.decide(response, undefined, response.code, exchange, caching.settings, now, delayMs);
  const isGet = request.code === methodId.get;
  let stores = isGet && decision.mayStore;
  if (stores && !settleKey(exchange)) {
    stores = false;
    if (decision.mayStore) decision.verdict = verdict.vary;
  }
  const notes = stores ? statusNote.stored : isGet ? statusNote.notStorable : 0;
  const forwardStatus = notes === statusNote.notStorable ? 0 : response.code;
  const edits = statusEdit(note.reason, forwardStatus, notes);
  if (!stores && isTelling(exchange, decision.verdict))
    putPassMarker(exchange, now + caching.settings.passSeconds);
  const result = isGet ? resultOf(exchange, stores) : cacheResult.miss;
  if (!beginForward(exchange, result, edits)) return answered;
  if (isNotModified(exchange)) {
    writer.set(commandWord.status, 304);
    writer.addFlag(commandFlag.noBody);
  } else if (stores && wantsPart(exchange)) handOver(exchange);
  if (stores) writeStore(exchange);
  else if (exchange.leads) writer.addFlag(commandFlag.releaseFollowers);
  writer.end();
  return answered;
}

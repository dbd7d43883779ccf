/**
 * The phase that asks the store: what of the request decides on caching, the key, and what stands under it. Later events
 * of the exchange ask again in the same way; only the key of the request's own event may have been looked up already.
 */
import {
  forwardReason,
  markerLines,
  partListOf,
  putEarlyKey,
  putExtensions,
  putSecondaryKey,
  readRequestControl,
  type VaryFields,
  type VaryPlan,
  varyOf,
} from '../cache/index.ts';
import {
  controlWord,
  editOp,
  eventFlag,
  eventWord,
  headFlag,
  objectFlag,
  storeState,
} from '../engine/contract.ts';
import { knownId, maskOf } from '../engine/head-view.ts';
import { directive } from '../lib/cache-control.ts';
import { limits } from '../lib/limits.ts';
import type { Exchange } from './exchange.ts';
import { next } from './phase.ts';
import { selectPart } from './select-part.ts';
import { buildSliceKey, chooseSlice } from './select-slice.ts';

const authorizationId = knownId('authorization');
const directivesMask = maskOf(['cache-control', 'pragma']);
/** Bytes of a key beside its target: zone, scheme, the longest host. */
const siteBytesMax = 512;

/** Reads from the request head what decides on caching. Returns why it is not eligible, or `forwardReason.none`. */
export function readFacts(exchange: Exchange): number {
  const { request, caching } = exchange;
  const reason = caching.eligibility.judge(request);
  if (reason !== forwardReason.none) return reason;
  if ((exchange.event.flags & eventFlag.hasBody) !== 0) return forwardReason.bypass;
  const targetBytes = request.targetLength;
  if (targetBytes + siteBytesMax > exchange.plan.limits.keyBytesMax) return forwardReason.bypass;
  exchange.isCacheable = true;
  exchange.hasAuthorization = request.has(authorizationId);
  if (caching.vary !== undefined) normaliseFields(exchange, caching.vary);
  const honours = caching.settings.requestDirectives === 'honour';
  if (honours && request.hasAny(directivesMask.low, directivesMask.high)) {
    exchange.hasDirectives = readRequestControl(exchange.directives, request).isPresent;
    exchange.saysNoStore = exchange.directives.has(directive.noStore);
  }
  return forwardReason.none;
}

/** Puts normal forms in place of fields, for the key and for the origin. */
function normaliseFields({ changes, request }: Exchange, vary: VaryPlan): void {
  if (changes.isNormalised) return;
  changes.isNormalised = true;
  for (const { name, normalise } of vary.normalised) {
    const value = changes.textOf(name, request);
    if (value === undefined) continue;
    const normal = normalise(value);
    const op = normal === '' ? editOp.remove : editOp.set;
    if (normal !== value) changes.addField({ op, id: knownId(name), name, value: normal });
  }
}

/** Appends the primary key as the settings want it. */
export function putPrimary(exchange: Exchange): void {
  const { caching, changes, event, key, request, zone } = exchange;
  if (caching.key !== undefined) {
    caching.key.put(key, zone.key, event.isTls, request, changes, zone.originHost, exchange);
    return;
  }
  putEarlyKey(key, zone.key, event.isTls, request);
  putExtensions(key, request);
}

/** Whether the key that the engine makes by itself is that of this request. */
function hasEarlyKey({ caching, request }: Exchange): boolean {
  return caching.key === undefined && !request.hasReplacedTarget;
}

/** Writes the primary key into the out region; false where there is no room for it. */
export function buildPrimary(exchange: Exchange): boolean {
  if (exchange.primaryLength > 0) return true;
  const { key, writer } = exchange;
  const capacity = Math.min(exchange.plan.limits.keyBytesMax, writer.room);
  const offset = writer.allocate(capacity);
  key.begin(offset, capacity);
  putPrimary(exchange);
  writer.trim(key.isWhole ? key.end : offset);
  if (!key.isWhole) key.begin(0, 0);
  exchange.primaryOffset = key.offset;
  exchange.primaryLength = key.length;
  return key.length > 0;
}

/** Makes `key` the secondary key of a marker. */
export function buildSecondary(exchange: Exchange, marker: number, vary: VaryFields): boolean {
  if (!buildPrimary(exchange)) return false;
  const { key, writer } = exchange;
  const capacity = Math.min(exchange.plan.limits.keyBytesMax, writer.room);
  const offset = writer.allocate(capacity);
  key.begin(offset, capacity);
  key.putSpan(exchange.primaryOffset, exchange.primaryLength);
  putSecondaryKey(key, marker, vary, exchange.request, exchange.changes, exchange.caching.vary !== undefined);
  writer.trim(key.isWhole ? key.end : offset);
  if (!key.isWhole) key.begin(0, 0);
  return key.length > 0;
}

/** Asks the store for what stands under `key`. */
export function ask(exchange: Exchange): void {
  const { arena, key, entry } = exchange;
  exchange.ports.lookup(key.offset, key.length);
  entry.read(arena.words, arena.words[controlWord.replyOffset]! >> 2, exchange.now);
}

/** Makes the primary key the one that is named next. */
export function takePrimary(exchange: Exchange): boolean {
  if (!buildPrimary(exchange)) return false;
  exchange.key.begin(exchange.primaryOffset, 0);
  exchange.key.length = exchange.primaryLength;
  return true;
}

/** The response under the key is stored in slices or parts: goes on to the one that this request needs first. */
function selectSlice(exchange: Exchange): void {
  const { entry, key, ports, slice, storedHead } = exchange;
  const { object, generation } = entry;
  const table = ports.readStoredHead(object, generation);
  entry.clear();
  if (table === 0) return;
  const list = partListOf(storedHead.reset(table));
  if (list !== undefined) {
    if (key.length > 0 || takePrimary(exchange)) selectPart(exchange, list, storedHead);
    return;
  }
  const number = chooseSlice(exchange, storedHead, generation);
  if (number < 0) return;
  const hasKey = key.length > 0 || takePrimary(exchange);
  if (hasKey && buildSliceKey(exchange, generation, number)) return ask(exchange);
  slice.clear();
  exchange.isCacheable = false;
}

/** Whether the entry is the marker of slices or parts. */
export function isSliced(exchange: Exchange): boolean {
  const { objectFlags, state } = exchange.entry;
  return state === storeState.varies && (objectFlags & objectFlag.sliceMarker) !== 0;
}

/** The responses under the key vary: goes on to the one that this request selects (RFC 9111 4.1). */
function selectVariant(exchange: Exchange): void {
  const { entry, markers } = exchange;
  if (isSliced(exchange)) return selectSlice(exchange);
  const { object, generation } = entry;
  let vary = markers.get(object, generation);
  if (vary === undefined) {
    const table = exchange.ports.readStoredHead(object, generation);
    vary = table === 0 ? undefined : varyOf(exchange.storedHead.reset(table));
    if (vary !== undefined) markers.set(object, generation, vary);
  }
  entry.clear();
  if (vary === undefined) return;
  if (!buildSecondary(exchange, generation, vary)) {
    exchange.isCacheable = false;
    return;
  }
  exchange.vary = vary;
  exchange.marker = generation;
  ask(exchange);
  if (isSliced(exchange)) selectSlice(exchange);
}

/** Looks up the key of this request and of what it selects, anew. */
export function lookUpAgain(exchange: Exchange): void {
  exchange.entry.clear();
  exchange.vary = undefined;
  exchange.marker = 0;
  exchange.slice.clear();
  if (!takePrimary(exchange)) {
    exchange.isCacheable = false;
    return;
  }
  ask(exchange);
  if (exchange.entry.state === storeState.varies) selectVariant(exchange);
}

export function lookUp(exchange: Exchange): number {
  const { event, entry, note } = exchange;
  note.clear();
  entry.clear();
  note.reason = readFacts(exchange);
  if (!exchange.isCacheable) return next;
  if ((event.flags & eventFlag.keyValid) !== 0 && hasEarlyKey(exchange)) {
    entry.read(exchange.arena.words, event.base + eventWord.storeState, exchange.now);
    if (entry.state === storeState.varies) selectVariant(exchange);
  } else {
    lookUpAgain(exchange);
  }
  note.reason = exchange.isCacheable ? missReason(exchange) : forwardReason.bypass;
  return next;
}

/** Why the store has not got it, where it has not. */
function missReason(exchange: Exchange): number {
  if (exchange.slice.isSelected) return forwardReason.partial;
  return exchange.vary === undefined ? forwardReason.uriMiss : forwardReason.varyMiss;
}

/** Makes sure that the key of a command can be named: the early key where it stands, else one that has been built. */
export function ensureKey(exchange: Exchange): boolean {
  const { key, request } = exchange;
  const isEarly = (request.flags & headFlag.extendsKey) === 0 && hasEarlyKey(exchange);
  return key.length > 0 || isEarly || buildPrimary(exchange);
}

/**
 * Puts the marker that says what responses under the primary key vary on, or finds that it stands already.
 *
 * @returns its generation, 0 where it could not be put
 */
export function putVaryMarker(exchange: Exchange, vary: VaryFields): number {
  if (exchange.vary?.text === vary.text && exchange.marker !== 0) return exchange.marker;
  if (!buildPrimary(exchange)) return 0;
  const lines = markerLines(vary);
  const offset = exchange.writer.allocate(lines.length);
  if (offset < 0) return 0;
  exchange.arena.writeText(lines, offset);
  return exchange.ports.putMarker(
    exchange.primaryOffset,
    exchange.primaryLength,
    objectFlag.varyMarker,
    limits.timeMax,
    offset,
    lines.length,
  );
}

/** Remembers that what stands under the key, or under that of the variant, is not for storing (hit-for-miss). */
export function putPassMarker(exchange: Exchange, until: number): void {
  // One variant speaks for itself alone: under the primary key stands what all of them vary on.
  if (exchange.note.isVariant && exchange.vary === undefined) lookUpAgain(exchange);
  if (exchange.key.length === 0 && !buildPrimary(exchange)) return;
  exchange.ports.putMarker(exchange.key.offset, exchange.key.length, objectFlag.passMarker, until, 0, 0);
}

/** Asks the origin: how (as it came, to fill the store, to validate what is stored), which server, with which fields. */
import { preconditionMask, writeValidators } from '../cache/index.ts';
import {
  commandFlag,
  commandKind,
  commandWord,
  editOp,
  eventKind,
  eventWord,
  followCause,
  methodId,
  storeState,
} from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { knownId } from '../engine/head-view.ts';
import { maxForwards, viaHops, writeForwarding, writeSite } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { ensureKey, lookUpAgain } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered } from './phase.ts';
import { writeChanges } from './rules/changes.ts';
import { sliceHandle } from './rules/refreshing.ts';
import { firstSlice, isOpenFromStart } from './select-slice.ts';

const hostId = knownId('host');
const maxForwardsId = knownId('max-forwards');
const rangeId = knownId('range');
const acceptEncodingId = knownId('accept-encoding');

/** How a request that the store does not answer is fetched: slot `mode` of its note. */
export function chooseMode(exchange: Exchange): number {
  const { entry, request } = exchange;
  if (!exchange.isCacheable || exchange.saysNoStore) return fetchMode.direct;
  if (exchange.slice.isDeclined || exchange.slice.isPart) return fetchMode.direct;
  // Conditions that only the origin can judge go as they came.
  if (request.hasAny(preconditionMask.low, preconditionMask.high)) return fetchMode.direct;
  if (entry.isObject) return fetchMode.validate;
  if (request.code !== methodId.get || exchange.hasAuthorization) return fetchMode.direct;
  if (entry.state === storeState.pass || !rangeMayFill(exchange)) return fetchMode.direct;
  return fetchMode.fill;
}

/** Whether what the origin is asked for in place of the request's range serves it, and the store: all of it, or slices. */
function rangeMayFill(exchange: Exchange): boolean {
  const { caching, request } = exchange;
  if (!request.has(rangeId)) return true;
  const first = firstSlice(exchange, Number.MAX_SAFE_INTEGER, caching.settings.sliceBytes);
  if (caching.hasSlices) return first >= 0;
  return first === 0 && isOpenFromStart(exchange);
}

/** Number of the slice that is asked for in place of the whole; -1: none. */
function sliceToFetch(exchange: Exchange): number {
  const { caching, entry, note, slice } = exchange;
  if (note.mode === fetchMode.direct) return -1;
  if (slice.isSelected) return slice.number;
  if (entry.isObject || !caching.hasSlices) return -1;
  return firstSlice(exchange, Number.MAX_SAFE_INTEGER, caching.settings.sliceBytes);
}

/** W3C, Edge Architecture: an origin that means this cache alone by Surrogate-Control names it so. */
const surrogateCapability = encodeEdits([
  { op: editOp.append, name: 'surrogate-capability', value: 'parapet="Surrogate/1.0"' },
]);

function mayCollapse(exchange: Exchange): boolean {
  return (
    exchange.caching.settings.collapse &&
    exchange.note.mode !== fetchMode.direct &&
    exchange.request.code === methodId.get &&
    !exchange.hasAuthorization &&
    // A request that has passed here before may be the fetch that it would wait for: a loop must not stand still.
    viaHops(exchange.request) === 0
  );
}

/** Fields that the origin gets beside those of the client. */
function writeFields(exchange: Exchange, hostHeader: string, hasClient: boolean): void {
  const { request, writer, event } = exchange;
  if (hostHeader !== '') writer.editText(editOp.set, hostId, hostHeader);
  const peer = event.word(eventWord.clientAddress);
  if (exchange.isPeerTrusted && peer !== 0) writeForwarding(writer, request, peer, event.isTls);
  else if (!hasClient) writeSite(writer, request, event.isTls);
  if (exchange.isCacheable) writer.addEncoded(surrogateCapability);
  writeChanges(writer, exchange.changes.fields);
  if (request.code === methodId.options && request.has(maxForwardsId)) {
    const hops = maxForwards(request);
    if (hops > 0) writer.editText(editOp.set, maxForwardsId, `${hops - 1}`);
  }
}

/**
 * Writes a fetch in the mode of the note.
 *
 * @param object the stored response that is validated, 0 for none
 * @param avoid id of a server that has just failed, 0 for none
 * @param flags further command flags (`background`)
 * @param shares whether others may share this fetch, or this one theirs
 * @param slice number of the slice that is asked for, -1 for the whole
 */
function writeFetch(
  exchange: Exchange,
  object: number,
  generation: number,
  avoid: number,
  flags: number,
  shares: boolean,
  slice: number,
): boolean {
  const { writer, key, note, request } = exchange;
  const collapses = shares && mayCollapse(exchange) && ensureKey(exchange);
  const table = object === 0 ? 0 : exchange.ports.readStoredHead(object, generation);
  const candidate = exchange.zone.balancer.choose(exchange.nowMs, avoid);
  if (!exchange.beginCommand(commandKind.fetch)) return false;
  writer.set(commandWord.server, candidate.server.id);
  const { read_timeout: readTimeout } = exchange.caching.settings;
  if (readTimeout !== undefined) writer.set(commandWord.readTimeoutMs, readTimeout * 1000);
  if (note.mode !== fetchMode.direct) writer.addFlag(commandFlag.unconditional);
  if (!exchange.isPeerTrusted) writer.addFlag(commandFlag.forwardingFields);
  writer.addFlag(flags);
  if (collapses) {
    writer.addFlag(commandFlag.collapse);
    if (key.length > 0) {
      writer.set(commandWord.keyOffset, key.offset);
      writer.set(commandWord.keyLength, key.length);
    }
  }
  if (request.hasReplacedTarget) {
    writer.set(commandWord.targetOffset, request.targetOffset);
    writer.set(commandWord.targetLength, request.targetLength);
  }
  writer.beginEdits();
  if (table !== 0) {
    writer.set(commandWord.object, object);
    writer.set(commandWord.objectGeneration, generation);
    writeValidators(writer, exchange.storedHead.reset(table));
  }
  const isBeside = (flags & commandFlag.background) !== 0 || isGoingOn(exchange);
  writeFields(exchange, candidate.hostHeader, exchange.event.hasClient && !isBeside);
  if (slice >= 0) writeSlice(exchange, slice);
  writer.endEdits(commandWord.editsOffset);
  writer.end();
  return true;
}

/** The exchange sends a body slice by slice: what it fetches, an exchange without a client does. */
function isGoingOn({ event }: Exchange): boolean {
  return event.kind === eventKind.follow && event.word(eventWord.cause) === followCause.slice;
}

/** Asks for a slice, within the edits of a fetch. */
function writeSlice(exchange: Exchange, number: number): void {
  const { caching, writer, slice } = exchange;
  const { sliceBytes } = caching.settings;
  const first = number * sliceBytes;
  writer.set(commandWord.slice, number + 1);
  writer.set(commandWord.sliceMarker, slice.marker);
  writer.editText(editOp.set, rangeId, `bytes=${first}-${first + sliceBytes - 1}`);
  writer.editText(editOp.set, acceptEncodingId, 'identity');
}

/** Fetches a slice for what the exchange sends: `flags` with `background` ahead of it, else the one that it waits for. */
export function fetchSlice(exchange: Exchange, flags: number): void {
  const { caching, changes, note, refreshing, slice, zone } = exchange;
  note.mode = fetchMode.fill;
  if (zone.ruleSets.length > 0)
    refreshing.keep(sliceHandle(slice.number + 1, slice.marker), slice.marker, changes.copy(), caching);
  writeFetch(exchange, 0, 0, 0, flags, true, slice.number);
}

/** The last phase of a request. */
export function fetch(exchange: Exchange): number {
  const { entry, note } = exchange;
  note.mode = chooseMode(exchange);
  note.isVariant = exchange.vary !== undefined;
  if (note.askedMs === 0) note.askedMs = exchange.nowMs;
  exchange.writeNote();
  const validates = note.mode === fetchMode.validate;
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, true, sliceToFetch(exchange));
  return answered;
}

/**
 * Fetches for this exchange alone, after what it waited for is not for it: with validators where a complete response is
 * stored, else as the request came.
 */
export function fetchAlone(exchange: Exchange): number {
  const { entry, note } = exchange;
  const validates = exchange.isCacheable && entry.isObject && chooseMode(exchange) === fetchMode.validate;
  note.mode = validates ? fetchMode.validate : fetchMode.direct;
  note.isVariant = exchange.vary !== undefined;
  exchange.writeNote();
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, false, sliceToFetch(exchange));
  return answered;
}

/** Sends a request again, after a failure, to another server where there is one. */
export function fetchAgain(exchange: Exchange, failedServer: number): number {
  const { event, note } = exchange;
  const object = note.mode === fetchMode.validate ? event.word(eventWord.revalidated) : 0;
  const number = note.mode === fetchMode.direct ? -1 : event.word(eventWord.slice) - 1;
  if (number >= 0) {
    exchange.slice.wanted = number;
    lookUpAgain(exchange);
  }
  if (event.hasClient || note.isKnown) exchange.writeNote();
  writeFetch(exchange, object, event.word(eventWord.revalidatedGeneration), failedServer, 0, true, number);
  return answered;
}

/** Refreshes what stands in `entry` beside the exchange that serves it (RFC 5861 3). */
export function refreshInBackground(exchange: Exchange): void {
  const { entry, note, request } = exchange;
  if (
    request.code !== methodId.get ||
    !exchange.refreshes.admit(entry.object, entry.generation, exchange.now)
  )
    return;
  note.mode = fetchMode.validate;
  const { caching, changes, refreshing, zone } = exchange;
  if (zone.ruleSets.length > 0) refreshing.keep(entry.object, entry.generation, changes.copy(), caching);
  writeFetch(
    exchange,
    entry.object,
    entry.generation,
    0,
    commandFlag.background,
    true,
    sliceToFetch(exchange),
  );
}

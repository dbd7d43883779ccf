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
  pieceKind,
  storeState,
} from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { knownId } from '../engine/head-view.ts';
import { maxForwards, viaHops, writeForwarding, writeSite } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { ensureKey, lookUpAgain } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered } from './phase.ts';
import { type Piece, pieceOf, setPiece, sliceAt } from './piece.ts';
import { writeChanges } from './rules/changes.ts';
import { pieceHandle } from './rules/refreshing.ts';
import { buildPartKey } from './select-part.ts';
import { firstSlice, isOpenFromStart } from './wanted-range.ts';

const hostId = knownId('host');
const maxForwardsId = knownId('max-forwards');
const rangeId = knownId('range');
const acceptEncodingId = knownId('accept-encoding');

/** How a request that the store does not answer is fetched: slot `mode` of its note. */
export function chooseMode(exchange: Exchange): number {
  const { entry, request } = exchange;
  if (!exchange.isCacheable || exchange.saysNoStore) return fetchMode.direct;
  if (exchange.slice.isDeclined) return fetchMode.direct;
  // Conditions that only the origin can judge go as they came.
  if (request.hasAny(preconditionMask.low, preconditionMask.high)) return fetchMode.direct;
  if (entry.isObject) return fetchMode.validate;
  if (request.code !== methodId.get || exchange.hasAuthorization) return fetchMode.direct;
  if (entry.state === storeState.pass || !rangeMayFill(exchange)) return fetchMode.direct;
  return fetchMode.fill;
}

/** Whether what the origin is asked for in place of the request's range serves it, and the store: all of it, or slices. */
function rangeMayFill(exchange: Exchange): boolean {
  const { caching, request, slice } = exchange;
  if (!request.has(rangeId) || slice.isPart) return true;
  const first = firstSlice(exchange, Number.MAX_SAFE_INTEGER, caching.settings.sliceBytes);
  if (caching.hasSlices) return first >= 0;
  return first === 0 && isOpenFromStart(exchange);
}

/** What is asked for in place of the whole; undefined: nothing. */
function pieceToFetch(exchange: Exchange): Piece | undefined {
  const { caching, entry, note, slice } = exchange;
  if (note.mode === fetchMode.direct) return undefined;
  if (slice.isSelected) return slice;
  if (entry.isObject || !caching.hasSlices) return undefined;
  const { sliceBytes } = caching.settings;
  const number = firstSlice(exchange, Number.MAX_SAFE_INTEGER, sliceBytes);
  return number < 0 ? undefined : sliceAt(number, sliceBytes, 0);
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
 * @param piece what is asked for in place of the whole
 */
function writeFetch(
  exchange: Exchange,
  object: number,
  generation: number,
  avoid: number,
  flags: number,
  shares: boolean,
  piece: Piece | undefined,
): boolean {
  const { writer, key, note, request } = exchange;
  const isBeside = (flags & commandFlag.background) !== 0 || isGoingOn(exchange);
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
  }
  // What is fetched beside the exchange fills the store under this key, whether others may share it or not.
  if ((collapses || isBeside) && key.length > 0) {
    writer.set(commandWord.keyOffset, key.offset);
    writer.set(commandWord.keyLength, key.length);
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
  writeFields(exchange, candidate.hostHeader, exchange.event.hasClient && !isBeside);
  if (piece !== undefined) writePiece(exchange, piece);
  writer.endEdits(commandWord.editsOffset);
  writer.end();
  return true;
}

/** The exchange sends a body slice by slice: what it fetches, an exchange without a client does. */
function isGoingOn({ event }: Exchange): boolean {
  return event.kind === eventKind.follow && event.word(eventWord.cause) === followCause.slice;
}

/** Asks for a piece, within the edits of a fetch. */
function writePiece({ writer }: Exchange, piece: Piece): void {
  setPiece(writer, piece);
  writer.editText(editOp.set, rangeId, `bytes=${piece.first}-${piece.last}`);
  writer.editText(editOp.set, acceptEncodingId, 'identity');
}

/** Fetches a piece for what the exchange sends: `flags` with `background` ahead of it, else the one that it waits for. */
export function fetchPiece(exchange: Exchange, flags: number): void {
  const { caching, changes, note, refreshing, slice, zone } = exchange;
  note.mode = fetchMode.fill;
  if (zone.ruleSets.length > 0) refreshing.keep(pieceHandle(slice), slice.marker, changes.copy(), caching);
  writeFetch(exchange, 0, 0, 0, flags, true, slice);
}

/** The last phase of a request. */
export function fetch(exchange: Exchange): number {
  const { entry, note } = exchange;
  note.mode = chooseMode(exchange);
  note.isVariant = exchange.vary !== undefined;
  if (note.askedMs === 0) note.askedMs = exchange.nowMs;
  exchange.writeNote();
  const validates = note.mode === fetchMode.validate;
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, true, pieceToFetch(exchange));
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
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, false, pieceToFetch(exchange));
  return answered;
}

/** Sends a request again, after a failure, to another server where there is one. */
export function fetchAgain(exchange: Exchange, failedServer: number): number {
  const { event, note } = exchange;
  const object = note.mode === fetchMode.validate ? event.word(eventWord.revalidated) : 0;
  const asked = note.mode === fetchMode.direct ? undefined : pieceOf(event);
  const piece = asked === undefined || findPiece(exchange, asked) ? asked : undefined;
  if (piece !== asked) note.mode = fetchMode.direct;
  if (event.hasClient || note.isKnown) exchange.writeNote();
  writeFetch(exchange, object, event.word(eventWord.revalidatedGeneration), failedServer, 0, true, piece);
  return answered;
}

/** Makes the key of a piece that was asked for the one that is named next. False: it is a part of a version that is gone. */
function findPiece(exchange: Exchange, { kind, marker, first, last }: Piece): boolean {
  const { slice } = exchange;
  slice.want(first, last);
  lookUpAgain(exchange);
  if (kind !== pieceKind.part) return true;
  return slice.isPart && slice.marker === marker && buildPartKey(exchange, marker, first, last);
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
    pieceToFetch(exchange),
  );
}

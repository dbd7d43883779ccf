/** Asks the origin: how (as it came, to fill the store, to validate what is stored), which server, with which fields. */
import { preconditionMask, writeValidators } from '../cache/index.ts';
import {
  commandFlag,
  commandKind,
  commandWord,
  editOp,
  eventWord,
  methodId,
  storeState,
} from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { knownId, maskOf } from '../engine/head-view.ts';
import { maxForwards, viaHops, writeForwarding, writeSite } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { ensureKey } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered } from './phase.ts';
import { writeChanges } from './rules/changes.ts';

const hostId = knownId('host');
const maxForwardsId = knownId('max-forwards');
/** Requests for a part, or with conditions that only the origin can judge, go as they came. */
const directMask = (() => {
  const range = maskOf(['range', 'if-range']);
  return { low: range.low | preconditionMask.low, high: range.high | preconditionMask.high };
})();

/** How a request that the store does not answer is fetched: slot `mode` of its note. */
export function chooseMode(exchange: Exchange): number {
  const { entry, request } = exchange;
  if (!exchange.isCacheable || exchange.saysNoStore) return fetchMode.direct;
  if (entry.isObject) {
    return request.hasAny(preconditionMask.low, preconditionMask.high)
      ? fetchMode.direct
      : fetchMode.validate;
  }
  if (request.code !== methodId.get || exchange.hasAuthorization) return fetchMode.direct;
  if (entry.state === storeState.pass || request.hasAny(directMask.low, directMask.high))
    return fetchMode.direct;
  return fetchMode.fill;
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
 */
function writeFetch(
  exchange: Exchange,
  object: number,
  generation: number,
  avoid: number,
  flags: number,
  shares: boolean,
): boolean {
  const { writer, key, note, request } = exchange;
  const collapses = shares && mayCollapse(exchange) && ensureKey(exchange);
  const table = object === 0 ? 0 : exchange.ports.readStoredHead(object, generation);
  const candidate = exchange.zone.balancer.choose(exchange.nowMs, avoid);
  if (!exchange.beginCommand(commandKind.fetch)) return false;
  writer.set(commandWord.server, candidate.server.id);
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
  const hasClient = exchange.event.hasClient && (flags & commandFlag.background) === 0;
  writeFields(exchange, candidate.hostHeader, hasClient);
  writer.endEdits(commandWord.editsOffset);
  writer.end();
  return true;
}

/** The last phase of a request. */
export function fetch(exchange: Exchange): number {
  const { entry, note } = exchange;
  note.mode = chooseMode(exchange);
  note.isVariant = exchange.vary !== undefined;
  exchange.writeNote();
  const validates = note.mode === fetchMode.validate;
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, true);
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
  writeFetch(exchange, validates ? entry.object : 0, entry.generation, 0, 0, false);
  return answered;
}

/** Sends a request again, after a failure, to another server where there is one. */
export function fetchAgain(exchange: Exchange, failedServer: number): number {
  const { event, note } = exchange;
  const object = note.mode === fetchMode.validate ? event.word(eventWord.revalidated) : 0;
  exchange.writeNote();
  writeFetch(exchange, object, event.word(eventWord.revalidatedGeneration), failedServer, 0, true);
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
  writeFetch(exchange, entry.object, entry.generation, 0, commandFlag.background, true);
}

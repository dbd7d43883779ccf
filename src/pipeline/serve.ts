/**
 * Answers from the store: the whole response, a part of it, or what the conditions of the request make of it (RFC 9110
 * 13.2.2: conditions come before ranges).
 */
import { condition, conditionMask, judgeConditions, rangeKind, rangeMayApply } from '../cache/index.ts';
import {
  cacheStatus,
  commandFlag,
  commandKind,
  commandWord,
  editOp,
  methodId,
  objectFlag,
  reasons,
} from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';
import { type HeadView, knownId, maskOf, noField } from '../engine/head-view.ts';
import { deltaSecondsMax } from '../lib/bytes.ts';
import { changesClientFields, writeStoredClientFields } from './client-fields.ts';
import type { Exchange } from './exchange.ts';
import { answered, next } from './phase.ts';
import { hasResponseRules, writeResponseRules } from './rules/response.ts';

const rangeId = knownId('range');
const contentRangeId = knownId('content-range');
const rangeMask = maskOf(['range']);
const preconditionFailed = reasons.indexOf('precondition_failed');
const rangeNotSatisfiable = reasons.indexOf('range_not_satisfiable');
/** What describes a body that is not sent. */
const noBodyEdits = encodeEdits([
  { op: editOp.remove, name: 'content-type' },
  { op: editOp.remove, name: 'content-encoding' },
]);

const partsEdits = encodeEdits([{ op: editOp.set, name: 'content-type', value: 'multipart/byteranges' }]);

/** What a request makes of a stored response: 0 leaves its own status. */
export const shape = {
  whole: 0,
  part: 206,
  notModified: 304,
  failed: 412,
  unsatisfiable: 416,
  parts: -206,
} as const;

/**
 * Judges conditions and range of the request against a stored head.
 *
 * @param sizeBytes of the complete body; -1 where it is not known, so that no part can be served
 */
export function judgeShape(
  exchange: Exchange,
  stored: HeadView,
  storedAt: number,
  sizeBytes: number,
): number {
  const { request, now } = exchange;
  const judged = judgeConditions(request, stored, storedAt, now);
  if (judged === condition.notModified) return shape.notModified;
  if (judged === condition.failed) return shape.failed;
  // RFC 9110 14.2: Range is defined for GET.
  const field = request.code === methodId.get && sizeBytes >= 0 ? request.find(rangeId) : noField;
  if (field === noField || !rangeMayApply(request, stored)) return shape.whole;
  const { bytes } = exchange.arena;
  const { kind } = exchange.range.read(
    bytes,
    request.valueOffset(field),
    request.valueLength(field),
    sizeBytes,
  );
  if (kind === rangeKind.part) return shape.part;
  if (kind === rangeKind.several) return shape.parts;
  return kind === rangeKind.unsatisfiable ? shape.unsatisfiable : shape.whole;
}

/** Whether the request has fields that `judgeShape` looks at, for a response with this status. */
export function needsShape(exchange: Exchange, status: number): boolean {
  if (status < 200 || status > 299) return false;
  return exchange.request.hasAny(conditionMask.low | rangeMask.low, conditionMask.high | rangeMask.high);
}

/** Writes what a shape adds to a serve or refresh command, within its edits. */
export function writeShape(exchange: Exchange, wanted: number, sizeBytes: number): void {
  const { writer, range } = exchange;
  if (wanted === shape.whole) return;
  writer.set(commandWord.status, Math.abs(wanted));
  // The engine adds the boundary, and writes Content-Range in each part.
  if (wanted === shape.parts) return writer.addEncoded(partsEdits);
  if (wanted === shape.part) {
    writeRange(exchange, 0);
    writer.editText(editOp.set, contentRangeId, `bytes ${range.first}-${range.last}/${sizeBytes}`);
    return;
  }
  if (wanted === shape.notModified) return;
  const isFailed = wanted === shape.failed;
  writer.set(commandWord.reason, isFailed ? preconditionFailed : rangeNotSatisfiable);
  writer.addEncoded(noBodyEdits);
  if (!isFailed) writer.editText(editOp.set, contentRangeId, `bytes */${sizeBytes}`);
}

/** Names the ranges of `shape.parts`, outside the edits. */
export function writeParts(exchange: Exchange): void {
  const { writer, range, arena } = exchange;
  const offset = writer.allocate(range.count * 16);
  if (offset < 0) return;
  for (let index = 0; index < range.count; index += 1) {
    const at = (offset >> 2) + index * 4;
    arena.words[at] = range.firsts[index]! | 0;
    arena.words[at + 1] = highWord(range.firsts[index]!);
    arena.words[at + 2] = range.lasts[index]! | 0;
    arena.words[at + 3] = highWord(range.lasts[index]!);
  }
  writer.addFlag(commandFlag.parts);
  writer.set(commandWord.bodyOffset, offset);
  writer.set(commandWord.bodyLength, range.count * 16);
}

/** Names the range in an object that begins at `from` of the whole. */
function writeRange({ range, writer }: Exchange, from: number): void {
  const first = range.first - from;
  const last = range.last - from;
  writer.set(commandWord.rangeFirstLow, first | 0);
  writer.set(commandWord.rangeFirstHigh, highWord(first));
  writer.set(commandWord.rangeLastLow, last | 0);
  writer.set(commandWord.rangeLastHigh, highWord(last));
}

/** Status that goes out. @param status of the whole response */
export function sentStatus(wanted: number, status: number): number {
  return wanted === shape.whole ? status : Math.abs(wanted);
}

/** Whether the slice that is selected is the first that an answer of this shape needs. */
export function fitsSlice(exchange: Exchange, wanted: number): boolean {
  const { range, slice } = exchange;
  if (slice.info === undefined || wanted === shape.parts) return false;
  // What is selected has the range within it.
  if (slice.isPart) return wanted !== shape.whole;
  if (wanted === shape.part) return Math.floor(range.first / slice.info.sliceBytes) === slice.number;
  return wanted !== shape.whole || slice.number === 0;
}

/** Says that the body goes on behind the slice that is served, outside the edits. */
export function writeSlices(exchange: Exchange, wanted: number): void {
  const { arena, slice, writer } = exchange;
  if (slice.info === undefined || (wanted !== shape.whole && wanted !== shape.part)) return;
  const offset = writer.allocate(16);
  if (offset < 0) return;
  const at = offset >> 2;
  arena.words[at] = slice.info.sliceBytes;
  arena.words[at + 1] = slice.marker;
  arena.words[at + 2] = slice.info.sizeBytes | 0;
  arena.words[at + 3] = highWord(slice.info.sizeBytes);
  writer.addFlag(commandFlag.sliced);
  writer.set(commandWord.bodyOffset, offset);
  writer.set(commandWord.bodyLength, 16);
  if (wanted === shape.whole) writer.set(commandWord.status, 200);
}

function highWord(value: number): number {
  return Math.floor(value / 4_294_967_296);
}

export function ttlWord(freshUntil: number, now: number): number {
  return Math.max(-deltaSecondsMax, Math.min(freshUntil - now, deltaSecondsMax));
}

/**
 * Serves what stands in `entry`.
 *
 * @param status member of Cache-Status that the engine writes; none where `edits` carry it
 * @param result index into `cacheResults`
 * @returns `next` where the object is gone, so that nothing has been written
 */
export function serveEntry(exchange: Exchange, status: number, result: number, edits?: EncodedEdits): number {
  const { entry, slice, writer, now } = exchange;
  const isSlice = (entry.objectFlags & objectFlag.slice) !== 0;
  // While it fills, its size may not be known.
  const knownBytes = entry.sizeBytes <= Number.MAX_SAFE_INTEGER ? entry.sizeBytes : -1;
  const isPart = (entry.objectFlags & objectFlag.part) !== 0;
  const isPiece = isSlice || isPart;
  const sizeBytes = slice.info !== undefined && isPiece ? slice.info.sizeBytes : knownBytes;
  let wanted: number = shape.whole;
  if (needsShape(exchange, entry.status)) {
    const table = exchange.ports.readStoredHead(entry.object, entry.generation);
    if (table === 0) {
      entry.clear();
      return next;
    }
    const isWholeStatus = entry.status === 200 || isPiece;
    wanted = judgeShape(
      exchange,
      exchange.storedHead.reset(table),
      entry.storedAt,
      isWholeStatus ? sizeBytes : -1,
    );
  }
  if (isPiece && !fitsSlice(exchange, wanted)) {
    entry.clear();
    slice.isDeclined = true;
    return next;
  }
  if (!exchange.beginCommand(commandKind.serve)) return answered;
  writer.set(commandWord.object, entry.object);
  writer.set(commandWord.objectGeneration, entry.generation);
  writer.set(commandWord.age, entry.ageSeconds);
  writer.set(commandWord.cacheStatus, status);
  writer.set(commandWord.cacheResult, result);
  if (status !== cacheStatus.none) writer.set(commandWord.ttl, ttlWord(entry.freshUntil, now));
  const changes = changesClientFields(exchange);
  if (wanted !== shape.whole || edits !== undefined || changes || hasResponseRules(exchange)) {
    writer.beginEdits();
    writeShape(exchange, wanted, sizeBytes);
    if (edits !== undefined) writer.addEncoded(edits);
    if (changes) writeStoredClientFields(exchange, sentStatus(wanted, isSlice ? 200 : entry.status));
    writeResponseRules(exchange);
    writer.endEdits(commandWord.editsOffset);
    if (wanted === shape.parts) writeParts(exchange);
  }
  if (isSlice) writeSlices(exchange, wanted);
  if (isPart && wanted === shape.part) writeRange(exchange, slice.partFirst);
  writer.end();
  return answered;
}

/** What conditions and ranges of a request make of a stored response (RFC 9110 13.2.2: conditions come before ranges). */
import { condition, conditionMask, judgeConditions, rangeKind, rangeMayApply } from '../cache/index.ts';
import { commandFlag, commandWord, editOp, methodId, reasons } from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { type HeadView, knownId, maskOf, noField } from '../engine/head-view.ts';
import type { Exchange } from './exchange.ts';
import { highOf } from './piece.ts';

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
    arena.words[at + 1] = highOf(range.firsts[index]!);
    arena.words[at + 2] = range.lasts[index]! | 0;
    arena.words[at + 3] = highOf(range.lasts[index]!);
  }
  writer.addFlag(commandFlag.parts);
  writer.set(commandWord.bodyOffset, offset);
  writer.set(commandWord.bodyLength, range.count * 16);
}

/** Status that goes out. @param status of the whole response */
export function sentStatus(wanted: number, status: number): number {
  return wanted === shape.whole ? status : Math.abs(wanted);
}

/** Names the range in an object that begins at `from` of the whole. */
export function writeRange({ range, writer }: Exchange, from: number): void {
  const first = range.first - from;
  const last = range.last - from;
  writer.set(commandWord.rangeFirstLow, first | 0);
  writer.set(commandWord.rangeFirstHigh, highOf(first));
  writer.set(commandWord.rangeLastLow, last | 0);
  writer.set(commandWord.rangeLastHigh, highOf(last));
}

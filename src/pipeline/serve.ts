/** Answers from the store: the whole response, a part of it, or what the conditions of the request make of it. */
import { forwardReason, statusEdit } from '../cache/index.ts';
import { cacheResult, cacheStatus, commandKind, commandWord, objectFlag } from '../engine/contract.ts';
import type { EncodedEdits } from '../engine/edits.ts';
import { deltaSecondsMax } from '../lib/bytes.ts';
import { changesClientFields, writeStoredClientFields } from './client-fields.ts';
import type { Exchange } from './exchange.ts';
import { answered, next } from './phase.ts';
import { fitsPiece, writePieces } from './pieces.ts';
import { hasResponseRules, writeResponseRules } from './rules/response.ts';
import { judgeShape, needsShape, sentStatus, shape, writeParts, writeShape } from './shape.ts';

/** What is answered in part with bytes that have to be fetched is no hit (RFC 9211 2.2). */
const lackingEdits = statusEdit(forwardReason.partial, 0, 0);

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
  // While it fills, its size may not be known.
  const knownBytes = entry.sizeBytes <= Number.MAX_SAFE_INTEGER ? entry.sizeBytes : -1;
  const isPiece = (entry.objectFlags & (objectFlag.slice | objectFlag.part)) !== 0;
  const sizeBytes = slice.isSelected && isPiece ? slice.sizeBytes : knownBytes;
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
  if (isPiece && !fitsPiece(exchange, wanted)) {
    entry.clear();
    slice.isDeclined = true;
    return next;
  }
  const isSent = wanted === shape.whole || wanted === shape.part;
  if (isPiece && isSent && edits === undefined && slice.isPart && !slice.isComplete)
    return serveEntry(exchange, cacheStatus.none, cacheResult.miss, lackingEdits);
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
    if (changes) writeStoredClientFields(exchange, sentStatus(wanted, isPiece ? 200 : entry.status));
    writeResponseRules(exchange);
    writer.endEdits(commandWord.editsOffset);
    if (wanted === shape.parts) writeParts(exchange);
  }
  if (isPiece) writePieces(exchange, wanted);
  writer.end();
  return answered;
}

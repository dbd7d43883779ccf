/** Answers that the proxy gives by itself. */
import { cacheResult, commandKind, commandWord } from '../engine/contract.ts';
import type { EncodedEdits } from '../engine/edits.ts';
import type { Exchange } from './exchange.ts';
import { answered } from './phase.ts';

/**
 * A short page with a status.
 *
 * @param reason index into `reasons`, for the record
 * @param edits further fields, encoded
 */
export function respondPage(
  exchange: Exchange,
  status: number,
  reason: number,
  edits?: EncodedEdits,
): number {
  const { writer } = exchange;
  if (!exchange.beginCommand(commandKind.respond)) return answered;
  const page = exchange.plan.errorPages.page(status, exchange.request);
  writer.set(commandWord.status, status);
  writer.set(commandWord.reason, reason);
  writer.set(commandWord.cacheResult, cacheResult.none);
  writer.beginEdits();
  writer.addEncoded(page.edits);
  if (edits !== undefined) writer.addEncoded(edits);
  writer.endEdits(commandWord.editsOffset);
  writer.setBytes(commandWord.bodyOffset, page.body);
  writer.end();
  return answered;
}

/** A status with fields and no body. */
export function respondEmpty(exchange: Exchange, status: number, edits: EncodedEdits): number {
  const { writer } = exchange;
  if (!exchange.beginCommand(commandKind.respond)) return answered;
  writer.set(commandWord.status, status);
  writer.set(commandWord.cacheResult, cacheResult.none);
  writer.beginEdits();
  writer.addEncoded(edits);
  writer.endEdits(commandWord.editsOffset);
  writer.end();
  return answered;
}

/** Answers that the proxy gives by itself. */
import { forwardReason, statusEdit } from '../cache/index.ts';
import { cacheResult, commandFlag, commandKind, commandWord, reasons } from '../engine/contract.ts';
import type { EncodedEdits } from '../engine/edits.ts';
import { failureStatus, proxyStatusEdit } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { answered } from './phase.ts';
import { writeResponseRules } from './rules/response.ts';

const originFailed = reasons.indexOf('origin_failed');

function respond(
  exchange: Exchange,
  status: number,
  reason: number,
  result: number,
  edits: readonly EncodedEdits[],
): number {
  const { writer } = exchange;
  if (!exchange.beginCommand(commandKind.respond)) return answered;
  const page = exchange.plan.errorPages.page(status, exchange.request);
  writer.addFlag(commandFlag.page);
  writer.set(commandWord.status, status);
  writer.set(commandWord.reason, reason);
  writer.set(commandWord.cacheResult, result);
  writer.beginEdits();
  writer.addEncoded(page.edits);
  for (const more of edits) writer.addEncoded(more);
  writeResponseRules(exchange);
  writer.endEdits(commandWord.editsOffset);
  writer.setBytes(commandWord.bodyOffset, page.body);
  writer.end();
  return answered;
}

/**
 * A short page with a status.
 *
 * @param reason index into `reasons`, for the record
 * @param edits further fields
 */
export function respondPage(
  exchange: Exchange,
  status: number,
  reason: number,
  ...edits: readonly EncodedEdits[]
): number {
  return respond(exchange, status, reason, cacheResult.none, edits);
}

function resultOf(reason: number): number {
  if (reason === forwardReason.bypass || reason === forwardReason.method) return cacheResult.dynamic;
  const isStored = reason === forwardReason.stale || reason === forwardReason.request;
  return isStored ? cacheResult.expired : cacheResult.miss;
}

/**
 * No usable response came from the origin: Proxy-Status tells why, Cache-Status why it was asked.
 *
 * @param cause `failCause`
 * @param detail `failDetail`
 */
export function respondFailure(exchange: Exchange, status: number, cause: number, detail = 0): number {
  const { reason } = exchange.note;
  const edits = [statusEdit(reason, 0, 0), proxyStatusEdit(cause, detail)];
  return respond(exchange, status, originFailed, resultOf(reason), edits);
}

/** The same with the status that the cause stands for. */
export function respondCause(exchange: Exchange, cause: number, detail: number): number {
  return respondFailure(exchange, failureStatus(cause), cause, detail);
}

/** A status with fields and no body. */
export function respondEmpty(exchange: Exchange, status: number, edits: EncodedEdits): number {
  const { writer } = exchange;
  if (!exchange.beginCommand(commandKind.respond)) return answered;
  writer.set(commandWord.status, status);
  writer.set(commandWord.cacheResult, cacheResult.none);
  writer.beginEdits();
  writer.addEncoded(edits);
  writeResponseRules(exchange);
  writer.endEdits(commandWord.editsOffset);
  writer.end();
  return answered;
}

/** A body that is given, with the fields that describe it. */
export function respondContent(
  exchange: Exchange,
  status: number,
  reason: number,
  edits: EncodedEdits,
  body: Uint8Array,
): number {
  const { writer } = exchange;
  if (!exchange.beginCommand(commandKind.respond)) return answered;
  writer.set(commandWord.status, status);
  writer.set(commandWord.reason, reason);
  writer.set(commandWord.cacheResult, cacheResult.none);
  writer.beginEdits();
  writer.addEncoded(edits);
  writeResponseRules(exchange);
  writer.endEdits(commandWord.editsOffset);
  writer.setSharedBytes(commandWord.bodyOffset, body);
  writer.end();
  return answered;
}

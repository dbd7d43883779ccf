/** What is stored is still true: it gets a new head and new times, and answers (RFC 9111 4.3.4, 4.3.5). */
import { statusEdit, writeFreshening } from '../cache/index.ts';
import { cacheResult, commandKind, commandWord, eventWord, objectFlag } from '../engine/contract.ts';
import { knownId } from '../engine/head-view.ts';
import { directive } from '../lib/cache-control.ts';
import { writeClientFields } from './client-fields.ts';
import type { Exchange } from './exchange.ts';
import { fetchAgain } from './fetch.ts';
import { ownFields, writePrivateFields } from './forward.ts';
import { lookUpAgain } from './lookup.ts';
import { fetchMode } from './notes.ts';
import { answered } from './phase.ts';
import { pieceOf } from './piece.ts';
import { fitsPiece, writePieces } from './pieces.ts';
import { writeResponseRules } from './rules/response.ts';
import { judgeShape, needsShape, sentStatus, shape, writeParts, writeShape } from './shape.ts';

const varyId = knownId('vary');
const rangeId = knownId('range');
const cacheControlId = knownId('cache-control');
const setCookieId = knownId('set-cookie');
/** More edits than this do not fit in one command. */
const updatedFieldsMax = 200;

/** Size of the validated object's body, or of what it is a slice of; -1 where another one stands under the key by now. */
function sizeOf(exchange: Exchange, object: number): number {
  const { entry, event, request, slice } = exchange;
  const piece = pieceOf(event);
  if (piece !== undefined) slice.want(piece.first, piece.last);
  else if (!request.has(rangeId)) return -1;
  lookUpAgain(exchange);
  if (!entry.isObject || entry.object !== object) return -1;
  return slice.isSelected ? slice.sizeBytes : entry.sizeBytes;
}

function writeTimes(exchange: Exchange): void {
  const { decision, writer, storedHead } = exchange;
  const variant =
    (storedHead.has(varyId) ? objectFlag.hasVary : 0) |
    (pieceOf(exchange.event) === undefined ? 0 : objectFlag.slice);
  writer.set(commandWord.ageAtStore, decision.ageAtStore | 0);
  if (!decision.mayStore) {
    // The 304 withdraws what allowed storing: this answer is current, the next one has to be asked for again.
    writer.set(commandWord.objectFlags, decision.objectFlags | variant | objectFlag.noCache);
    return;
  }
  writer.set(commandWord.freshUntil, decision.freshUntil | 0);
  writer.set(commandWord.staleWhileRevalidateUntil, decision.staleWhileRevalidateUntil | 0);
  writer.set(commandWord.staleIfErrorUntil, decision.staleIfErrorUntil | 0);
  writer.set(commandWord.objectFlags, decision.objectFlags | variant);
}

/** The fields of the 304 in place of the stored ones. */
function writeUpdate({ response, storedHead, writer }: Exchange): void {
  if (response.fieldCount <= updatedFieldsMax) writeFreshening(writer, response, storedHead);
}

/** Whether some of the 304 may not be stored, so that only this client gets it: it must not reach the next one. */
function isPersonal({ decision }: Exchange): boolean {
  if (!decision.mayStore || decision.dropsSetCookie) return true;
  return decision.control.directives.has(directive.privateFields);
}

/** @param forwardStatus what the origin answered: 304, or the 200 to a HEAD that describes what is stored */
export function refresh(exchange: Exchange, forwardStatus: number): number {
  const { event, writer, response, storedHead, decision, note, now } = exchange;
  const object = event.word(eventWord.revalidated);
  const generation = event.word(eventWord.revalidatedGeneration);
  const sizeBytes = sizeOf(exchange, object);
  const table = exchange.ports.readStoredHead(object, generation);
  if (table === 0) {
    note.mode = fetchMode.direct;
    return fetchAgain(exchange, 0);
  }
  const status = storedHead.reset(table).code;
  decision.decide(
    response,
    storedHead,
    status,
    exchange,
    exchange.caching.settings,
    now,
    event.word(eventWord.originDelayMs),
  );
  const isSlice = pieceOf(event) !== undefined;
  const wanted = needsShape(exchange, status)
    ? judgeShape(exchange, storedHead, now, status === 200 || isSlice ? sizeBytes : -1)
    : shape.whole;
  if (isSlice && event.hasClient && !fitsPiece(exchange, wanted)) {
    note.mode = fetchMode.direct;
    return fetchAgain(exchange, 0);
  }
  if (!exchange.beginCommand(commandKind.refresh)) return answered;
  writer.set(commandWord.object, object);
  writer.set(commandWord.objectGeneration, generation);
  writer.set(commandWord.age, decision.ageAtStore);
  writer.set(commandWord.cacheResult, cacheResult.revalidated);
  writer.beginEdits();
  if (isPersonal(exchange)) {
    writeUpdate(exchange);
    writer.addEncoded(ownFields);
  }
  writeShape(exchange, wanted, sizeBytes);
  writer.addEncoded(statusEdit(note.reason, forwardStatus, 0));
  const control = response.has(cacheControlId) ? response : storedHead;
  writeClientFields(exchange, control, storedHead, status, sentStatus(wanted, isSlice ? 200 : status));
  writeResponseRules(exchange);
  writer.endEdits(commandWord.editsOffset);
  if (wanted === shape.parts) writeParts(exchange);
  if (isSlice) writePieces(exchange, wanted);
  writer.beginEdits();
  if (decision.mayStore) writeUpdate(exchange);
  writePrivateFields(exchange);
  if (decision.dropsSetCookie) writer.removeField(setCookieId);
  writer.endEdits(commandWord.storeEditsOffset);
  writeTimes(exchange);
  writer.end();
  return answered;
}

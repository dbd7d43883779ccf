/**
 * Validation with the origin (RFC 9111 4.3): the conditional request for a stored response, and what a 304 changes in its
 * stored head (3.2).
 */

import type { CommandWriter } from '../engine/command-writer.ts';
import { editOp, knownNames } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';

const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const ifNoneMatchId = knownId('if-none-match');
const ifModifiedSinceId = knownId('if-modified-since');
const connectionId = knownId('connection');

/** Writes If-None-Match and If-Modified-Since from the validators of a stored head. Returns whether there are any. */
export function writeValidators(writer: CommandWriter, stored: HeadView): boolean {
  const etag = stored.find(etagId);
  const modified = stored.find(lastModifiedId);
  if (etag !== noField) {
    writer.editSpan(editOp.set, ifNoneMatchId, stored.valueOffset(etag), stored.valueLength(etag));
  }
  if (modified !== noField) {
    writer.editSpan(
      editOp.set,
      ifModifiedSinceId,
      stored.valueOffset(modified),
      stored.valueLength(modified),
    );
  }
  return etag !== noField || modified !== noField;
}

/**
 * Fields of a 304 that do not reach the stored head: what belongs to the connection, what describes the body that is
 * stored, and the validator that chose it (RFC 9111 3.1, 3.2).
 */
const keptNames: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'content-length',
  'content-encoding',
  'content-range',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'age',
]);
const keptIds: ReadonlySet<number> = new Set(
  [...keptNames].map((name) => knownId(name)).filter((id) => id !== 0),
);
const keptUnknown = [...keptNames].filter((name) => knownId(name) === 0).map(latin1Bytes);
const warningId = knownId('warning');
const warning = latin1Bytes('warning');
/** Known ids that have been written in this head; words of a bit set. */
const seen = new Int32Array(knownNames.length);

/** Writes the edits that bring the stored head up to date with the fields of a 304. */
export function writeFreshening(writer: CommandWriter, update: HeadView, stored: HeadView): void {
  seen.fill(0);
  // RFC 9111 5.5 knows it no more; RFC 7234 4.3.4 had it that what warns of the old state ends with a validation.
  if (stored.findNamed(warning, warningId, stored.fieldAt(0)) !== noField) {
    writer.openTextEdit(editOp.remove, warningId, 'warning');
    writer.closeEdit();
  }
  const hopByHop = update.has(connectionId) ? namedByConnection(update) : undefined;
  const keepsEtag = stored.has(etagId);
  for (let index = 0; index < update.fieldCount; index += 1) {
    const field = update.fieldAt(index);
    const id = update.idOf(field);
    if (keptIds.has(id) || (id === etagId && keepsEtag)) continue;
    if (hopByHop?.has(update.nameText(field))) continue;
    if (id === 0) {
      writeUnknown(writer, update, field, index);
    } else {
      writer.editSpan(
        seen[id] === 0 ? editOp.set : editOp.append,
        id,
        update.valueOffset(field),
        update.valueLength(field),
      );
      seen[id] = 1;
    }
  }
}

function writeUnknown(writer: CommandWriter, update: HeadView, field: number, index: number): void {
  if (keptUnknown.some((name) => hasName(update, field, name))) return;
  const op = isFirst(update, field, index) ? editOp.set : editOp.append;
  writer.openNamedEdit(op, update.nameOffset(field), update.nameLength(field));
  writer.putSpan(update.valueOffset(field), update.valueLength(field));
  writer.closeEdit();
}

function hasName(head: HeadView, field: number, name: Uint8Array): boolean {
  if (head.nameLength(field) !== name.length) return false;
  const at = head.nameOffset(field);
  return name.every((byte, index) => head.arena.bytes[at + index] === byte);
}

function isFirst(head: HeadView, field: number, index: number): boolean {
  const name = latin1Bytes(head.nameText(field));
  for (let earlier = 0; earlier < index; earlier += 1) {
    if (hasName(head, head.fieldAt(earlier), name)) return false;
  }
  return true;
}

function namedByConnection(head: HeadView): ReadonlySet<string> {
  const text = head.joinedText(connectionId) ?? '';
  return new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}

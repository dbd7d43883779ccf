/** The Cache-Status member of this cache (RFC 9211) where the engine does not write it by itself, as ready-made edits. */
import { editOp } from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';
import { limits } from '../lib/limits.ts';

/** Why a request went forward (RFC 9211 2.2), by index; 0: it did not, or the cache was not asked. */
export const forwardReasons = [
  '',
  'uri-miss',
  'vary-miss',
  'stale',
  'request',
  'bypass',
  'method',
  'partial',
] as const;
export const forwardReason = {
  none: 0,
  uriMiss: 1,
  varyMiss: 2,
  stale: 3,
  request: 4,
  bypass: 5,
  method: 6,
  /** A part of the response is stored, but not the one that is asked for. */
  partial: 7,
} as const;

export const statusNote = { stored: 1, collapsed: 2, notStorable: 4 } as const;

const cacheName = 'parapet';
const texts = new Map<number, EncodedEdits>();

/** The text of the member. */
export function statusText(reason: number, forwardStatus: number, notes: number): string {
  const parts = [cacheName, `fwd=${forwardReasons[reason]}`];
  if (forwardStatus !== 0) parts.push(`fwd-status=${forwardStatus}`);
  if ((notes & statusNote.stored) !== 0) parts.push('stored');
  if ((notes & statusNote.collapsed) !== 0) parts.push('collapsed');
  if ((notes & statusNote.notStorable) !== 0) parts.push('detail=NOT-STORABLE');
  return parts.join('; ');
}

/**
 * An edit that appends the member.
 *
 * @param forwardStatus status that the origin answered with, 0 to leave it out
 * @param notes bits of `statusNote`
 */
export function statusEdit(reason: number, forwardStatus: number, notes: number): EncodedEdits {
  const index = (forwardStatus << 8) | (reason << 4) | notes;
  const known = texts.get(index);
  if (known !== undefined) return known;
  const value = statusText(reason, forwardStatus, notes);
  const edit = encodeEdits([{ op: editOp.append, name: 'cache-status', value }]);
  if (texts.size >= limits.statusTextsMax) texts.clear();
  texts.set(index, edit);
  return edit;
}

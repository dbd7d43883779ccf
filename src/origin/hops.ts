/** Limits on the way of a request: Max-Forwards (RFC 9110 7.6.2), and loops that Via shows (7.6.3). */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { isBlank, latin1Bytes, lowerByte, readDeltaSeconds } from '../lib/bytes.ts';
import { ListCursor } from '../lib/list.ts';

const maxForwardsId = knownId('max-forwards');
const viaId = knownId('via');
const pseudonym = latin1Bytes('parapet');

/** Hops that remain; -1 where the field is absent or no number. */
export function maxForwards(request: HeadView): number {
  const field = request.find(maxForwardsId);
  if (field === noField) return -1;
  return readDeltaSeconds(request.arena.bytes, request.valueOffset(field), request.valueLength(field));
}

const cursor = new ListCursor();

/** Times that the request has passed a parapet, by its Via. */
export function viaHops(request: HeadView): number {
  if (!request.has(viaId)) return 0;
  const { bytes } = request.arena;
  let hops = 0;
  for (let field = request.find(viaId); field !== noField; field = request.findNext(viaId, field)) {
    cursor.start(bytes, request.valueOffset(field), request.valueLength(field));
    while (cursor.next()) if (isOurs(bytes, cursor.offset, cursor.length)) hops += 1;
  }
  return hops;
}

/** A member is a protocol, white space, and then who received it. */
function isOurs(bytes: Uint8Array, offset: number, length: number): boolean {
  const end = offset + length;
  let at = offset;
  while (at < end && !isBlank(bytes[at]!)) at += 1;
  while (at < end && isBlank(bytes[at]!)) at += 1;
  for (const byte of pseudonym) {
    if (at >= end || lowerByte(bytes[at]!) !== byte) return false;
    at += 1;
  }
  return at === end || isBlank(bytes[at]!);
}

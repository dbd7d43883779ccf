/**
 * What the 200 that a HEAD has got says of a stored response to GET (RFC 9111 4.3.5): it brings it up to date where both
 * agree in every validator and in the length that it tells; else the stored one counts as stale.
 */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { equalSpans } from '../lib/bytes.ts';

const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const contentLengthId = knownId('content-length');
const ok = 200;

function agrees(id: number, received: HeadView, stored: HeadView): boolean {
  const field = received.find(id);
  if (field === noField) return true;
  const other = stored.find(id);
  if (other === noField) return false;
  return equalSpans(
    received.arena.bytes,
    received.valueOffset(field),
    received.valueLength(field),
    stored.arena.bytes,
    stored.valueOffset(other),
    stored.valueLength(other),
  );
}

/** @param sizeBytes of the stored body */
export function describesStored(received: HeadView, stored: HeadView, sizeBytes: number): boolean {
  if (stored.code !== ok || !agrees(etagId, received, stored) || !agrees(lastModifiedId, received, stored))
    return false;
  const length = received.find(contentLengthId);
  return length === noField || Number(received.valueText(length)) === sizeBytes;
}

/** Which slice of a response a request needs first: found when the store answers with the marker of a sliced response. */
import {
  type ContentRange,
  putSliceKey,
  RangeReader,
  rangeKind,
  rangeMayApply,
  sliceInfoOf,
} from '../cache/index.ts';
import { methodId } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import type { Exchange } from './exchange.ts';

const rangeId = knownId('range');
/** Bytes that a slice's key has beside that of the whole. */
const keyBytes = 16;

const reader = new RangeReader();

/**
 * The slice that a Range begins in: -1 where it asks for several ranges, 0 where there is no Range or it is not for this.
 *
 * @param sizeBytes of the whole; where it is not known, above any size
 */
export function firstSlice(exchange: Exchange, sizeBytes: number, sliceBytes: number): number {
  const { request, arena } = exchange;
  const field = request.code === methodId.get ? request.find(rangeId) : noField;
  if (field === noField) return 0;
  const { kind, first } = reader.read(
    arena.bytes,
    request.valueOffset(field),
    request.valueLength(field),
    sizeBytes,
  );
  if (kind === rangeKind.several) return -1;
  // A suffix of what has no known size lies nowhere yet.
  if (kind !== rangeKind.part || first > Number.MAX_SAFE_INTEGER / 2) return 0;
  return Math.floor(first / sliceBytes);
}

/** Whether Range is `bytes=0-`: all of it, whatever its size. */
export function isOpenFromStart(exchange: Exchange): boolean {
  const size = Number.MAX_SAFE_INTEGER;
  return (
    firstSlice(exchange, size, size) === 0 && reader.first === 0 && lastWanted(exchange, size) === size - 1
  );
}

/** Last position that the request asks for. */
export function lastWanted(exchange: Exchange, sizeBytes: number): number {
  const { request, arena } = exchange;
  const field = request.code === methodId.get ? request.find(rangeId) : noField;
  if (field === noField) return sizeBytes - 1;
  const { kind, last } = reader.read(
    arena.bytes,
    request.valueOffset(field),
    request.valueLength(field),
    sizeBytes,
  );
  return kind === rangeKind.part ? last : sizeBytes - 1;
}

/** Makes the key of a slice from the key that was looked up last; false where there is no room for it. */
export function buildSliceKey(exchange: Exchange, marker: number, number: number): boolean {
  const { key, writer, plan } = exchange;
  const { offset: from, length } = key;
  const capacity = Math.min(plan.limits.keyBytesMax, writer.room, length + keyBytes);
  const offset = writer.allocate(capacity);
  key.begin(offset, capacity);
  key.putSpan(from, length);
  putSliceKey(key, marker, number);
  writer.trim(key.isWhole ? key.end : offset);
  if (!key.isWhole) key.begin(0, 0);
  return key.length > 0;
}

/**
 * The entry is the marker of a sliced response: takes up which slice is needed.
 *
 * @param marker its head
 * @returns false where the response is not to be had in slices
 */
export function chooseSlice(exchange: Exchange, marker: HeadView, generation: number): boolean {
  const { caching, slice, request } = exchange;
  const info = sliceInfoOf(marker);
  // Of slices of another length nothing is to be had any more.
  if (info === undefined || info.sliceBytes !== caching.settings.sliceBytes) return false;
  const applies = slice.wanted < 0 && rangeMayApply(request, marker);
  const number = applies ? firstSlice(exchange, info.sizeBytes, info.sliceBytes) : Math.max(0, slice.wanted);
  slice.isDeclined = number < 0;
  if (number < 0) return false;
  slice.info = info;
  slice.marker = generation;
  slice.number = number;
  return true;
}

/** Whether the one range that the request asks for lies within a part; `storedHead` is the marker of that. */
export function liesWithin(exchange: Exchange, place: ContentRange): boolean {
  const { request, arena, storedHead } = exchange;
  const field = request.code === methodId.get ? request.find(rangeId) : noField;
  if (field === noField || !rangeMayApply(request, storedHead)) return false;
  const { kind, first, last } = reader.read(
    arena.bytes,
    request.valueOffset(field),
    request.valueLength(field),
    place.size,
  );
  return kind === rangeKind.part && first >= place.first && last <= place.last;
}

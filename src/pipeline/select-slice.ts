/** Which slice of a response a request needs first: found when the store answers with the marker of a sliced response. */
import { putSliceKey, rangeMayApply, sliceInfoOf } from '../cache/index.ts';
import type { HeadView } from '../engine/head-view.ts';
import type { Exchange } from './exchange.ts';
import { firstSlice } from './wanted-range.ts';

/** Bytes that a slice's key has beside that of the whole. */
const keyBytes = 16;

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
 * @returns number of the slice; -1 where the response is not to be had in slices
 */
export function chooseSlice(exchange: Exchange, marker: HeadView, generation: number): number {
  const { caching, slice, request } = exchange;
  const { sliceBytes } = caching.settings;
  const info = sliceInfoOf(marker);
  // Of slices of another length nothing is to be had any more.
  if (info === undefined || info.sliceBytes !== sliceBytes) return -1;
  const isGiven = slice.wantedFirst >= 0;
  const asked = rangeMayApply(request, marker) ? firstSlice(exchange, info.sizeBytes, sliceBytes) : 0;
  const number = isGiven ? Math.floor(slice.wantedFirst / sliceBytes) : asked;
  slice.isDeclined = number < 0;
  if (number >= 0) slice.takeSlice(info, generation, number);
  return number;
}

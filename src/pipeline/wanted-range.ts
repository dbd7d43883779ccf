/** What a request asks for of a body whose size is known, or is not known yet. */
import { RangeReader, rangeKind, rangeMayApply } from '../cache/index.ts';
import { methodId } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import type { Exchange } from './exchange.ts';

const rangeId = knownId('range');

const reader = new RangeReader();

function read({ request, arena }: Exchange, sizeBytes: number): RangeReader | undefined {
  const field = request.code === methodId.get ? request.find(rangeId) : noField;
  if (field === noField) return undefined;
  return reader.read(arena.bytes, request.valueOffset(field), request.valueLength(field), sizeBytes);
}

/**
 * The slice that a Range begins in: -1 where it asks for several ranges, 0 where there is no Range or it is not for this.
 *
 * @param sizeBytes of the whole; where it is not known, above any size
 */
export function firstSlice(exchange: Exchange, sizeBytes: number, sliceBytes: number): number {
  const range = read(exchange, sizeBytes);
  if (range === undefined) return 0;
  if (range.kind === rangeKind.several) return -1;
  // A suffix of what has no known size lies nowhere yet.
  if (range.kind !== rangeKind.part || range.first > Number.MAX_SAFE_INTEGER / 2) return 0;
  return Math.floor(range.first / sliceBytes);
}

/** Whether Range is `bytes=0-`: all of it, whatever its size. */
export function isOpenFromStart(exchange: Exchange): boolean {
  const size = Number.MAX_SAFE_INTEGER;
  const range = read(exchange, size);
  return range?.kind === rangeKind.part && range.first === 0 && range.last === size - 1;
}

export const wanted = {
  /** Nothing that is put together of parts: several ranges, or one that cannot be satisfied. */
  other: 0,
  whole: 1,
  /** One range: `wantedRange`. */
  range: 2,
} as const;

/** First and last position of what the last call of `wantedOf` has found, where it was one range. */
export const wantedRange: { readonly first: number; readonly last: number } = reader;

/** @param stored head that has the validator of what is stored */
export function wantedOf(exchange: Exchange, stored: HeadView, sizeBytes: number): number {
  const range = rangeMayApply(exchange.request, stored) ? read(exchange, sizeBytes) : undefined;
  if (range === undefined || range.kind === rangeKind.whole) return wanted.whole;
  return range.kind === rangeKind.part ? wanted.range : wanted.other;
}

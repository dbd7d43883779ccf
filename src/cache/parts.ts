/**
 * Parts of one response that are kept together (RFC 9111 3.3, 3.4): the answers to ranges, each an object under a key of its
 * own, and the list of them in a marker under the key of the whole. All parts of a list have the same validator and the same
 * size; the list's version, a number that no other list has had, is part of their keys. A list may name what is no longer
 * stored, or not yet: whoever wants a part looks it up.
 */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';
import { isWeakTag } from '../lib/etag.ts';
import { invalidDate } from '../lib/http-date.ts';
import { limits } from '../lib/limits.ts';
import { dateOf } from './control.ts';
import { type KeyBuilder, keyMark } from './key.ts';
import { readContentRange, validatorLine } from './slice.ts';

const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const dateId = knownId('date');
const contentEncodingId = knownId('content-encoding');
const transferEncodingId = knownId('transfer-encoding');
const listName = latin1Bytes('slice-parts');
const listForm = /^(\d{1,10}) (together|alone)((?: \d{1,15}-\d{1,15})*)$/;
const highWord = 4_294_967_296;
/** RFC 9110 8.8.2.2: clocks of an origin do not differ by more. */
const strongAfterSeconds = 60;

/** What a 206 tells of itself and of the whole. */
export interface Part {
  /** A field line, with its end. */
  readonly validator: string;
  /** Whether parts with this validator may be put together. */
  readonly isStrong: boolean;
  readonly sizeBytes: number;
  readonly first: number;
  readonly last: number;
}

/** The parts of one version, the oldest first. */
export interface PartList {
  readonly validator: string;
  readonly sizeBytes: number;
  /** An i32; see above. */
  readonly version: number;
  /** False: the one part stands for itself. */
  readonly isTogether: boolean;
  readonly firsts: readonly number[];
  readonly lasts: readonly number[];
}

/** RFC 9110 8.8.1, 8.8.2.2: whether the validator that `validatorLine` takes is a strong one. */
function isStrong(head: HeadView, now: number): boolean {
  const etag = head.find(etagId);
  if (etag !== noField) return !isWeakTag(head.arena.bytes, head.valueOffset(etag), head.valueLength(etag));
  const modified = dateOf(head, lastModifiedId, now);
  const date = dateOf(head, dateId, now);
  return modified !== invalidDate && date !== invalidDate && date - modified >= strongAfterSeconds;
}

/**
 * Checks a 206: that its range is the only one and of a known size, its length, that it is neither encoded nor without a
 * validator. Undefined where it cannot be stored.
 *
 * @param lengthBytes its Content-Length, -1 where there is none
 * @param now seconds since 1970
 */
export function partOf(head: HeadView, lengthBytes: number, now: number): Part | undefined {
  if (head.has(contentEncodingId) || head.has(transferEncodingId)) return undefined;
  const range = readContentRange(head);
  const validator = validatorLine(head);
  if (range === undefined || validator === '' || range.last < range.first) return undefined;
  if (lengthBytes !== range.last - range.first + 1) return undefined;
  const { first, last, size } = range;
  return { validator, isStrong: isStrong(head, now), sizeBytes: size, first, last };
}

/** The list that a marker carries; undefined where it is none. */
export function partListOf(marker: HeadView): PartList | undefined {
  const field = marker.findNamed(listName, 0, marker.fieldAt(0));
  if (field === noField) return undefined;
  const range = readContentRange(marker);
  const [, version, together, places] = listForm.exec(marker.valueText(field)) ?? [];
  const validator = validatorLine(marker);
  if (range === undefined || range.last >= 0 || places === undefined || validator === '') return undefined;
  if (Number(version) >= highWord) return undefined;
  const firsts: number[] = [];
  const lasts: number[] = [];
  for (const place of places === '' ? [] : places.slice(1).split(' ')) {
    const dash = place.indexOf('-');
    const first = Number(place.slice(0, dash));
    const last = Number(place.slice(dash + 1));
    if (first > last || last >= range.size) return undefined;
    firsts.push(first);
    lasts.push(last);
  }
  if (firsts.length > limits.partsMax || (together === 'alone' && firsts.length > 1)) return undefined;
  const isTogether = together === 'together';
  return { validator, sizeBytes: range.size, version: Number(version) | 0, isTogether, firsts, lasts };
}

/** Whether a part may join what is stored. */
export function continues(list: PartList, part: Part): boolean {
  return (
    list.isTogether &&
    part.isStrong &&
    list.version !== 0 &&
    list.sizeBytes === part.sizeBytes &&
    list.validator === part.validator
  );
}

/** A list of no part yet, for the version of `part`. @param version 0: what the marker of this very list is given */
export function listFor(part: Part, version: number): PartList {
  const { validator, sizeBytes } = part;
  return { validator, sizeBytes, version, isTogether: part.isStrong, firsts: [], lasts: [] };
}

/** The list with a part more: what lies within that goes, and the oldest where there are too many. */
export function withPart(list: PartList, { first, last }: Part): PartList {
  if (list.firsts.some((from, index) => from === first && list.lasts[index] === last)) return list;
  const kept = list.firsts.flatMap((from, index) => {
    const to = list.lasts[index] ?? from;
    return from >= first && to <= last ? [] : [[from, to] as const];
  });
  kept.push([first, last]);
  if (kept.length > limits.partsMax) kept.shift();
  return { ...list, firsts: kept.map(([from]) => from), lasts: kept.map(([, to]) => to) };
}

/** What the marker carries: field lines like those of a stored head. */
export function partListText({ validator, sizeBytes, version, isTogether, firsts, lasts }: PartList): string {
  const places = firsts.map((first, index) => ` ${first}-${lasts[index]}`).join('');
  const form = isTogether ? 'together' : 'alone';
  return `${validator}content-range: bytes */${sizeBytes}\r\nslice-parts: ${version >>> 0} ${form}${places}\r\n`;
}

/** Bytes that a part's key has beside that of the whole. */
export const partKeyBytes = 21;

/** Appends what makes the key of a whole that of a part. */
export function putPartKey(key: KeyBuilder, version: number, first: number, last: number): void {
  key.putByte(keyMark.part);
  key.putWord(version);
  for (const position of [first, last]) {
    key.putWord(position % highWord);
    key.putWord(Math.floor(position / highWord));
  }
}

/**
 * Cache keys as bytes. Early key, which the engine makes by itself: u32 LE zone key, `h` or `s`, host in lower case with
 * its port unless that is the scheme's own, 0x00, path, and `?` with the query where there is one. Request fields that an
 * origin may act upon although they are not part of the URL follow as 0x01 name `=` value (they stop cache poisoning).
 * Custom parts follow as 0x05 (`key-plan.ts`). Secondary key: 0x02, u32 LE generation of the marker, then per selecting
 * field 0x03 and its value, or 0x04.
 * Key of a slice: 0x06, u32 LE generation of its marker, u32 LE number. Key of a part: 0x07, u32 LE version of its list, u64 LE
 * first and last position.
 */
import type { Arena } from '../engine/arena.ts';
import { headFlag, headWord, keyExtendingNames } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { equalsIgnoringCase, latin1Bytes } from '../lib/bytes.ts';

export const keyMark = {
  extension: 1,
  secondary: 2,
  value: 3,
  absence: 4,
  custom: 5,
  slice: 6,
  part: 7,
} as const;

/** Writes bytes into a part of the arena, up to its capacity. */
export class KeyBuilder {
  readonly #arena: Arena;
  offset = 0;
  length = 0;
  #capacity = 0;
  #isWhole = true;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  begin(offset: number, capacity: number): this {
    this.offset = offset;
    this.length = 0;
    this.#capacity = capacity;
    this.#isWhole = true;
    return this;
  }

  /** False once something did not fit, or is not known. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get end(): number {
    return this.offset + this.length;
  }

  putByte(byte: number): void {
    if (this.#reserve(1)) this.#arena.bytes[this.end - 1] = byte;
  }

  putWord(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.putByte((value >>> shift) & 0xff);
  }

  putSpan(offset: number, length: number): void {
    if (this.#reserve(length)) this.#arena.bytes.copyWithin(this.end - length, offset, offset + length);
  }

  putText(text: string): void {
    if (this.#reserve(text.length)) this.#arena.writeText(text, this.end - text.length);
  }

  /** What the key has to say is not known. */
  reject(): void {
    this.#isWhole = false;
  }

  #reserve(length: number): boolean {
    this.#isWhole = this.#isWhole && this.length + length <= this.#capacity;
    if (this.#isWhole) this.length += length;
    return this.#isWhole;
  }
}

const lowerH = 0x68;
const lowerS = 0x73;
const questionMark = 0x3f;

/**
 * Zone, scheme and host: what the keys of one site have in common.
 *
 * @param host stands in place of the request's own; empty: its own
 */
export function putSite(
  key: KeyBuilder,
  zoneKey: number,
  isTls: boolean,
  request: HeadView,
  host = '',
): void {
  key.putWord(zoneKey);
  key.putByte(isTls ? lowerS : lowerH);
  if (host !== '') {
    key.putText(host.toLowerCase());
    key.putByte(0);
    return;
  }
  const isDefaultPort = request.word(headWord.port) === (isTls ? 443 : 80);
  const length = request.word(isDefaultPort ? headWord.hostLength : headWord.authorityLength);
  key.putSpan(request.authorityOffset, length);
  key.putByte(0);
}

/** The early key of a request. */
export function putEarlyKey(key: KeyBuilder, zoneKey: number, isTls: boolean, request: HeadView): void {
  putSite(key, zoneKey, isTls, request);
  key.putSpan(request.pathOffset, request.pathLength);
  if (!request.carriesQuery) return;
  key.putByte(questionMark);
  key.putSpan(request.queryOffset, request.queryLength);
}

const extensions = keyExtendingNames.map((name) => ({ name, id: knownId(name) }));
const schemeId = knownId('x-forwarded-scheme');
const http = latin1Bytes('http');
const https = latin1Bytes('https');

function isPlainScheme(request: HeadView, field: number): boolean {
  const { bytes } = request.arena;
  const offset = request.valueOffset(field);
  const length = request.valueLength(field);
  return equalsIgnoringCase(bytes, offset, length, http) || equalsIgnoringCase(bytes, offset, length, https);
}

const originId = knownId('origin');

/** The default key parts, for the extending fields that the request carries. Returns whether there are any. */
export function putExtensions(key: KeyBuilder, request: HeadView, excludesOrigin = false): boolean {
  if ((request.flags & headFlag.extendsKey) === 0) return false;
  const before = key.length;
  for (const { name, id } of extensions) {
    const first = request.find(id);
    if (first === noField || (id === schemeId && isPlainScheme(request, first))) continue;
    if (id === originId && excludesOrigin) continue;
    key.putByte(keyMark.extension);
    key.putText(name);
    key.putText('=');
    for (let field = first; field !== noField; field = request.findNext(id, field)) {
      if (field !== first) key.putText(',');
      key.putSpan(request.valueOffset(field), request.valueLength(field));
    }
  }
  return key.length > before;
}

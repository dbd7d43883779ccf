/**
 * Values of a record as the rules language sees them, read from its frame. One reader is moved from frame to frame; what
 * it answers is what the record's line says, an address that is not known is nil.
 */

import { annotationSeparator } from '../../engine/contract.ts';
import { isMappedIPv4 } from '../../lib/ip.ts';
import { frameFlag, frameHeaderBytes, frameWord } from '../ring/layout.ts';
import type { Field, FieldSource } from './field.ts';
import {
  fixedBytes,
  fixedPlaces,
  fixedTypeBytes,
  recordFlag,
  type StringColumn,
  stringIndex,
} from './fixed.ts';

/** Four words, each with its highest bit turned over: signed words then have the order of addresses. */
export class AddressWords {
  isFour = false;
  a = 0;
  b = 0;
  c = 0;
  d = 0;
}

export type RecordValue = string | number | boolean | AddressWords | readonly (string | number)[] | null;

type Read = (frame: FrameView) => RecordValue;

const highBit = 0x8000_0000;
const separator = String.fromCharCode(annotationSeparator);
const usPerMs = 1000;
const nsPerUs = 1000;

/** A frame in memory. */
class FrameView {
  at = 0;
  bytes = Buffer.alloc(0);

  number(offset: number, bytes: number): number {
    if (bytes === 8) {
      const low = this.bytes.readUInt32LE(this.at + offset);
      return this.bytes.readUInt32LE(this.at + offset + 4) * 2 ** 32 + low;
    }
    return this.bytes.readUIntLE(this.at + offset, bytes);
  }

  /** Latin1 text, a character for a byte. */
  text(index: number): string {
    const entry = this.at + frameHeaderBytes + fixedBytes + 4 * index;
    const from = this.at + this.bytes.readUInt16LE(entry);
    return this.bytes.toString('latin1', from, from + this.bytes.readUInt16LE(entry + 2));
  }

  ray(offset: number): string {
    const ray = this.bytes.readBigUInt64LE(this.at + offset);
    return ray === 0n ? '' : ray.toString(16).padStart(16, '0');
  }

  /** Fills `address`; null: it is not known. */
  address(offset: number, address: AddressWords): AddressWords | null {
    const from = this.at + offset;
    const words = [0, 4, 8, 12].map((word) => this.bytes.readInt32BE(from + word));
    if (words.every((word) => word === 0)) return null;
    address.isFour = isMappedIPv4(this.bytes, from);
    [address.a = 0, address.b = 0, address.c = 0, address.d = 0] = words.map((word) => word ^ highBit);
    return address;
  }
}

const text =
  (column: StringColumn): Read =>
  (frame) =>
    frame.text(stringIndex[column]);

function readColumn(
  source: Exclude<FieldSource, { from: 'nothing' | 'sequence' | 'uri' | 'device' | 'string' | 'list' }>,
): Read {
  const { offset: place, type } = fixedPlaces[source.column];
  const offset = frameHeaderBytes + place;
  const bytes = fixedTypeBytes[type];
  const number = (frame: FrameView): number => frame.number(offset, bytes);
  switch (source.from) {
    case 'ray':
      return (frame) => frame.ray(offset);
    case 'address': {
      const address = new AddressWords();
      return (frame) => frame.address(offset, address);
    }
    case 'milliseconds':
      return (frame) => Math.round(number(frame) / usPerMs);
    case 'millisecondsUp':
      return (frame) => Math.ceil(number(frame) / usPerMs);
    case 'nanoseconds':
      return (frame) => number(frame) * nsPerUs;
    case 'name':
      return (frame) => source.names[number(frame)] ?? source.else;
    case 'flag':
      return (frame) => (number(frame) & source.mask) !== 0;
    default:
      return number;
  }
}

/** The same as native code puts out (`put_device` in ndjson.cc). */
function deviceOf(agent: string): string {
  const isMobile = agent.includes('Mobi');
  const isTablet = /iPad|Tablet/.test(agent) || (agent.includes('Android') && !isMobile);
  return isTablet ? 'tablet' : isMobile ? 'mobile' : 'desktop';
}

function readerOf({ source }: Field): Read {
  switch (source.from) {
    case 'nothing': {
      const value = JSON.parse(source.json) as RecordValue;
      return () => value;
    }
    case 'sequence':
      return (frame) => frame.number(frameWord.sequence, 8);
    case 'string':
      return text(source.column);
    case 'list':
      return (frame) => {
        const items = frame.text(stringIndex[source.column]);
        return items === '' ? [] : items.split(separator);
      };
    case 'device':
      return (frame) => deviceOf(frame.text(stringIndex.userAgent));
    case 'uri': {
      const flags = frameHeaderBytes + fixedPlaces.flags.offset;
      return (frame) => {
        const hasQuery = (frame.number(flags, 1) & recordFlag.hasQuery) !== 0;
        return frame.text(stringIndex.path) + (hasQuery ? `?${frame.text(stringIndex.query)}` : '');
      };
    }
    default:
      return readColumn(source);
  }
}

export class RecordReader {
  /** Changes with every record. */
  epoch = 0;
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #frame = new FrameView();
  readonly #reads: Read[] = [];

  constructor(fields: ReadonlyMap<string, Field>) {
    this.#fields = fields;
  }

  /** Moves to the frame that begins at `at`, and that is whole. */
  begin(frames: Uint8Array, at: number): void {
    const { buffer, byteOffset, length } = frames;
    const { bytes } = this.#frame;
    if (bytes.buffer !== buffer || bytes.byteOffset !== byteOffset || bytes.length !== length)
      this.#frame.bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
    this.#frame.at = at;
    this.epoch = (this.epoch + 1) & 0x3fff_ffff;
  }

  /** The number by which a field is read, or an item of a list. */
  bind({ field: name, at }: { field: string; at?: number }): number {
    const field = this.#fields.get(name);
    if (field === undefined) throw new RangeError(`a record has no field ${name}`);
    const read = readerOf(field);
    this.#reads.push(at === undefined ? read : (frame) => (read(frame) as readonly string[])[at] ?? null);
    return this.#reads.length - 1;
  }

  /** It tells of records that were dropped. */
  get isLoss(): boolean {
    return (this.#frame.number(frameWord.flags, 2) & frameFlag.loss) !== 0;
  }

  text(id: number): string | null {
    return this.#read(id) as string | null;
  }

  int(id: number): number | null {
    return this.#read(id) as number | null;
  }

  truth(id: number): boolean | null {
    return this.#read(id) as boolean | null;
  }

  ip(id: number): AddressWords | null {
    return this.#read(id) as AddressWords | null;
  }

  list(id: number): readonly (string | number)[] | null {
    return this.#read(id) as readonly (string | number)[] | null;
  }

  /** No field is one. */
  map(): null {
    return null;
  }

  #read(id: number): RecordValue {
    return this.#reads[id]?.(this.#frame) ?? null;
  }
}

/**
 * Writes ring files the way the engine does, from the layout alone: a second opinion on the drawing, and live rings for the
 * tests of reader and shipper (a write to the file is seen through its mapping).
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import {
  type FixedColumn,
  fixedBytes,
  fixedPlaces,
  type StringColumn,
  stringIndex,
  stringRows,
} from '../../src/logs/record/fixed.ts';
import { schemaHash } from '../../src/logs/record/schema.ts';
import {
  dataset,
  frameHeaderBytes,
  frameState,
  frameWord,
  ringHeader,
  ringHeaderBytes,
  ringMagicText,
  ringVersion,
  slotBytes,
  slotWord,
} from '../../src/logs/ring/layout.ts';

export type RecordFields = Partial<Record<FixedColumn, bigint | number | Uint8Array>>;
export type RecordTexts = Partial<Record<StringColumn, string | Uint8Array>>;

export interface RingFileOptions {
  bootId?: bigint;
  ringId?: number;
  workerIndex?: number;
  framesBytes?: number;
  slotCount?: number;
  version?: number;
}

export function frameOf(fixed: RecordFields, texts: RecordTexts): Buffer {
  const strings = stringRows.map(([name]) => Buffer.from(texts[name] ?? ''));
  const stringsAt = frameHeaderBytes + fixedBytes + stringRows.length * 4;
  const length = (stringsAt + strings.reduce((sum, { length }) => sum + length, 0) + 7) & ~7;
  const frame = Buffer.alloc(length);
  frame.writeUInt32LE(length, frameWord.length);
  frame.writeUInt16LE(dataset.httpRequests, frameWord.dataset);
  for (const [name, value] of Object.entries(fixed)) {
    const { type, offset } = fixedPlaces[name as FixedColumn];
    const at = frameHeaderBytes + offset;
    if (value instanceof Uint8Array) frame.set(value, at);
    else if (type === 'u64') frame.writeBigUInt64LE(BigInt(value), at);
    else frame.writeUIntLE(Number(value), at, { u32: 4, u16: 2, u8: 1, address: 0 }[type]);
  }
  let at = stringsAt;
  for (const [name] of stringRows) {
    const index = stringIndex[name];
    const bytes = strings[index] ?? Buffer.alloc(0);
    frame.writeUInt16LE(at, frameHeaderBytes + fixedBytes + index * 4);
    frame.writeUInt16LE(bytes.length, frameHeaderBytes + fixedBytes + index * 4 + 2);
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

export class RingFile {
  readonly path: string;
  readonly framesBytes: number;
  readonly slotCount: number;
  readonly #fd: number;
  readonly #workerIndex: number;
  readonly framesOffset: number;
  #tail = 0;
  #sequence = 0n;

  constructor(path: string, options: RingFileOptions = {}) {
    const { bootId = 1n, ringId = 1, workerIndex = 0, framesBytes = 256 * 1024, slotCount = 8 } = options;
    this.path = path;
    this.framesBytes = framesBytes;
    this.slotCount = slotCount;
    this.#workerIndex = workerIndex;
    this.framesOffset = ringHeaderBytes + Math.ceil((slotCount * slotBytes) / 4096) * 4096;
    this.#fd = openSync(path, 'w+');
    ftruncateSync(this.#fd, this.framesOffset + framesBytes);
    const header = Buffer.alloc(128);
    header.write(ringMagicText, ringHeader.magic, 'latin1');
    header.writeUInt32LE(options.version ?? ringVersion, ringHeader.version);
    header.writeUInt32LE(ringHeaderBytes, ringHeader.headerBytes);
    header.writeBigUInt64LE(schemaHash, ringHeader.schemaHash);
    header.writeBigUInt64LE(BigInt(this.framesOffset + framesBytes), ringHeader.fileBytes);
    header.writeUInt32LE(ringHeaderBytes, ringHeader.slotsOffset);
    header.writeUInt32LE(slotBytes, ringHeader.slotBytes);
    header.writeUInt32LE(slotCount, ringHeader.slotCount);
    header.writeUInt32LE(this.framesOffset, ringHeader.framesOffset);
    header.writeBigUInt64LE(BigInt(framesBytes), ringHeader.framesBytes);
    header.writeBigUInt64LE(BigInt(ringId), ringHeader.ringId);
    header.writeBigUInt64LE(bootId, ringHeader.bootId);
    header.writeUInt32LE(workerIndex, ringHeader.workerIndex);
    writeSync(this.#fd, header, 0, header.length, 0);
  }

  #word(offset: number): number {
    const bytes = Buffer.alloc(8);
    readSync(this.#fd, bytes, 0, 8, offset);
    return Number(bytes.readBigUInt64LE());
  }

  #setWord(offset: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    writeSync(this.#fd, bytes, 0, 8, offset);
  }

  get head(): number {
    return this.#word(ringHeader.head);
  }

  get tail(): number {
    return this.#tail;
  }

  /** Bytes that a record could take now, an upper bound. */
  get free(): number {
    return this.framesBytes - (this.#tail - this.head) - 16;
  }

  /** Writes a frame in the given state; only a committed one is handed to the reader. */
  write(fixed: RecordFields, texts: RecordTexts = {}, state: 'committed' | 'prepared' = 'committed'): void {
    const frame = frameOf({ workerIndex: this.#workerIndex, ...fixed }, texts);
    const toEnd = this.framesBytes - (this.#tail % this.framesBytes);
    if (frame.length > toEnd) {
      const padding = Buffer.alloc(8);
      padding.writeUInt32LE(toEnd, frameWord.length);
      padding.writeUInt32LE(frameState.padding, frameWord.state);
      writeSync(this.#fd, padding, 0, 8, this.framesOffset + (this.#tail % this.framesBytes));
      this.#tail += toEnd;
    }
    if (frame.length > this.free) throw new Error('the ring of the test is full');
    frame.writeBigUInt64LE(this.#sequence, frameWord.sequence);
    frame.writeUInt32LE(frameState[state], frameWord.state);
    const at = this.#tail % this.framesBytes;
    const behind = (this.#tail + frame.length) % this.framesBytes;
    writeSync(this.#fd, Buffer.alloc(8), 0, 8, this.framesOffset + behind);
    writeSync(this.#fd, frame, 0, frame.length, this.framesOffset + at);
    if (state === 'prepared') return;
    this.#sequence += 1n;
    this.#setWord(ringHeader.nextSequence, this.#sequence);
    this.#tail += frame.length;
    this.#setWord(ringHeader.tail, BigInt(this.#tail));
  }

  /** Enters an exchange into the live table. */
  live(slot: number, ray: bigint, path: string): void {
    const entry = Buffer.alloc(slotBytes);
    const texts = ['GET', 'example.com', 'site', path].map((text) => Buffer.from(text));
    entry.writeUInt32LE(1, slotWord.live);
    entry.writeBigUInt64LE(ray, slotWord.ray);
    entry.writeBigUInt64LE(1_700_000_000_000_000_000n, slotWord.startNs);
    let at: number = slotWord.strings;
    for (const [index, bytes] of texts.entries()) {
      entry.writeUInt16LE(bytes.length, slotWord.methodLength + 2 * index);
      entry.set(bytes, at);
      at += bytes.length;
    }
    writeSync(this.#fd, entry, 0, entry.length, ringHeaderBytes + slot * slotBytes);
  }

  /** A loss that waits to be told. */
  lose(first: number, last: number): void {
    this.#setWord(ringHeader.lossFirst, BigInt(first));
    this.#setWord(ringHeader.lossLast, BigInt(last));
    this.#setWord(ringHeader.lossCount, BigInt(last - first + 1));
    this.#sequence = BigInt(last + 1);
    this.#setWord(ringHeader.nextSequence, this.#sequence);
  }

  /** Overwrites a u32 of a frame; `position` as `tail` counts. */
  corrupt(position: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    writeSync(this.#fd, bytes, 0, 4, this.framesOffset + (position % this.framesBytes));
  }

  end(): void {
    this.#setWord(ringHeader.writerEnded, 1n);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

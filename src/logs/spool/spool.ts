/**
 * The segments of a spool (layout.ts): takes blocks, finds them again, and removes what nobody needs. All of it is
 * synchronous: a write ends in the page cache, and was measured (ARCHITECTURE.md).
 */
import { join } from 'node:path';
import { type Block, type BlockHeader, type Checksum, sealBlock, unitsOf } from './block.ts';
import { fileMode, folderMode, type SpoolFiles, writeAll } from './files.ts';
import {
  blockBodyBytesMax,
  blockHeaderBytes,
  segmentDigits,
  segmentPrefix,
  segmentSuffix,
  spoolFolder,
} from './layout.ts';
import type { Position } from './position.ts';
import { findSegments, type LastBlock, ringKey, type Segment } from './recover.ts';
import { SegmentReader } from './segment-reader.ts';

/** Blocks that are still in memory: a job that keeps up reads nothing from disk. */
const recentBlocks = 6;

export interface SpoolLimits {
  bytesMax: number;
  segmentBytes: number;
}

export interface SpoolOptions {
  /** `logs.directory`. */
  directory: string;
  limits: SpoolLimits;
  /** Layout of the frames that are written. */
  schemaHash: bigint;
}

export interface SpoolPorts {
  files: SpoolFiles;
  checksum: Checksum;
  tell: (level: 'info' | 'error', text: string) => void;
}

/** What a block holds, and where it came from; the spool knows the rest. */
export type BlockOrigin = Omit<BlockHeader, 'segment' | 'first' | 'schemaHash'>;

export interface SpoolFailure {
  /** A word for it, such as ENOSPC. */
  code: string;
  message: string;
}

export interface SpoolTotals {
  /** Writes that failed. */
  failures: number;
  /** Bytes that were no block: torn ends are not among them. */
  damagedBytes: number;
  setAsideSegments: number;
  removedSegments: number;
}

export class Spool {
  readonly folder: string;
  readonly totals: SpoolTotals = { failures: 0, damagedBytes: 0, setAsideSegments: 0, removedSegments: 0 };
  /** By boot id and ring id: what the segment that was appended to last says of each ring. */
  readonly #lastBlocks: ReadonlyMap<string, LastBlock>;
  readonly #schemaHash: bigint;
  readonly #headers: SegmentReader;
  #limits: SpoolLimits;
  readonly #ports: SpoolPorts;
  /** Oldest first; the last one is appended to. */
  readonly #segments: Segment[];
  #bytes = 0;
  #next: number;
  #fd = -1;
  readonly #recent: (Block | null)[] = new Array<Block | null>(recentBlocks).fill(null);
  #turn = 0;
  #buffers: Uint8Array[] = [];
  #mustRoll: boolean;
  /** Number of the record up to which holes have been counted. */
  #holesTo = -1;

  /** Throws what the system says where the folder cannot be used. */
  constructor(options: SpoolOptions, ports: SpoolPorts) {
    this.#schemaHash = options.schemaHash;
    this.#limits = options.limits;
    this.#ports = ports;
    this.folder = join(options.directory, spoolFolder);
    ports.files.mkdirSync(this.folder, { recursive: true, mode: folderMode });
    this.#headers = new SegmentReader(ports.files, ports.checksum);
    const found = findSegments(this.folder, options.schemaHash, this.#headers, ports);
    this.#segments = found.segments;
    this.#next = found.next;
    this.#lastBlocks = found.lastBlocks;
    this.totals.setAsideSegments = found.setAside;
    this.totals.damagedBytes = found.damagedBytes;
    this.#bytes = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#mustRoll = this.#segments.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Where the next block will be. */
  get end(): Position {
    const last = this.#segments.at(-1);
    return { segment: last?.first ?? this.#next, offset: last?.bytes ?? 0, skip: 0, record: this.#next };
  }

  /** The oldest block that is there; the end, where there is none. */
  get begin(): Position {
    const first = this.#segments[0];
    return first === undefined ? this.end : { segment: first.first, offset: 0, skip: 0, record: first.first };
  }

  /** When the oldest exchange in it began; null: it is empty. */
  get oldestMs(): number | null {
    const segment = this.#segments[0];
    if (segment === undefined || segment.bytes === 0) return null;
    segment.firstMs ??= this.readHeader(this.begin, this.#headers)?.firstMs ?? null;
    this.#headers.close();
    return segment.firstMs;
  }

  get limits(): Readonly<SpoolLimits> {
    return this.#limits;
  }

  /** Records below this number were in the spool once. Where they are not, there is a hole at its end: the next block is behind it. */
  goOnAt(record: number): void {
    if (record <= this.#next) return;
    this.#next = record;
    this.#mustRoll = true;
  }

  /** Limits that a reload has changed. */
  setLimits(limits: SpoolLimits): void {
    this.#limits = limits;
  }

  /** The last block of a ring that a start found, undefined: it found none. */
  lastBlockOf(bootId: bigint, ringId: number): LastBlock | undefined {
    return this.#lastBlocks.get(ringKey(bootId, ringId));
  }

  /** Memory for the next block, whose body goes behind `blockHeaderBytes`. */
  get buffer(): Uint8Array {
    const at = this.#turn % recentBlocks;
    this.#recent[at] = null;
    const buffer = this.#buffers[at] ?? new Uint8Array(blockHeaderBytes + blockBodyBytesMax);
    this.#buffers[at] = buffer;
    return buffer;
  }

  /** True where a block of this body would be more than the spool may hold. */
  isFull(bodyBytes: number): boolean {
    return this.#segments.length > 1 && this.#bytes + blockHeaderBytes + bodyBytes > this.#limits.bytesMax;
  }

  /** Writes the block whose body is in `buffer`. Null: it is in the spool; else nothing of it is. */
  append(origin: BlockOrigin): SpoolFailure | null {
    const bytes = this.buffer;
    const length = blockHeaderBytes + origin.bodyBytes;
    try {
      const segment = this.#segmentFor(length);
      const header = {
        ...origin,
        segment: segment.first,
        first: this.#next,
        schemaHash: this.#schemaHash,
      };
      sealBlock(bytes, header, this.#ports.checksum);
      this.#write(bytes, length, segment.bytes);
      this.#recent[this.#turn % recentBlocks] = { ...header, bytes, at: 0, offset: segment.bytes };
      this.#turn += 1;
      segment.bytes += length;
      this.#bytes += length;
      this.#next += unitsOf(origin);
      return null;
    } catch (error) {
      const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
      this.totals.failures += 1;
      return { code, message };
    }
  }

  #write(bytes: Uint8Array, length: number, at: number): void {
    const { files } = this.#ports;
    try {
      writeAll(files, this.#fd, bytes, length, at);
    } catch (error) {
      try {
        files.ftruncateSync(this.#fd, at);
      } catch {
        // The next block is written over it; a start before that finds a torn end.
      }
      // A place that cannot be written may stay so; a full disk is full everywhere.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') this.#mustRoll = true;
      throw error;
    }
  }

  /** The segment that takes a block of so many bytes. */
  #segmentFor(length: number): Segment {
    const { files } = this.#ports;
    let last = this.#segments.at(-1);
    const isFull = last !== undefined && last.bytes > 0 && last.bytes + length > this.#limits.segmentBytes;
    const mustMake = last === undefined || isFull || (this.#mustRoll && last.bytes > 0);
    if (mustMake || this.#fd === -1) {
      const first = mustMake || last === undefined ? this.#next : last.first;
      const fd = files.openSync(this.pathOf(first), mustMake ? 'w' : 'r+', fileMode);
      if (this.#fd !== -1) files.closeSync(this.#fd);
      this.#fd = fd;
      if (last?.first !== first) {
        last = { first, bytes: 0, firstMs: null };
        this.#segments.push(last);
      }
    }
    this.#mustRoll = false;
    return last as Segment;
  }

  pathOf(first: number): string {
    return join(this.folder, segmentPrefix + String(first).padStart(segmentDigits, '0') + segmentSuffix);
  }

  /** Brings a position that is at the end of its segment, or in one that is gone, to where reading goes on. */
  #resolve(position: Position): { segment: Segment; offset: number } | null {
    for (const segment of this.#segments) {
      if (segment.first < position.segment) continue;
      const offset = segment.first === position.segment ? position.offset : 0;
      if (offset < segment.bytes) return { segment, offset };
    }
    return null;
  }

  /**
   * The first block at or behind a position, whole, even where part of it is done; null: there is none yet. Where its
   * first record is not the one expected, what is between them is lost. Throws what passes.
   */
  read(position: Position, reader: SegmentReader): Block | null {
    let from = position;
    for (;;) {
      const place = this.#resolve(from);
      if (place === null) return null;
      const { segment, offset } = place;
      for (const block of this.#recent) {
        if (block !== null && block.segment === segment.first && block.offset === offset) return block;
      }
      const block = reader.blockAt(this.pathOf(segment.first), segment.first, offset, segment.bytes);
      if (block !== null) return block;
      // Nothing but damage up to the end of this segment.
      from = { segment: segment.first, offset: segment.bytes, skip: 0, record: position.record };
      if (segment === this.#segments.at(-1)) return null;
    }
  }

  /** The header alone of the block at or behind a position: its body is not read. Null: what is there is none. */
  readHeader(position: Position, reader: SegmentReader): Block | null {
    const place = this.#resolve(position);
    if (place === null) return null;
    const { segment, offset } = place;
    return reader.headerAt(this.pathOf(segment.first), segment.first, offset);
  }

  /** Bytes from a position to the end. */
  bytesFrom({ segment, offset, skip }: Position): number {
    let sum = 0;
    for (const { first, bytes } of this.#segments) {
      if (first < segment) continue;
      sum += first === segment ? Math.max(0, bytes - offset - skip) : bytes;
    }
    return sum;
  }

  /** A reader found no block between two places: told by each job, counted once. */
  noteHole({ segment, offset }: Position, to: Pick<Position, 'segment' | 'offset'>, record: number): void {
    const isKnown = record <= this.#holesTo;
    this.#holesTo = Math.max(this.#holesTo, record);
    if (!isKnown && to.segment === segment) this.totals.damagedBytes += Math.max(0, to.offset - offset);
  }

  /** The oldest segment, where it may be removed: the one that is appended to may not. */
  get oldest(): number | null {
    return this.#segments.length > 1 ? (this.#segments[0]?.first ?? null) : null;
  }

  /** Where the segment behind this one begins; the end where there is none. */
  afterSegment(first: number): Position {
    const next = this.#segments.find((segment) => segment.first > first);
    return next === undefined ? this.end : { segment: next.first, offset: 0, skip: 0, record: next.first };
  }

  removeOldest(): void {
    const segment = this.#segments[0];
    if (segment === undefined || this.#segments.length < 2) return;
    try {
      this.#ports.files.unlinkSync(this.pathOf(segment.first));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.#ports.tell('error', `cannot remove a segment of the spool: ${message}`);
    }
    this.#segments.shift();
    this.#bytes -= segment.bytes;
    this.totals.removedSegments += 1;
  }

  close(): void {
    if (this.#fd !== -1) this.#ports.files.closeSync(this.#fd);
    this.#fd = -1;
  }
}

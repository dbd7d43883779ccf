/** What a start finds: the segments of an earlier process, the end of the last one, and how far each ring is in it. */
import { join } from 'node:path';
import { type Block, unitsOf } from './block.ts';
import type { SpoolFiles } from './files.ts';
import { asideSuffix, blockHeaderBytes, segmentDigits, segmentPrefix, segmentSuffix } from './layout.ts';
import type { SegmentReader } from './segment-reader.ts';

export interface Segment {
  /** Number of its first record. */
  readonly first: number;
  bytes: number;
  /** When its first exchange began; null: not known yet. */
  firstMs: number | null;
}

export type LastBlock = Pick<Block, 'kind' | 'ringPosition' | 'lastSequence'>;

export function ringKey(bootId: bigint, ringId: number): string {
  return `${bootId.toString(16)}-${ringId}`;
}

export interface Found {
  segments: Segment[];
  /** Number of the next record. */
  next: number;
  /** By `ringKey`, of the last segment. */
  lastBlocks: Map<string, LastBlock>;
  setAside: number;
  damagedBytes: number;
}

interface Ports {
  files: SpoolFiles;
  tell: (level: 'info' | 'error', text: string) => void;
}

const namePattern = new RegExp(`^${segmentPrefix}([0-9]{${segmentDigits}})\\${segmentSuffix}$`);

/** Segments of another version or layout are set aside, never overwritten: somebody may still make sense of them. */
export function findSegments(folder: string, schemaHash: bigint, reader: SegmentReader, ports: Ports): Found {
  const { files, tell } = ports;
  const found: Found = { segments: [], next: 0, lastBlocks: new Map(), setAside: 0, damagedBytes: 0 };
  for (const name of files.readdirSync(folder).sort()) {
    const first = namePattern.exec(name)?.[1];
    if (first === undefined) continue;
    const segment: Segment = {
      first: Number(first),
      bytes: files.statSync(join(folder, name)).size,
      firstMs: null,
    };
    found.next = Math.max(found.next, segment.first);
    if (segment.bytes === 0) {
      // It was made, and nothing was written to it.
      files.unlinkSync(join(folder, name));
      continue;
    }
    const block = reader.blockAt(join(folder, name), segment.first, 0, segment.bytes);
    if (block !== null && block.schemaHash === schemaHash) {
      found.segments.push(segment);
      continue;
    }
    // The end of it says how far its numbers go.
    if (block !== null) found.next = Math.max(found.next, scan(folder, segment, reader, null).next);
    files.renameSync(join(folder, name), join(folder, name + asideSuffix));
    found.setAside += 1;
    const why = block === null ? 'holds nothing that can be read' : 'is of another version of Parapet';
    tell('error', `the segment ${name} of the spool ${why}: it was renamed to ${name}${asideSuffix}`);
  }
  const last = found.segments.at(-1);
  if (last !== undefined) {
    const end = scan(folder, last, reader, found.lastBlocks);
    found.next = Math.max(found.next, end.next);
    found.damagedBytes = end.damagedBytes;
    if (end.bytes < last.bytes) cutOff(folder, last, end.bytes, ports);
  }
  reader.rest();
  return found;
}

/** Walks through a segment to the end of its last block. */
function scan(
  folder: string,
  segment: Segment,
  reader: SegmentReader,
  lastBlocks: Map<string, LastBlock> | null,
): { bytes: number; next: number; damagedBytes: number } {
  const path = join(
    folder,
    segmentPrefix + String(segment.first).padStart(segmentDigits, '0') + segmentSuffix,
  );
  const end = { bytes: 0, next: segment.first, damagedBytes: 0 };
  for (;;) {
    const block = reader.blockAt(path, segment.first, end.bytes, segment.bytes);
    if (block === null) return end;
    end.damagedBytes += block.offset - end.bytes;
    end.bytes = block.offset + blockHeaderBytes + block.bodyBytes;
    end.next = block.first + unitsOf(block);
    const { kind, ringPosition, lastSequence } = block;
    lastBlocks?.set(ringKey(block.bootId, block.ringId), { kind, ringPosition, lastSequence });
  }
}

/**
 * The end of the last segment is a block that was not finished, and its frames are still in their ring; or the disk has
 * lost it. The numbers that jobs wrote down tell which (`Spool.goOnAt`).
 */
function cutOff(folder: string, segment: Segment, bytes: number, { files, tell }: Ports): void {
  const path = join(
    folder,
    segmentPrefix + String(segment.first).padStart(segmentDigits, '0') + segmentSuffix,
  );
  tell('info', `the last ${segment.bytes - bytes} bytes of the spool are no whole block, and are cut off`);
  segment.bytes = bytes;
  try {
    const fd = files.openSync(path, 'r+');
    files.ftruncateSync(fd, bytes);
    files.closeSync(fd);
  } catch (error) {
    // The next block is written over it.
    tell('error', `cannot cut off the torn end of ${path}: ${(error as Error).message}`);
  }
}

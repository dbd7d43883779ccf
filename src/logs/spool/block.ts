/** The header of a block: written over a buffer whose body is there already, read back, and checked. */
import {
  blockAlignment,
  blockBodyBytesMax,
  blockHeaderBytes,
  blockMagic,
  blockWord,
  spoolVersion,
} from './layout.ts';

export interface BlockHeader {
  kind: number;
  bodyBytes: number;
  segment: number;
  /** Number of its first record. */
  first: number;
  schemaHash: bigint;
  ringId: number;
  bootId: bigint;
  firstSequence: number;
  lastSequence: number;
  ringPosition: number;
  records: number;
  losses: number;
  lost: number;
  firstMs: number;
  lastMs: number;
  workerIndex: number;
}

/** A block in memory: `bytes[at]` is the first byte of its header. */
export interface Block extends BlockHeader {
  bytes: Uint8Array;
  at: number;
  /** Offset in the file. */
  offset: number;
}

/** The numbers that a block takes. */
export function unitsOf({ records, lost }: Pick<BlockHeader, 'records' | 'lost'>): number {
  return records + lost;
}

export type Checksum = (bytes: Uint8Array, from: number, to: number) => number;

const words32 = 2 ** 32;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function setNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % words32, true);
  view.setUint32(at + 4, Math.floor(value / words32), true);
}

function getNumber(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * words32;
}

/** Completes the block at the start of `bytes`: its body is in place. */
export function sealBlock(bytes: Uint8Array, header: BlockHeader, checksum: Checksum): void {
  const view = viewOf(bytes);
  view.setUint32(blockWord.magic, blockMagic, true);
  view.setUint16(blockWord.version, spoolVersion, true);
  view.setUint16(blockWord.kind, header.kind, true);
  view.setUint32(blockWord.bodyBytes, header.bodyBytes, true);
  setNumber(view, blockWord.segment, header.segment);
  setNumber(view, blockWord.first, header.first);
  view.setBigUint64(blockWord.schemaHash, header.schemaHash, true);
  setNumber(view, blockWord.ringId, header.ringId);
  view.setBigUint64(blockWord.bootId, header.bootId, true);
  setNumber(view, blockWord.firstSequence, header.firstSequence);
  setNumber(view, blockWord.lastSequence, header.lastSequence);
  setNumber(view, blockWord.ringPosition, header.ringPosition);
  setNumber(view, blockWord.lost, header.lost);
  view.setUint32(blockWord.records, header.records, true);
  view.setUint32(blockWord.losses, header.losses, true);
  view.setFloat64(blockWord.firstMs, header.firstMs, true);
  view.setFloat64(blockWord.lastMs, header.lastMs, true);
  view.setUint32(blockWord.workerIndex, header.workerIndex, true);
  view.setUint32(blockWord.reserved, 0, true);
  const end = blockHeaderBytes + header.bodyBytes;
  view.setUint32(blockWord.checksum, checksum(bytes, blockWord.bodyBytes, end), true);
}

/**
 * The block at `at`, where `end` bytes are there. `part`: it may be one, but not all of it is there; null: it is none.
 * With no checksum function, the body is taken on trust and need not be there.
 */
export function openBlock(
  bytes: Uint8Array,
  at: number,
  end: number,
  place: { segment: number; offset: number },
  checksum: Checksum | null,
): Block | 'part' | null {
  if (end - at < blockHeaderBytes) return 'part';
  const view = viewOf(bytes);
  const bodyBytes = view.getUint32(at + blockWord.bodyBytes, true);
  if (
    view.getUint32(at + blockWord.magic, true) !== blockMagic ||
    view.getUint16(at + blockWord.version, true) !== spoolVersion ||
    getNumber(view, at + blockWord.segment) !== place.segment ||
    bodyBytes > blockBodyBytesMax ||
    bodyBytes % blockAlignment !== 0
  ) {
    return null;
  }
  const to = at + blockHeaderBytes + bodyBytes;
  if (checksum !== null) {
    if (to > end) return 'part';
    const found = checksum(bytes, at + blockWord.bodyBytes, to);
    if (found !== view.getUint32(at + blockWord.checksum, true)) return null;
  }
  return {
    kind: view.getUint16(at + blockWord.kind, true),
    bodyBytes,
    segment: place.segment,
    first: getNumber(view, at + blockWord.first),
    schemaHash: view.getBigUint64(at + blockWord.schemaHash, true),
    ringId: getNumber(view, at + blockWord.ringId),
    bootId: view.getBigUint64(at + blockWord.bootId, true),
    firstSequence: getNumber(view, at + blockWord.firstSequence),
    lastSequence: getNumber(view, at + blockWord.lastSequence),
    ringPosition: getNumber(view, at + blockWord.ringPosition),
    records: view.getUint32(at + blockWord.records, true),
    losses: view.getUint32(at + blockWord.losses, true),
    lost: getNumber(view, at + blockWord.lost),
    firstMs: view.getFloat64(at + blockWord.firstMs, true),
    lastMs: view.getFloat64(at + blockWord.lastMs, true),
    workerIndex: view.getUint32(at + blockWord.workerIndex, true),
    bytes,
    at,
    offset: place.offset,
  };
}

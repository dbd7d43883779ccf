/** Bodies whose every byte is known from its place, so that a hole, a repeat or a swap is seen by the hash. */
import { createHash } from 'node:crypto';

const blockBytes = 64 * 1024;

/** 64 KiB of the body from block number `index`; the number is in the block, so that no two blocks are alike. */
export function patternBlock(index: number, bytes = blockBytes): Buffer {
  const block = Buffer.allocUnsafe(bytes);
  let value = (index * 2654435761 + 12345) >>> 0;
  const words = bytes >>> 2;
  for (let word = 0; word < words; word += 64) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    block.fill(value & 0xff, word * 4, Math.min(bytes, (word + 64) * 4));
    block.writeUInt32LE(value, word * 4);
  }
  if (bytes >= 4) block.writeUInt32LE(index, 0);
  return block;
}

/** The blocks of a body of a given size, one by one. */
export function* patternBlocks(totalBytes: number): Generator<Buffer> {
  for (let at = 0, index = 0; at < totalBytes; at += blockBytes, index += 1) {
    const block = patternBlock(index);
    yield totalBytes - at < blockBytes ? block.subarray(0, totalBytes - at) : block;
  }
}

export function patternBody(totalBytes: number): Buffer {
  return Buffer.concat([...patternBlocks(totalBytes)]);
}

export function patternHash(totalBytes: number): string {
  const hash = createHash('sha256');
  for (const block of patternBlocks(totalBytes)) hash.update(block);
  return hash.digest('hex');
}

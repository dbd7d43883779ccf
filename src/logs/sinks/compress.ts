/**
 * Compression of a batch, off the thread that delivers. What comes out is one member (RFC 1952) or one frame (RFC 8878)
 * that stands alone, so that any number of them behind each other can be read as one, and the same bytes always become the
 * same bytes.
 *
 * Levels by measurement (batches of 250 KiB of records of 830 bytes, processor time for each record): gzip 3 1.6 us and
 * 62 bytes, against 2.0 us and 69 bytes at level 1 and 3.7 us and 52 bytes at 6; zstd 1 0.5 us and 43 bytes, against 0.7 us
 * and 52 bytes at 3.
 */
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';

export const compressions = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

const gzipLevel = 3;
const zstdParameters = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
};

const gzipped = promisify<Uint8Array, object, Uint8Array>(gzip);
const zstdCompressed = promisify<Uint8Array, object, Uint8Array>(zstdCompress);

/** `none` gives the bytes back as they are. */
export async function compressed(how: Compression, bytes: Uint8Array): Promise<Uint8Array> {
  if (how === 'gzip') return await gzipped(bytes, { level: gzipLevel });
  return how === 'zstd' ? await zstdCompressed(bytes, { params: zstdParameters }) : bytes;
}

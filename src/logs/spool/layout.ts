/**
 * The spool: where records wait on disk between the rings and the destinations. The shipper is its only writer and its
 * only reader; all jobs share it, each with a cursor of its own. Below `logs.directory`:
 *
 *   spool/segment-0000000000000000.spool    blocks, one behind the other; the number is the one of its first record
 *   spool/segment-0000000000482133.spool    the last one is appended to, the others stay as they are
 *   spool/job-1f0c9a5e.state                     cursor, plan and mark of one job: two slots, written in turns
 *   spool/job-1f0c9a5e.format                    how the lines of its plan are made
 *
 * Records are numbered through from the first that the spool ever took; a loss that a ring tells of takes the numbers of
 * the records that it stands for. So the numbers of two blocks tell what is missing between them, whatever happened.
 *
 *   block:  0                                    blockHeaderBytes                 + bodyBytes
 *           | magic, checksum, lengths, numbers | frames, as they were in the ring |
 *
 * What always holds, at every instruction, so that SIGKILL at any of them loses nothing and doubles nothing:
 *  1. A block is written whole behind the last one, with one write. The ring's space is released after that, so a frame
 *     is in the ring, or in a block, or in both; and only the last block of all can be in both. A block carries ring id,
 *     boot id and the position in the ring behind it: recovery moves the ring there before it reads on.
 *  2. Only the end of the last segment can be torn. What is there and is no block is cut off, if no block follows; its
 *     frames are still in the ring, unless a job has written down that the numbers went further. Bytes that are no
 *     block anywhere else are a hole: skipped to the next block, counted.
 *  3. A state slot carries a checksum and a turn; the valid slot with the highest turn counts. A torn one is the older.
 *  4. What a job plans to send (range, id, format) is in its state before the first byte is sent, and the cursor moves
 *     when the destination has accepted it. The next process makes the same bytes from the range.
 *  5. A segment is removed once the cursor of every job is behind it; or, when the spool is full, after the cursors of
 *     the jobs that need it have been moved, with the count of what they lost. Cursors are written first.
 *
 * All words are little-endian. Raise `spoolVersion` with every change that an older reader would misread.
 */
export const spoolVersion = 1;

export const spoolFolder = 'spool';
export const segmentPrefix = 'segment-';
export const segmentSuffix = '.spool';
export const segmentDigits = 16;
/** Follows the name of a segment that was set aside. */
export const asideSuffix = '.unknown';
export const statePrefix = 'job-';
export const stateSuffix = '.state';
export const formatSuffix = '.format';
/** Follows the name of a file that is being written; it gets its name when it is complete. */
export const spoolTemporarySuffix = '.tmp';

/** "PRBK" */
export const blockMagic = 0x4b425250;

/** Byte offsets in the header of a block. */
export const blockWord = {
  /** u32 */
  magic: 0,
  /** u16: `spoolVersion`. */
  version: 4,
  /** u16: `blockKind`. */
  kind: 6,
  /** u32: CRC-32C of everything behind it, to the end of the body. */
  checksum: 8,
  /** u32, a multiple of 8. */
  bodyBytes: 12,
  /** u64: number of the segment, so that a block in another file's place is none. */
  segment: 16,
  /** u64: number of its first record. */
  first: 24,
  /** u64: hash of the layout of its frames. */
  schemaHash: 32,
  /** u64, as the next five. */
  ringId: 40,
  bootId: 48,
  /** Sequence numbers in the ring: the lowest, and the highest that a record has or a loss covers. */
  firstSequence: 56,
  lastSequence: 64,
  /** Position in the ring behind these frames; index behind the last leftover in a block of leftovers. */
  ringPosition: 72,
  /** Records that the losses in it stand for. */
  lost: 80,
  /** u32 */
  records: 88,
  /** u32: frames that tell of a loss. */
  losses: 92,
  /** f64: when the first and the last of the exchanges began, milliseconds since 1970. */
  firstMs: 96,
  lastMs: 104,
  /** u32 */
  workerIndex: 112,
  /** u32: always 0. */
  reserved: 116,
} as const;
export const blockHeaderBytes = 120;
export const blockAlignment = 8;

export const blockKind = {
  frames: 1,
  /** Exchanges that a writer left when it ended, and the loss that it did not tell. */
  leftovers: 2,
} as const;
export type BlockKind = (typeof blockKind)[keyof typeof blockKind];

/** Bytes of frames in one block. Any frame fits; the whole stays in the caches of a core until it has been encoded. */
export const blockBodyBytesMax = 128 * 1024;

/** A state slot: u32 checksum of what follows, u32 length, f64 turn, then JSON. */
export const slotWords = { checksum: 0, length: 4, turn: 8, text: 16 } as const;
export const stateSlotBytes = 16 * 1024;

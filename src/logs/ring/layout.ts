/**
 * The ring file of one edge worker, drawn word by word. One writer (the engine, C++), one reader (the shipper, through
 * the addon); JavaScript never touches the mapping itself. `native/core/ring_layout.gen.h` is generated from this file,
 * and a test fails when it is stale. Raise `ringVersion` with every change that an older reader would misread.
 *
 *   0                 headerBytes                framesOffset                           fileBytes
 *   | header page     | slots (live exchanges)   | frames ............................. |
 *
 * All words are little-endian. Positions (`tail`, `head`) count bytes since the ring was made and never wrap; the place
 * of a position in the frame area is `position & (framesBytes - 1)`. Frames are 8-byte aligned, none wraps: what is left
 * at the end of the area becomes a padding frame of two words.
 *
 * What always holds, at every instruction, so that SIGKILL at any of them is harmless:
 *  1. Frames in [head, tail) are committed or padding, whole, and never written again before `head` has passed them.
 *  2. The state word at `tail` is free, or prepared, or (for a moment) committed or padding; what it says is whole,
 *     because it is stored last, with release order. Only recovery reads it; the live reader stops at `tail`.
 *  3. Before the state word of a frame is stored, the state word behind that frame has been set to free.
 *  4. A live slot is one exchange whose head has been read and that has no frame yet. The frame is prepared first,
 *     then the slot is freed: only the frame at `tail` can have a live slot beside it, and recovery frees that one.
 *  5. The loss that waits to be told (`loss*`) is cleared after its frame has been prepared, in the same way.
 */
export const ringVersion = 1;

/** Suffix and prefix of ring files in `logs.directory`. */
export const ringFilePrefix = 'ring-';
export const ringFileSuffix = '.ring';
/** Follows the name and the boot id of a ring that is being made; it gets its name when its header is complete. */
export const ringTemporarySuffix = '.tmp';

export const ringMagicText = 'PRPTRING';

/** Byte offsets in the header page; u64 unless they say otherwise. */
export const ringHeader = {
  /** `ringMagicText`; stored last when the ring is made, so a file without it never had a record. */
  magic: 0,
  /** u32 */
  version: 8,
  /** u32 */
  headerBytes: 12,
  /** Hash of the record layout: a reader with another one must not decode the frames. */
  schemaHash: 16,
  fileBytes: 24,
  /** u32 */
  slotsOffset: 32,
  /** u32: bytes of one slot. */
  slotBytes: 36,
  /** u32 */
  slotCount: 40,
  /** u32 */
  framesOffset: 44,
  /** A power of two. */
  framesBytes: 48,
  ringId: 56,
  bootId: 64,
  /** Nanoseconds since 1970. */
  createdAt: 72,
  /** u32 */
  workerIndex: 80,
  /** u32 */
  processId: 84,

  /** Line of the writer. */
  tail: 128,
  /** Sequence number of the next record; one is taken for a record that is dropped, too. */
  nextSequence: 136,
  /** u32: 1 once the writer will write no more. */
  writerEnded: 144,

  /** Line of the reader: frames before this position are done with. */
  head: 256,

  /** Line of the wake: u32, 1 while the reader sleeps until the wake descriptor is signalled. */
  wakeArmed: 384,

  /** Line of the loss that waits for space to be told: count of records, 0 when there is none. */
  lossCount: 512,
  lossFirst: 520,
  lossLast: 528,
  /** When the first and the last of them ended, nanoseconds since 1970. */
  lossSince: 536,
  lossUntil: 544,

  /** Records dropped since the ring was made: u64 [dataset][dropReason]. */
  drops: 1024,
} as const;
export const ringHeaderBytes = 4096;

/** Datasets, by number; rows are only added at the end. */
export const datasets = ['none', 'http_requests'] as const;
export type Dataset = (typeof datasets)[number];
export const dataset = { none: 0, httpRequests: 1 } as const;
export const datasetsMax = 8;

/** Why the writer dropped a record, by number. */
export const dropReasons = ['ring_full'] as const;
export const dropReason = { ringFull: 0 } as const;
export const dropReasonsMax = 8;

/** Bounds of the frame area. The smallest holds any record several times. */
export const ringBytesMin = 256 * 1024;
export const ringBytesMax = 1024 * 1024 * 1024;

/** A frame begins with these; offsets in bytes. Padding has only the first two words. */
export const frameWord = {
  /** u32: bytes of the whole frame, a multiple of 8. */
  length: 0,
  /** u32: `frameState`. */
  state: 4,
  /** u64 */
  sequence: 8,
  /** u16 */
  dataset: 16,
  /** u16 */
  flags: 18,
  /** u32: always 0. */
  reserved: 20,
} as const;
/** Then the fixed block, the string table (u16 offset from the start of the frame, u16 length, each), and the bytes. */
export const frameHeaderBytes = 24;
export const frameAlignment = 8;
/** Offsets in the string table are u16. */
export const frameBytesMax = 65536;

/** Distinct from 0 and from each other in every byte, so that a stray word is never mistaken for one. */
export const frameState = {
  free: 0,
  prepared: 0x50523131,
  committed: 0x434f4d32,
  padding: 0x50414433,
} as const;
export const frameFlag = {
  /** Not an exchange: tells how many records were dropped (`lostRecords`, `lostLastSequence`). */
  loss: 1,
} as const;

/** A live exchange. Strings follow one another from `strings` on: method, host, zone, path. */
export const slotWord = {
  /** u32: 1 while the slot is live; stored last. */
  live: 0,
  /** u16 */
  clientPort: 4,
  /** u8 */
  scheme: 6,
  /** u8 */
  httpVersion: 7,
  ray: 8,
  startNs: 16,
  /** 16 bytes */
  clientAddress: 24,
  /** u16 each */
  methodLength: 40,
  hostLength: 42,
  zoneLength: 44,
  pathLength: 46,
  strings: 48,
} as const;
export const slotBytes = 384;
/** Longer strings are cut. */
export const slotStringMax = { method: 16, host: 64, zone: 64, path: 192 } as const;

/** Float64 words that `ringState` answers in. */
export const ringStateWord = {
  head: 0,
  tail: 1,
  nextSequence: 2,
  /** Records dropped since the ring was made. */
  dropped: 3,
  /** 1 once the writer will write no more. */
  writerEnded: 4,
  /** Records of the loss that waits to be told. */
  lossCount: 5,
} as const;
export const ringStateWords = 8;

/**
 * Float64 words between the shipper and `ringTake` and its kin, which copy frames out of a ring. In: where to read from
 * and where to write to. Out: the same, moved on, and what was copied.
 */
export const takeState = {
  /** Ring position (or leftover index) of the next record, in and out. */
  position: 0,
  /** Offset in the output of the next byte, in and out. */
  offset: 1,
  /** Out: records copied, losses not counted. */
  records: 2,
  losses: 3,
  /** Out: records that these losses stand for. */
  lost: 4,
  /** Out: lowest sequence number, and the highest that a record has or a loss covers. */
  firstSequence: 5,
  lastSequence: 6,
  /** Out: when the first and the last of the exchanges began, milliseconds since 1970. */
  firstMs: 7,
  lastMs: 8,
  /** Out: bytes skipped because a frame made no sense. */
  damagedBytes: 9,
  /** Out: 1 where nothing is left to read. */
  isEnd: 10,
} as const;
export const takeStateWords = 16;

/** Float64 words in which `ringEncodeLoss` takes a loss. Times in milliseconds since 1970. */
export const lossWord = {
  firstSequence: 0,
  lastSequence: 1,
  records: 2,
  sinceMs: 3,
  untilMs: 4,
  workerIndex: 5,
  /** Index into `reasons` of the contract. */
  reason: 6,
} as const;
export const lossWords = 8;

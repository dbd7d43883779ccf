/**
 * The program that turns frames into lines: compiled from a job's field list by `compile.ts`, run by
 * `native/core/ndjson.cc`; `native/core/encode_layout.gen.h` is generated from this file.
 *
 *   0        headerBytes                     literals
 *   | header | opCount ops of opBytes each | name tables, literal bytes |
 *
 * Each op puts its literal out (`,"Name":`), then a value; the last op has code `end` and puts `}\n`. Little-endian.
 */
export const programVersion = 1;

/** Bytes of no meaning at the end: literals are copied in whole words. */
export const programSlackBytes = 32;

/** u32 each. */
export const programHeader = { version: 0, opCount: 4, dataset: 8, bytes: 12 } as const;
export const programHeaderBytes = 16;
export const opsMax = 512;

export const opWord = {
  /** u16: `opCode`. */
  code: 0,
  /** u16: bytes from the start of the frame, or index of a string. */
  source: 2,
  /** u32: offset of the literal in the program. */
  literalOffset: 4,
  /** u32 */
  literalLength: 8,
  /** u32: offset of a name table, or the mask of a flag. */
  extra: 12,
} as const;
export const opBytes = 16;

export const opCode = {
  end: 0,
  u8: 1,
  u16: 2,
  u32: 3,
  u64: 4,
  /** Microseconds (u32) as milliseconds, to the nearest. */
  milliseconds: 5,
  /** The same, rounded up: 0 only where nothing was done. */
  millisecondsUp: 6,
  /** Microseconds (u32) as nanoseconds. */
  nanoseconds: 7,
  /** Nanoseconds since 1970 (u64), as a number or as quoted text. */
  timeUnixNano: 8,
  timeUnix: 9,
  timeRfc3339: 10,
  timeRfc3339Ms: 11,
  timeRfc3339Ns: 12,
  /** u64 as 16 hexadecimal digits, quoted; an empty string for 0. */
  ray: 13,
  /** 16 bytes as text, quoted; an empty string for all zero. */
  address: 14,
  string: 15,
  /** Path, and "?" with the query where there is one; `source` is the string index of the path, the query's is the next. */
  uri: 16,
  /** A literal of the name table at `extra`, by a u8 or u16 index. */
  name8: 17,
  name16: 18,
  /** u8: true where it has a bit of `extra`. */
  flag: 19,
  /** A string of items separated by `annotationSeparator`, as an array of strings. */
  list: 20,
  /** Kind of device by a string that is a User-Agent, quoted: desktop, mobile or tablet. */
  device: 21,
} as const;
export type OpName = keyof typeof opCode;

/**
 * A name table: u32 count, then u32 offset and u32 length of each literal, and last those of the literal for an index
 * beyond the table.
 */
export const nameTableEntryBytes = 8;

/**
 * Float64 words between the shipper and `ringEncode` and its kin. In: where to read from, where to write to, and how
 * much. Out: the same, moved on, and what was done.
 */
export const encodeState = {
  /** Ring position (or leftover index) of the next record, in and out. */
  position: 0,
  /** Offset in the output of the next byte, in and out. */
  offset: 1,
  /** In: no line is added that would end beyond this offset, unless the output is empty. */
  softLimit: 2,
  /** In: records that may be added. */
  recordsMax: 3,
  /** Out: lines that tell of a loss; they are not counted as records. */
  losses: 4,
  /** Out: records passed over, which with a program are those put out. */
  records: 5,
  /** Out: records that these losses stand for. */
  lost: 6,
  /** Out: frames of another dataset that were passed over. */
  foreign: 7,
  /** Out: sequence numbers of the first and the last record. */
  firstSequence: 8,
  lastSequence: 9,
  /** Out: `encodeStop`. */
  stop: 10,
  /** Out: bytes skipped because a frame made no sense. */
  damagedBytes: 11,
  /** In: no frame at or behind this position is read, 0: none. */
  endPosition: 12,
  /** In: records whose hash of the ray id is below this are in the sample; 2^32: all are. */
  sampleBelow: 13,
  /** Out: records that are not. */
  sampled: 14,
  /** Out: when the first and the last of the exchanges put out began, milliseconds since 1970. */
  firstMs: 15,
  lastMs: 16,
} as const;
export const encodeStateWords = 24;
export const encodeStop = {
  /** Nothing is left to read. */
  end: 0,
  /** One of the limits is reached. */
  full: 1,
} as const;

/** A place in the spool. */
export interface Position {
  /** Number of the segment's first record. */
  segment: number;
  /** Offset of a block in its file. */
  offset: number;
  /** Bytes of the body of that block that are done. */
  skip: number;
  /** Number of the next record. */
  record: number;
}

export const positionStart: Position = { segment: 0, offset: 0, skip: 0, record: 0 };

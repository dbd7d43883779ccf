/**
 * What the shipper needs of a destination. A sink knows nothing of batching, retry or rings: it takes one batch at a time,
 * and says whether all of it was accepted.
 */
export interface Batch {
  /** Whole lines. Stays as it is until `done`. */
  bytes: Uint8Array;
  records: number;
}

/** Why a batch was not accepted: nothing of it counts, and it may be sent again. */
export interface SinkFailure {
  /** A word for it, such as ENOSPC. */
  code: string;
  message: string;
}

export interface Sink {
  /** The destination in an operator's words. */
  readonly description: string;
  /** Not called again before `done`, which is called once, perhaps before `send` has returned. */
  send(batch: Batch, done: (failure: SinkFailure | null) => void): void;
  /** Opens what it writes to anew (SIGUSR1), between two batches. */
  reopen(): void;
  /** Lets go of it. No batch is on its way. */
  close(): void;
}

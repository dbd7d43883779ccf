/**
 * What the shipper needs of a destination. A sink knows nothing of batching, retry or the spool: it takes one batch at a
 * time, and says whether all of it was accepted.
 *
 * Order of calls: `open` until it succeeds, then `send` and `reopen`, at last `close`. One `open` or `send` is on its way
 * at a time; each calls `done` once, perhaps before it has returned.
 */
export interface Batch {
  /** 32 hexadecimal digits. A batch that is sent again, even by a later process, has the same id and the same bytes. */
  id: string;
  /** Name of the job. */
  job: string;
  /** Whole lines. Stays as it is until `done`. */
  bytes: Uint8Array;
  records: number;
  /** When the first and the last of its exchanges began, milliseconds since 1970. */
  firstMs: number;
  lastMs: number;
}

/** Why a batch was not accepted: nothing of it counts, and it is sent again. */
export interface SinkFailure {
  /** A word for it, such as ENOSPC or HTTP_503. */
  code: string;
  /** A sentence for the operator; holds no secret. */
  message: string;
  /** The destination asked not to be tried again sooner. */
  retryAfterMs?: number;
}

/**
 * `mark`: a short text that the job's cursor remembers: of `send` with the batch, of `open` before the first one, so that it
 * can be taken back too; none: as before.
 */
export type Done = (failure: SinkFailure | null, mark?: string) => void;

export interface Sink {
  /** The destination in an operator's words; holds no secret. */
  readonly description: string;
  /**
   * Before the first batch. `mark` is what came last, with `open` or with a batch that was accepted, null: nothing. What the destination can take back of later batches, it does: they come again.
   */
  open(mark: string | null, done: Done): void;
  send(batch: Batch, done: Done): void;
  /** Opens what it writes to anew (SIGUSR1); while a batch is on its way, after it. */
  reopen(): void;
  /** Lets go of everything. A batch that is on its way fails, or is accepted, before `done` is called. */
  close(done: () => void): void;
}

/** What a sink is handed by the shipper. */
export interface SinkPorts {
  /** For the operator: what is worth knowing, and is no failure of a batch. */
  tell: (level: 'info' | 'error', text: string) => void;
  /** Milliseconds since 1970. */
  nowMs: () => number;
}

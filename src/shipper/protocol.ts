/**
 * What control and the shipper thread say to each other, by `postMessage`. `start` comes first and once. Rings are named
 * by their path, as the engine that writes them reported it.
 */
import type { JobConfig } from '../logs/config.ts';
import type { SpoolLimits } from '../logs/index.ts';
import type { ExpressionProgram } from '../rules/protocol.ts';

/** A job with its filter compiled; no `filters`: all records are wanted. */
export type ShipperJob = JobConfig & { filters?: readonly ExpressionProgram[] };

export interface DeliveryConfig {
  /** Where the spool is, and rings of earlier processes are looked for. */
  directory: string;
  jobs: readonly ShipperJob[];
  spool: SpoolLimits;
}

export type ToShipper =
  | {
      type: 'start';
      directory: string;
      /** Of this process: rings of another one are recovered. 16 hexadecimal digits. */
      bootIdHex: string;
      /** Rings whose writers are at work. */
      rings: string[];
      jobs: readonly ShipperJob[];
      spool: SpoolLimits;
    }
  | { type: 'addRing'; path: string }
  /** The writer of this ring is gone, with its thread: what it left is taken over, then the file is removed. */
  | { type: 'recover'; path: string }
  /** The jobs from now on. One that is not named any more delivers what it has, then it ends. */
  | { type: 'configure'; jobs: readonly ShipperJob[]; spool: SpoolLimits }
  /** SIGUSR1. */
  | { type: 'reopen' }
  /** Deliver everything, for at most so long; answered by `drained`, after which the thread ends. */
  | { type: 'drain'; deadlineMs: number }
  | { type: 'stats'; id: number }
  /** Live records from now on, until `untail`, as `tailed`. */
  | { type: 'tail'; id: number; request: TailRequest }
  /** A `tailed` has reached the one who watches: the next one may be sent. */
  | { type: 'tailTaken'; id: number }
  | { type: 'untail'; id: number };

/** What a session of live records wants to see. */
export interface TailRequest extends Pick<JobConfig, 'dataset' | 'output'> {
  /** Records whose hash is below this are in the sample; 2^32: all are. */
  sampleBelow: number;
  /** Records that these expressions are true of, all of them. */
  filters: readonly ExpressionProgram[];
}

export type FromShipper =
  /** Rings of earlier processes have been found; their delivery goes on beside that of new records. */
  | { type: 'started'; recovered: number; setAside: number }
  | { type: 'stats'; id: number; stats: ShipperStats }
  /** Whole lines, and how many records this session missed before them because it did not keep up. */
  | { type: 'tailed'; id: number; lines: Uint8Array; skipped: number }
  | { type: 'drained'; isComplete: boolean; stats: ShipperStats }
  /** For the operator: to be shown on standard error. Already limited to one a minute for each cause. */
  | { type: 'notice'; level: 'info' | 'error'; text: string };

export interface ShipperStats {
  jobs: JobStats[];
  rings: RingStats[];
  spool: SpoolStats;
  /** Rings of earlier processes or dead workers that were taken over. */
  recoveredRings: number;
  /** Rings that could not be read and were renamed. */
  setAsideRings: number;
  /** Exchanges that a crash cut short, and that became records of outcome `interrupted`. */
  interruptedRecords: number;
  /** Bytes of rings and segments that made no sense. */
  damagedBytes: number;
}

/**
 * For each job: emitted = delivered + filtered + sampled + the sum of dropped + inFlight, at any moment. Counts begin with
 * the process, where the job then is.
 */
export interface JobStats {
  name: string;
  /** In an operator's words. */
  destination: string;
  /** Records that came into the spool, those that their writers dropped and told of included. */
  emitted: number;
  /** Records accepted by the destination. */
  delivered: number;
  /** Records that the filter left out. */
  filtered: number;
  /** Records that the sample left out. */
  sampled: number;
  dropped: {
    /** By their writers, because a ring was full. */
    ring_full: number;
    /** By the spool, because it was full and the job behind. */
    behind: number;
    /** They could not be read. */
    damaged: number;
    /** By the removal of the job. */
    removed: number;
  };
  /** Records in the spool that the destination has not accepted. */
  inFlight: number;
  bytes: number;
  batches: number;
  /** Attempts that failed. */
  failures: number;
  isFailing: boolean;
  /** Bytes of the spool that this job has not delivered. */
  lagBytes: number;
  /** Age of the oldest record in its batch. */
  lagMs: number;
  /** Number of a segment, bytes in it, number of the next record. */
  cursor: { segment: number; offset: number; record: number };
  /** Of the failure that lasts; null while all is well. */
  lastError: string | null;
  /** Milliseconds since 1970 of the last batch that was accepted; null: none yet. */
  lastCompleteMs: number | null;
  /** Milliseconds since 1970 of the next attempt, while it fails. */
  nextRetryMs: number | null;
}

export interface SpoolStats {
  segments: number;
  bytes: number;
  bytesMax: number;
  /** Milliseconds since 1970 at which its oldest exchange began; null: it is empty. */
  oldestMs: number | null;
  /** Number of the next record. */
  nextRecord: number;
  /** Of the last write, while it fails. */
  lastError: string | null;
  /** Writes that failed. */
  failures: number;
  removedSegments: number;
  /** Segments of another version that were renamed. */
  setAsideSegments: number;
}

export interface RingStats {
  path: string;
  workerIndex: number;
  ringId: number;
  bytesUsed: number;
  bytesMax: number;
  /** Records written or dropped since the ring was made. */
  sequence: number;
  dropped: number;
  /** Its writer is gone. */
  isSealed: boolean;
}

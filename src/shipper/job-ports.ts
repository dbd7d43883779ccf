/** What a job is handed, and what it counts. */
import type { RingBinding } from '../engine/native/ring-binding.ts';
import type { Sink, SpoolPorts } from '../logs/index.ts';
import type { BatchCounts } from './batch.ts';
import type { Notices } from './notices.ts';
import type { ShipperJob } from './protocol.ts';

export interface JobPorts {
  binding: RingBinding;
  spoolPorts: SpoolPorts;
  notices: Notices;
  /** From 0 to 1. */
  random(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Milliseconds of the clock that turns are given. */
  monotonicMs(): number;
  sinkOf(config: ShipperJob): Sink;
  /** A batch has been accepted or refused: there may be more to do. */
  wake(): void;
}

/** What a job has done with records since this process began. */
export interface JobTotals extends BatchCounts {
  /** The spool had to drop them before they were delivered. */
  behind: number;
  /** They were left when the job was removed. */
  abandoned: number;
  bytes: number;
  batches: number;
  failures: number;
}

export function noTotals(): JobTotals {
  return {
    records: 0,
    filtered: 0,
    sampled: 0,
    lost: 0,
    damaged: 0,
    behind: 0,
    abandoned: 0,
    bytes: 0,
    batches: 0,
    failures: 0,
  };
}

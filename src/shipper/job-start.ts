/** Where a job begins: where an earlier process left it, or where it is told to. */
import type { Position, Spool } from '../logs/index.ts';
import { destinationKey, type JobMemory, type JobState } from './job-state.ts';
import type { ShipperJob } from './protocol.ts';

export interface JobStart {
  state: JobState;
  /** It is not what the disk has. */
  isNew: boolean;
  /** For the operator. */
  fault?: string;
}

export function startOf(config: ShipperJob, memory: JobMemory, spool: Spool, start: Position): JobStart {
  const destination = destinationKey(config);
  const fresh: JobState = {
    version: 1,
    job: config.name,
    next: start,
    losses: [],
    plan: null,
    mark: null,
    destination,
  };
  let state: JobState | undefined;
  try {
    state = memory.load();
  } catch (error) {
    const fault = `cannot read where it was, and begins anew: ${(error as Error).message}`;
    return { state: fresh, isNew: true, fault };
  }
  if (state === undefined) return { state: fresh, isNew: true };
  if (state.destination !== destination) Object.assign(state, { mark: null, destination });
  const { begin, end } = spool;
  if (state.next.record <= end.record) return { state, isNew: false };
  // The spool was cut off by a loss of power, or removed, and its numbers begin anew.
  const isSame = state.next.segment >= begin.segment && begin.record > 0;
  const fault = 'the spool ends before the place that it was at: it goes on with what comes';
  return { state: { ...state, plan: null, next: isSame ? end : begin }, isNew: true, fault };
}

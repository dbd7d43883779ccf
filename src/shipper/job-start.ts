/** Where a job begins: where an earlier process left it, or where it is told to. */
import type { Position, Spool } from '../logs/index.ts';
import { destinationKey, type JobMemory, type JobState } from './job-state.ts';
import type { ShipperJob } from './protocol.ts';

export interface JobStart {
  state: JobState;
  /** It is not what the disk has. */
  isNew: boolean;
  /** For the operator: what is wrong, and what is worth knowing. */
  fault?: string;
  note?: string;
}

/** Every record that a job has ever planned has a number below the end of the spool: `Spool.goOnAt`. */
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
  let why = 'what it wrote down of its place in the spool makes no sense';
  try {
    state = memory.load();
  } catch (error) {
    why = `its place in the spool cannot be read: ${(error as Error).message}`;
  }
  if (state !== undefined) {
    if (state.destination !== destination) Object.assign(state, { mark: null, destination });
    return { state, isNew: false };
  }
  if (!memory.isKnown) {
    const older = spool.end.record - spool.begin.record;
    if (older === 0) return { state: fresh, isNew: true };
    const note = `it is new, and begins with what comes: ${older} records that the spool holds are not for it`;
    return { state: fresh, isNew: true, note };
  }
  const fault = `${why}; it begins with the oldest record that the spool has, and some may come again`;
  return { state: { ...fresh, next: spool.begin }, isNew: true, fault };
}

/** What the jobs of an earlier process have left; where one is no longer configured, its cursor goes, and what it had is told. */
import { join } from 'node:path';
import {
  formatSuffix,
  type Spool,
  type SpoolPorts,
  StateFile,
  spoolTemporarySuffix,
  statePrefix,
  stateSuffix,
} from '../logs/index.ts';
import { type JobState, jobKey } from './job-state.ts';

export function forgetJobs(spool: Spool, names: readonly string[], ports: SpoolPorts): void {
  const { files, checksum, tell } = ports;
  const kept = new Set(names.map((name) => statePrefix + jobKey(name)));
  for (const name of files.readdirSync(spool.folder)) {
    if (!name.startsWith(statePrefix)) continue;
    const path = join(spool.folder, name);
    try {
      if (name.endsWith(spoolTemporarySuffix)) {
        files.unlinkSync(path);
        continue;
      }
      const suffix = [stateSuffix, formatSuffix].find((end) => name.endsWith(end));
      if (suffix === undefined || kept.has(name.slice(0, -suffix.length))) continue;
      if (suffix === stateSuffix)
        tellLeft(new StateFile(path, files, checksum).read() as JobState, spool, tell);
      files.unlinkSync(path);
    } catch (error) {
      tell('error', `cannot remove ${path}: ${(error as Error).message}`);
    }
  }
}

/** The highest number that a job has written down: so far the spool went, whatever is left of it. */
export function knownEnd(folder: string, { files, checksum }: SpoolPorts): number {
  let end = 0;
  for (const name of files.readdirSync(folder)) {
    if (!name.startsWith(statePrefix) || !name.endsWith(stateSuffix)) continue;
    try {
      const state = new StateFile(join(folder, name), files, checksum).read() as JobState | undefined;
      if (state !== undefined) end = Math.max(end, state.end ?? 0, state.next.record);
    } catch {
      // Told where the job begins.
    }
  }
  return end;
}

function tellLeft(state: JobState | undefined, spool: Spool, tell: SpoolPorts['tell']): void {
  if (state === undefined) return;
  const left = spool.end.record - (state.plan?.from ?? state.next).record;
  if (left <= 0) return;
  tell(
    'error',
    `job ${state.job} is no longer configured: ${left} records that it had not delivered are dropped`,
  );
}

/** Jobs that were configured when an earlier process ended, and are no longer: their cursors go, and what they had is told. */
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

function tellLeft(state: JobState | undefined, spool: Spool, tell: SpoolPorts['tell']): void {
  if (state === undefined) return;
  const left = spool.end.record - (state.plan?.from ?? state.next).record;
  if (left <= 0) return;
  tell(
    'error',
    `job ${state.job} is no longer configured: ${left} records that it had not delivered are dropped`,
  );
}

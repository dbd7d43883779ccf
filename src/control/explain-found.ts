/** Puts into words what stands in the store under a key. */
import { objectFlag, storeState } from '../engine/contract.ts';
import type { StoredEntry } from '../pipeline/index.ts';

function lifetime({ freshUntil, objectFlags }: StoredEntry, now: number): string {
  if ((objectFlags & objectFlag.noCache) !== 0) return 'validated before each use';
  return freshUntil > now ? `fresh for ${freshUntil - now} s` : `stale for ${now - freshUntil} s`;
}

function kindOf({ objectFlags }: StoredEntry): string {
  if ((objectFlags & objectFlag.slice) !== 0) return ', one slice';
  return (objectFlags & objectFlag.part) === 0 ? '' : ', one range';
}

/** @param now seconds since 1970 */
export function tellFound(entry: StoredEntry | undefined, now: number): string {
  switch (entry?.state) {
    case storeState.object: {
      const { status, sizeBytes, ageSeconds } = entry;
      return `status ${status}, ${sizeBytes} bytes${kindOf(entry)}, age ${ageSeconds} s, ${lifetime(entry, now)}`;
    }
    case storeState.filling:
      return 'on its way from the origin';
    case storeState.pass:
      return 'a marker: responses under the key are not stored (hit-for-miss)';
    case storeState.varies:
      return 'a marker: responses under the key vary';
    default:
      return 'nothing';
  }
}

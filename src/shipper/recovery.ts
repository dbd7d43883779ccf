/** Finds the rings that earlier processes left in `logs.directory`. */
import { join } from 'node:path';
import type { RingBinding } from '../engine/native/ring-binding.ts';
import { Ring, ringFilePrefix, ringFileSuffix, ringTemporarySuffix } from '../logs/index.ts';
import type { Tell } from './notices.ts';

/** The part of node:fs that is used for rings. */
export interface Folder {
  existsSync(path: string): boolean;
  readdirSync(path: string): string[];
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
}

export interface Recovered {
  rings: Ring[];
  setAside: number;
}

/** A ring that cannot be read is renamed, never overwritten or removed: somebody may still make sense of it. */
export function findLeftRings(
  binding: RingBinding,
  folder: Folder,
  directory: string,
  bootIdHex: string,
  tell: Tell,
): Recovered {
  const recovered: Recovered = { rings: [], setAside: 0 };
  let names: string[];
  try {
    names = folder.readdirSync(directory);
  } catch (error) {
    tell('error', `cannot look for log rings of an earlier run in ${directory}: ${(error as Error).message}`);
    return recovered;
  }
  for (const name of names.sort()) {
    if (!name.startsWith(ringFilePrefix)) continue;
    const path = join(directory, name);
    try {
      if (name.endsWith(ringFileSuffix)) take(path, binding, folder, bootIdHex, recovered, tell);
      // One that was never finished. A worker of ours may be making its own just now: our boot id is in its name.
      else if (name.endsWith(ringTemporarySuffix) && !name.includes(bootIdHex)) folder.unlinkSync(path);
    } catch (error) {
      tell(
        'error',
        `cannot take over the log ring ${path}: ${(error as Error).message}; it is left for the next start`,
      );
    }
  }
  return recovered;
}

function take(
  path: string,
  binding: RingBinding,
  folder: Folder,
  bootIdHex: string,
  recovered: Recovered,
  tell: Tell,
): void {
  const opened = Ring.open(binding, path);
  if (opened.found === 'ring') {
    if (opened.ring.bootIdHex === bootIdHex) opened.ring.close();
    else recovered.rings.push(opened.ring);
    return;
  }
  if (opened.found === 'blank') {
    folder.unlinkSync(path);
    return;
  }
  const aside = `${path}.unknown`;
  folder.renameSync(path, aside);
  recovered.setAside += 1;
  const why = opened.found === 'unknown' ? 'is of another version of Parapet' : 'contradicts itself';
  tell(
    'error',
    `the log ring ${path} ${why}: its records cannot be delivered, and it was renamed to ${aside}`,
  );
}

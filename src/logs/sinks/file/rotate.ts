/** Gives the file the name of a rotated one, begins a new one, and removes those that are too many. */
import { dirname, join } from 'node:path';
import type { SinkPorts } from '../sink.ts';
import type { FileSystem } from './file-system.ts';
import { rotatedName, rotatedNames } from './request.ts';
import type { OutputFile } from './send.ts';

interface RotatePorts extends SinkPorts {
  fs: FileSystem;
}

/**
 * All that was written stays in the renamed file, and what comes is written to the new one. If the process ends between
 * the two, the next `open` finds the renamed file by its identity.
 */
export async function setAside(file: OutputFile, { fs, nowMs }: RotatePorts): Promise<void> {
  const folder = dirname(file.path);
  let atMs = nowMs();
  // A second one in the same millisecond gets the next.
  while (fs.statSync(join(folder, rotatedName(file.path, atMs))) !== undefined) atMs += 1;
  await fs.rename(file.path, join(folder, rotatedName(file.path, atMs)));
  await file.open();
}

/** `keep`: 0 keeps all. That one could not be removed is told, and stops nothing. */
export async function removeOld(file: OutputFile, keep: number, { fs, tell }: RotatePorts): Promise<void> {
  if (keep === 0) return;
  const folder = dirname(file.path);
  try {
    const names = rotatedNames(file.path, await fs.readdir(folder));
    for (const name of names.slice(0, Math.max(0, names.length - keep))) await fs.unlink(join(folder, name));
  } catch (error) {
    tell('error', `an old file beside ${file.path} cannot be removed: ${(error as Error).message}`);
  }
}

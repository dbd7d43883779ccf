/** `logs.directory`: made, locked for this process, and given to the user that the process will run as. */
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Binding } from '../engine/native/binding.ts';
import type { Account } from './account.ts';

export type Locked =
  | { kind: 'held' }
  | { kind: 'taken'; holder: string }
  | { kind: 'unusable'; message: string };

/**
 * Makes a folder and those above it, one at a time: the recursive form of Node tries for ever where a folder exists
 * and takes no new names (a config that is read from `/dev/fd/63` has its logs in such a one).
 */
function makeFolders(folder: string, mode: number): void {
  if (existsSync(folder)) return;
  // Folders above it are for others too; this one has the token.
  makeFolders(dirname(folder), 0o755);
  mkdirSync(folder, { mode });
}

/** A folder that cannot be used stops no traffic: the caller tells it, and records are lost and counted. */
export function lockFolder(binding: Pick<Binding, 'lockFile'>, folder: string, self: string): Locked {
  try {
    makeFolders(folder, 0o750);
    const lock = binding.lockFile(join(folder, 'lock'), self);
    return lock.held ? { kind: 'held' } : { kind: 'taken', holder: lock.holder.trim() };
  } catch (error) {
    return { kind: 'unusable', message: (error as Error).message };
  }
}

/** What the process has made so far as root, and what an earlier one left, goes to the account. */
export function giveFolder(folder: string, { uid, gid }: Account): void {
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile() || entry.isSocket()) chownSync(join(folder, entry.name), uid, gid);
  }
}

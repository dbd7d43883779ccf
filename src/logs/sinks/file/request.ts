/**
 * What has to be written where, decided from bytes and names alone: marks, the names of rotated files, when to rotate, and
 * how much of a file's end is a line that was never finished.
 */
import type { Stats } from 'node:fs';
import { basename } from 'node:path';
import type { RotateConfig } from './config.ts';

const newline = 0x0a;
const openBrace = 0x7b;
const msPerSecond = 1000;

/** Bytes at the end of a file that are looked at for the end of its last whole line. */
export const tailBytesMax = 1024 * 1024;

/**
 * What to do with the end of a file before lines are appended to it: `truncate` takes the given bytes off, `separate`
 * ends a line that is not ours to remove.
 */
export type TailRepair = { kind: 'none' } | { kind: 'truncate'; bytes: number } | { kind: 'separate' };

/** `tail` is the end of the file, all of it where `isWholeFile`. A record that was cut begins with "{" on its own line. */
export function repairOfTail(tail: Uint8Array, isWholeFile: boolean): TailRepair {
  if (tail.length === 0 || tail[tail.length - 1] === newline) return { kind: 'none' };
  const lastNewline = tail.lastIndexOf(newline);
  const isStartKnown = lastNewline !== -1 || isWholeFile;
  if (!isStartKnown || tail[lastNewline + 1] !== openBrace) return { kind: 'separate' };
  return { kind: 'truncate', bytes: tail.length - lastNewline - 1 };
}

/** A file by what stays when it is renamed. The number of an inode is used again, so the time of its birth belongs to it. */
export interface Identity {
  inode: number;
  /** Milliseconds since 1970; 0 where the file system does not tell it. */
  bornMs: number;
}

/** Where a file's accepted bytes end. */
export interface Mark extends Identity {
  length: number;
}

export function identityOf({ ino, birthtimeMs }: Stats): Identity {
  return { inode: ino, bornMs: Math.trunc(birthtimeMs) };
}

export function isSameFile(a: Identity, b: Identity): boolean {
  return a.inode === b.inode && (a.bornMs === b.bornMs || a.bornMs === 0 || b.bornMs === 0);
}

export function formatMark({ inode, bornMs, length }: Mark): string {
  return `file ${inode} ${bornMs} ${length}`;
}

/** Null: the text is no mark of a file. */
export function parseMark(text: string | null): Mark | null {
  const match = /^file ([0-9]+) ([0-9]+) ([0-9]+)$/.exec(text ?? '');
  if (match === null) return null;
  return { inode: Number(match[1]), bornMs: Number(match[2]), length: Number(match[3]) };
}

function nameParts(path: string): { stem: string; extension: string } {
  const name = basename(path);
  const dot = name.indexOf('.', 1);
  const end = dot === -1 ? name.length : dot;
  return { stem: name.slice(0, end), extension: name.slice(end) };
}

/** Name of the file once it is rotated. Names sort by time. */
export function rotatedName(path: string, nowMs: number): string {
  const { stem, extension } = nameParts(path);
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, '');
  return `${stem}.${time}${extension}`;
}

/** Of the names in a folder, those that this file was given when it was rotated; the oldest comes first. */
export function rotatedNames(path: string, names: readonly string[]): string[] {
  const { stem, extension } = nameParts(path);
  const timed = /^\.[0-9]{8}T[0-9]{6}\.[0-9]{3}Z$/;
  const isRotated = (name: string): boolean =>
    name.length > stem.length + extension.length &&
    name.startsWith(`${stem}.`) &&
    name.endsWith(extension) &&
    timed.test(name.slice(stem.length, name.length - extension.length));
  return names.filter(isRotated).sort();
}

/** Whether the file is to be renamed before `bytes` more are written to it. */
export function isRotationDue(
  { max_bytes, max_age }: RotateConfig,
  file: { length: number; beganMs: number },
  bytes: number,
  nowMs: number,
): boolean {
  if (file.length === 0) return false;
  if (max_bytes > 0 && file.length + bytes > max_bytes) return true;
  return max_age > 0 && nowMs - file.beganMs >= max_age * msPerSecond;
}

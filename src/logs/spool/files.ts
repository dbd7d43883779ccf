/** The part of node:fs that the spool uses; tests hand in one that fails. */
export interface SpoolFiles {
  mkdirSync(path: string, options: { recursive: true; mode: number }): unknown;
  readdirSync(path: string): string[];
  openSync(path: string, flags: string, mode?: number): number;
  closeSync(fd: number): void;
  fstatSync(fd: number): { size: number };
  statSync(path: string): { size: number };
  readSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  ftruncateSync(fd: number, length: number): void;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
}

export const fileMode = 0o640;
export const folderMode = 0o750;

/** What the system refuses now, and may grant later: it says nothing of what the file holds. */
export function isPassing(error: unknown): boolean {
  return passingCodes.has((error as NodeJS.ErrnoException).code ?? '');
}

const passingCodes = new Set(['EACCES', 'EAGAIN', 'EINTR', 'EMFILE', 'ENFILE', 'ENOMEM', 'EPERM']);

/** Writes all of it, however little the system takes at a time. Throws what the system says. */
export function writeAll(
  files: SpoolFiles,
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): void {
  let written = 0;
  while (written < length) {
    const count = files.writeSync(fd, bytes, written, length - written, position + written);
    if (count === 0) throw Object.assign(new Error('nothing could be written'), { code: 'EIO' });
    written += count;
  }
}

/** Reads until `length` or the end of the file. Returns how much. */
export function readUpTo(
  files: SpoolFiles,
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): number {
  let got = 0;
  while (got < length) {
    const count = files.readSync(fd, bytes, got, length - got, position + got);
    if (count === 0) break;
    got += count;
  }
  return got;
}

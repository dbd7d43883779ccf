/**
 * The files that a config names. What was read is remembered and handed to a process that is started again after a crash:
 * it gets what was in force, not what is half edited by then.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export class FileError extends Error {}

/** Reads a regular file of at most `bytesMax` bytes. Throws a FileError in an operator's words. */
function readRegular(path: string, bytesMax: number): Uint8Array {
  // A FIFO that nobody writes to must not hold the process.
  const fd = openSync(path, 0o4000);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new FileError('it is no regular file');
    if (stat.size > bytesMax)
      throw new FileError(`it has ${stat.size} bytes, at most ${bytesMax} are allowed`);
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

export class ConfigFiles {
  /** Everything that was read, by absolute path. */
  readonly contents: Map<string, Uint8Array>;

  /** @param given contents that stand in for the files of the same paths */
  constructor(given: Iterable<readonly [path: string, bytes: Uint8Array]> = []) {
    this.contents = new Map(given);
  }

  /** Throws a FileError that completes "PATH cannot be used: ". */
  read(path: string, bytesMax: number): Uint8Array {
    const known = this.contents.get(path);
    if (known !== undefined) return known;
    try {
      const bytes = readRegular(path, bytesMax);
      this.contents.set(path, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof FileError) throw error;
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new FileError(words[code] ?? message, { cause: error });
    }
  }
}

/**
 * The files that a config names. What was read is remembered and handed to a process that is started again after a crash:
 * it gets what was in force, not what is half edited by then.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export class FileError extends Error {}

/**
 * Reads a regular file of at most `bytesMax` bytes. Throws a FileError in an operator's words.
 *
 * @param make memory of a size for it
 */
function readRegular(path: string, bytesMax: number, make: (size: number) => Buffer): Buffer {
  // A FIFO that nobody writes to must not hold the process.
  const fd = openSync(path, 0o4000);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new FileError('it is no regular file');
    if (stat.size > bytesMax)
      throw new FileError(`it has ${stat.size} bytes, at most ${bytesMax} are allowed`);
    const bytes = make(stat.size);
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

function asFileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new FileError(words[code] ?? message, { cause: error });
}

export class ConfigFiles {
  /** Everything that was read, by absolute path. */
  readonly contents: Map<string, Uint8Array>;

  /** The config has been in force: what is not remembered of it may be gone by now. */
  readonly wereInForce: boolean;

  /** @param given contents that stand in for the files of the same paths */
  constructor(
    given: Iterable<readonly [path: string, bytes: Uint8Array]> = [],
    { wereInForce = false }: { wereInForce?: boolean } = {},
  ) {
    this.contents = new Map(given);
    this.wereInForce = wereInForce;
  }

  /** Throws a FileError that completes "PATH cannot be used: ". */
  read(path: string, bytesMax: number): Uint8Array {
    const known = this.contents.get(path);
    if (known !== undefined) return known;
    try {
      const bytes = readRegular(path, bytesMax, (size) => Buffer.alloc(size));
      this.contents.set(path, bytes);
      return bytes;
    } catch (error) {
      throw asFileError(error);
    }
  }

  /**
   * A file that is too large to be remembered and handed on: into memory that threads may share, anew each time. Throws
   * like `read`.
   */
  readShared(path: string, bytesMax: number): SharedArrayBuffer {
    try {
      const { buffer, length } = readRegular(path, bytesMax, (size) =>
        Buffer.from(new SharedArrayBuffer(size)),
      );
      if (length < buffer.byteLength) throw new FileError('it became shorter while it was read');
      return buffer as unknown as SharedArrayBuffer;
    } catch (error) {
      throw asFileError(error);
    }
  }
}

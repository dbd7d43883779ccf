/**
 * The open file. After a batch that failed, it holds nothing of it: what was written before the failure is cut off again,
 * so that it can be sent anew without a torn or a doubled line.
 *
 * A regular file is written on the calling thread: the bytes are still in the caches of its core, and handing them to
 * another thread costs more than the write (measured: 0.26 against 0.45 us for each record of 780 bytes).
 */
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import type { FileSystem } from './file-system.ts';
import { type Identity, identityOf, isSameFile, type Mark, repairOfTail, tailBytesMax } from './request.ts';

const fileMode = 0o640;
const folderMode = 0o750;
const lineEnd = Uint8Array.of(0x0a);

/** What a look at the path has found. */
export type Look = 'same' | 'moved' | 'removed';

export class OutputFile {
  readonly path: string;
  readonly #fs: FileSystem;
  #fd = -1;
  #isRegular = false;
  /** Bytes of a failed batch may be behind `#length`. */
  #isTorn = false;
  #identity: Identity | null = null;
  #length = 0;
  #beganMs = 0;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.path = path;
  }

  get isOpen(): boolean {
    return this.#fd !== -1;
  }

  get isRegular(): boolean {
    return this.#isRegular;
  }

  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** Bytes of accepted batches, and of whatever was there before them. */
  get length(): number {
    return this.#length;
  }

  /** When its first bytes were written, milliseconds since 1970. */
  get beganMs(): number {
    return this.#beganMs;
  }

  /** Null for what is no regular file. */
  get mark(): Mark | null {
    return this.#identity === null || !this.#isRegular ? null : { ...this.#identity, length: this.#length };
  }

  /** Opens the path, and makes it where it is not there. */
  async open(): Promise<void> {
    await this.close();
    const fd = await this.#openPath();
    try {
      const stats = await this.#fs.fstat(fd);
      const identity = identityOf(stats);
      const isKnown = this.#identity !== null && isSameFile(identity, this.#identity);
      this.#isRegular = stats.isFile();
      // What a failed batch left behind the known end of this very file is still to be cut off.
      if (!isKnown || !this.#isTorn || stats.size < this.#length) {
        this.#isTorn = false;
        this.#length = stats.size;
      }
      this.#identity = identity;
      this.#beganMs = stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs;
      this.#fd = fd;
    } catch (error) {
      await this.#fs.close(fd);
      throw error;
    }
  }

  async #openPath(): Promise<number> {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
    try {
      return await this.#fs.open(this.path, flags, fileMode);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await makeFolder(this.#fs, dirname(this.path));
    return await this.#fs.open(this.path, flags, fileMode);
  }

  /** Ends or cuts off a last line that is not whole: a process that was killed while it wrote has left it. */
  async repairEnd(): Promise<void> {
    if (!this.#isRegular || this.#length === 0) return;
    const tail = new Uint8Array(Math.min(this.#length, tailBytesMax));
    const count = await this.#fs.read(this.#fd, tail, this.#length - tail.length);
    const repair = repairOfTail(tail.subarray(0, count), count === this.#length);
    if (repair.kind === 'truncate') {
      await this.cutTo(this.#length - repair.bytes);
    } else if (repair.kind === 'separate') {
      await this.#fs.write(this.#fd, lineEnd);
      this.#length += 1;
    }
  }

  async cutTo(length: number): Promise<void> {
    await this.#fs.ftruncate(this.#fd, length);
    this.#length = length;
    this.#isTorn = false;
  }

  /** Cuts off what a failed batch has left. */
  async cutBack(): Promise<void> {
    if (this.#isTorn) await this.cutTo(this.#length);
  }

  /** Looks whether the path still names this file, and how long it is: two microseconds. Where it cannot be seen, it does. */
  look(): Look {
    if (!this.#isRegular || this.#identity === null) return 'same';
    try {
      const stats = this.#fs.statSync(this.path);
      if (stats !== undefined && isSameFile(identityOf(stats), this.#identity)) {
        if (!this.#isTorn) this.#length = stats.size;
        return 'same';
      }
      return this.#fs.fstatSync(this.#fd).nlink === 0 ? 'removed' : 'moved';
    } catch {
      return 'same';
    }
  }

  /** Writes to a regular file. Throws what the system says; then the file is torn. */
  writeHere(bytes: Uint8Array, nowMs: number): void {
    const isFirst = this.#length === 0;
    this.#isTorn = true;
    let written = 0;
    while (written < bytes.length) {
      const count = this.#fs.writeSync(this.#fd, bytes.subarray(written));
      if (count === 0) throw Object.assign(new Error('nothing could be written'), { code: 'EIO' });
      written += count;
    }
    this.#isTorn = false;
    this.#length += written;
    if (isFirst) this.#beganMs = nowMs;
  }

  /** Writes to a pipe or a device. What has gone down one cannot be taken back. */
  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const count = await this.#fs.write(this.#fd, bytes.subarray(written));
      if (count === 0) throw Object.assign(new Error('nothing could be written'), { code: 'EIO' });
      written += count;
    }
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd !== -1) await this.#fs.close(fd);
  }
}

/**
 * One folder at a time: the recursive form of Node tries for ever where a folder exists and takes no new names (a config
 * that is read from `/dev/fd/63` has its logs in such a one).
 */
async function makeFolder(fs: FileSystem, folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, folderMode);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder || fs.statSync(folder) !== undefined) throw error;
  }
  await makeFolder(fs, dirname(folder));
  await fs.mkdir(folder, folderMode);
}

/** The destination `file`: NDJSON appended to a file, which may be compressed, and rotated. */
import { type Compression, compressed } from '../compress.ts';
import type { Batch, Done, Sink, SinkFailure, SinkPorts } from '../sink.ts';
import type { FileDestination, RotateConfig } from './config.ts';
import { type FileSystem, systemFiles } from './file-system.ts';
import { makeWhole, type RecoverPorts, recover } from './recover.ts';
import { formatMark, isRotationDue, isSameFile, parseMark } from './request.ts';
import { removeOld, setAside } from './rotate.ts';
import { OutputFile } from './send.ts';

export type { FileSystem } from './file-system.ts';
export { systemFiles } from './file-system.ts';

/**
 * For whoever moved the file away to say so (SIGUSR1): until then, and for so long at most, it is written where it went.
 * A file that was removed is replaced at once.
 */
const movedMsMax = 2000;

export class FileSink implements Sink {
  readonly description: string;
  readonly #file: OutputFile;
  readonly #compression: Compression;
  readonly #rotate: RotateConfig;
  readonly #ports: RecoverPorts;
  /** Its end is the end of all that was asked for so far. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Something failed: the path is opened anew before the next batch. */
  #isStale = false;
  /** When the path was first seen to name another file, 0: it does not. */
  #movedSinceMs = 0;

  constructor(
    { path, compression, rotate }: FileDestination,
    ports: SinkPorts,
    fs: FileSystem = systemFiles,
  ) {
    this.description = `file ${path}`;
    this.#file = new OutputFile(fs, path);
    this.#compression = compression;
    this.#rotate = rotate;
    this.#ports = { tell: ports.tell, nowMs: ports.nowMs, fs, compression };
  }

  open(mark: string | null, done: Done): void {
    this.#then(
      () => recover(this.#file, parseMark(mark), this.#ports),
      (failure) => (failure === null ? done(null, this.#mark()) : done(failure)),
    );
  }

  send({ bytes }: Batch, done: Done): void {
    if (!this.#isReadyFor(bytes.length)) {
      this.#then(() => this.#deliver(bytes), this.#answered(done));
      return;
    }
    try {
      this.#file.writeHere(bytes, this.#ports.nowMs());
    } catch (error) {
      this.#then(() => this.#takeBack(error), this.#answered(done));
      return;
    }
    done(null, this.#mark());
  }

  reopen(): void {
    this.#then(
      () => this.#openAnew(),
      (failure) => {
        // The next batch tries again, and tells it.
        if (failure !== null) this.#isStale = true;
      },
    );
  }

  close(done: () => void): void {
    this.#then(
      () => this.#file.close(),
      () => done(),
    );
  }

  #mark(): string | undefined {
    const { mark } = this.#file;
    return mark === null ? undefined : formatMark(mark);
  }

  #answered(done: Done): Done {
    return (failure) => {
      if (failure === null) {
        done(null, this.#mark());
        return;
      }
      // What failed may have been moved or removed since: the next attempt looks at the path again.
      this.#isStale = true;
      done(failure);
    };
  }

  /** Does one thing after the other. */
  #then(work: () => Promise<void>, done: Done): void {
    this.#waiting += 1;
    this.#work = this.#run(this.#work, work, done);
  }

  async #run(before: Promise<void>, work: () => Promise<void>, done: Done): Promise<void> {
    await before;
    let failure: SinkFailure | null = null;
    try {
      await work();
    } catch (error) {
      failure = failureOf(error as NodeJS.ErrnoException);
    }
    this.#waiting -= 1;
    done(failure);
  }

  /** The common case, in which nothing has to be waited for. */
  #isReadyFor(bytes: number): boolean {
    const file = this.#file;
    if (this.#compression !== 'none' || this.#waiting > 0 || this.#isStale) return false;
    if (!file.isOpen || !file.isRegular || file.isTorn) return false;
    return !this.#mustOpenAnew() && !this.#mustRotate(bytes);
  }

  #mustOpenAnew(): boolean {
    if (this.#isStale || !this.#file.isOpen) return true;
    const look = this.#file.look();
    if (look === 'same') {
      this.#movedSinceMs = 0;
      return false;
    }
    if (look === 'removed') return true;
    const nowMs = this.#ports.nowMs();
    if (this.#movedSinceMs === 0) this.#movedSinceMs = nowMs;
    return nowMs - this.#movedSinceMs >= movedMsMax;
  }

  #mustRotate(bytes: number): boolean {
    const file = this.#file;
    if (!file.isRegular || this.#movedSinceMs !== 0) return false;
    return isRotationDue(this.#rotate, file, bytes, this.#ports.nowMs());
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    const lines = await compressed(this.#compression, bytes);
    const file = this.#file;
    if (this.#mustOpenAnew()) {
      if (file.isOpen && !this.#isStale)
        this.#ports.tell('info', `${file.path} was removed or moved away: records go on in a new one`);
      await this.#openAnew();
    }
    await file.cutBack();
    if (this.#mustRotate(lines.length)) {
      await setAside(file, this.#ports);
      await removeOld(file, this.#rotate.keep, this.#ports);
    }
    if (!file.isRegular) return await file.write(lines);
    try {
      file.writeHere(lines, this.#ports.nowMs());
    } catch (error) {
      await this.#takeBack(error);
    }
  }

  async #takeBack(error: unknown): Promise<void> {
    try {
      await this.#file.cutBack();
    } catch {
      // It stays torn, and is cut before the next batch.
    }
    throw error;
  }

  async #openAnew(): Promise<void> {
    const before = this.#file.mark;
    this.#isStale = false;
    this.#movedSinceMs = 0;
    await this.#file.open();
    const now = this.#file.mark;
    if (before !== null && now !== null && isSameFile(before, now)) await this.#file.cutBack();
    else await makeWhole(this.#file, this.#ports);
  }
}

function failureOf({ code, message }: NodeJS.ErrnoException): SinkFailure {
  return { code: code ?? 'EUNKNOWN', message };
}

/** The destination `file`: NDJSON appended to a file. */
import fs from 'node:fs';
import type { Batch, OpenDone, SendDone, Sink } from '../sink.ts';
import type { FileDestination } from './config.ts';
import { Appender, type FileSystem } from './send.ts';

export type { FileSystem } from './send.ts';

export class FileSink implements Sink {
  readonly description: string;
  readonly #appender: Appender;

  constructor({ path }: FileDestination, fileSystem: FileSystem = fs) {
    this.description = `file ${path}`;
    this.#appender = new Appender(fileSystem, path);
  }

  open(_mark: string | null, done: OpenDone): void {
    this.#appender.open(done);
  }

  send({ bytes }: Batch, done: SendDone): void {
    this.#appender.append(bytes, done);
  }

  reopen(): void {
    this.#appender.reopen();
  }

  close(done: () => void): void {
    this.#appender.close();
    done();
  }
}

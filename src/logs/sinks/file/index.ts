/** The destination `file`: NDJSON appended to a file. */
import fs from 'node:fs';
import type { Batch, Sink } from '../sink.ts';
import type { FileDestination } from './config.ts';
import { Appender, type FileSystem, type SendDone } from './send.ts';

export type { FileSystem } from './send.ts';

export class FileSink implements Sink {
  readonly description: string;
  readonly #appender: Appender;

  constructor({ path }: FileDestination, fileSystem: FileSystem = fs) {
    this.description = `file ${path}`;
    this.#appender = new Appender(fileSystem, path);
  }

  send({ bytes }: Batch, done: SendDone): void {
    this.#appender.append(bytes, done);
  }

  reopen(): void {
    this.#appender.reopen();
  }

  close(): void {
    this.#appender.close();
  }
}

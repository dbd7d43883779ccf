/** The destination `http`: each batch is one POST. */
import { readFile } from 'node:fs/promises';
import { compressed } from '../compress.ts';
import type { Batch, Done, Sink, SinkFailure, SinkPorts } from '../sink.ts';
import type { HttpDestination } from './config.ts';
import { failureOfAnswer, failureOfError, requestFields } from './request.ts';
import { Connection } from './send.ts';

export class HttpSink implements Sink {
  readonly description: string;
  readonly #destination: HttpDestination;
  readonly #ports: SinkPorts;
  #connection: Connection | null = null;
  /** Fields of every request, values from files included. */
  #fields: Record<string, string> = {};
  /** The files of fields are to be read again. */
  #isStale = true;
  #underWay: Promise<void> = Promise.resolve();

  constructor(destination: HttpDestination, ports: SinkPorts) {
    const { origin, pathname } = new URL(destination.url);
    // A query may hold a secret.
    this.description = `${origin}${pathname}`;
    this.#destination = destination;
    this.#ports = ports;
  }

  open(_mark: string | null, done: Done): void {
    this.#underWay = this.#run(async () => {
      await this.#prepare();
      return null;
    }, done);
  }

  send(batch: Batch, done: Done): void {
    this.#underWay = this.#run(() => this.#deliver(batch), done);
  }

  reopen(): void {
    this.#isStale = true;
  }

  close(done: () => void): void {
    void this.#end(done);
  }

  async #end(done: () => void): Promise<void> {
    await this.#connection?.close();
    await this.#underWay;
    done();
  }

  async #run(work: () => Promise<SinkFailure | null>, done: Done): Promise<void> {
    let failure: SinkFailure | null;
    try {
      failure = await work();
    } catch (error) {
      failure = failureOfError(error);
    }
    done(failure);
  }

  async #prepare(): Promise<Connection> {
    if (this.#isStale) {
      this.#fields = await readFields(this.#destination);
      this.#isStale = false;
    }
    this.#connection ??= await Connection.prepare(this.#destination);
    return this.#connection;
  }

  async #deliver(batch: Batch): Promise<SinkFailure | null> {
    const { compression } = this.#destination;
    const connection = await this.#prepare();
    const body = await compressed(compression, batch.bytes);
    const answer = await connection.post(requestFields(batch, compression, this.#fields), body);
    return failureOfAnswer(answer, Object.values(this.#fields), this.#ports.nowMs());
  }
}

async function readFields({ headers, header_files }: HttpDestination): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) fields[name.toLowerCase()] = value;
  for (const [name, path] of Object.entries(header_files)) {
    const [line = ''] = (await readFile(path, 'utf8')).split('\n');
    fields[name.toLowerCase()] = line.trim();
  }
  return fields;
}

/** A shipper with hand-driven time and sinks that a test answers for. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadRingBinding } from '../../src/engine/native/ring-binding.ts';
import type { JobConfig } from '../../src/logs/config.ts';
import type { Batch, Done, Sink, SinkFailure, SpoolFiles, SpoolLimits } from '../../src/logs/index.ts';
import type { FromShipper, JobStats, ShipperStats, ToShipper } from '../../src/shipper/protocol.ts';
import { Shipper } from '../../src/shipper/shipper.ts';
import { HandClock } from '../support/hand-clock.ts';
import { RingFile, type RingFileOptions } from '../support/ring-file.ts';
import { temporaryFolder } from '../support/temp.ts';

export interface Line {
  RayID: string;
  Sequence: number;
  WorkerIndex: number;
  Outcome: string;
  Reason: string;
  LostRecords: number;
}

const fieldNames = ['RayID', 'Sequence', 'WorkerIndex', 'Outcome', 'Reason', 'LostRecords'];

export function jobConfig(name: string, batch: Partial<JobConfig['batch']> = {}): JobConfig {
  return {
    name,
    dataset: 'http_requests',
    destination: {
      type: 'file',
      path: `/not-used/${name}`,
      rotate: { max_bytes: 0, max_age: 0, keep: 0 },
      compression: 'none',
    },
    output: { timestamp_format: 'unixnano', field_names: fieldNames },
    batch: { max_bytes: 4096, max_records: 1000, max_interval: 0.1, ...batch },
  };
}

export class TestSink implements Sink {
  readonly description = 'the sink of a test';
  /** Marks that it was opened with. */
  readonly opened: (string | null)[] = [];
  /** Ids and texts of all attempts. */
  readonly ids: string[] = [];
  readonly sent: string[] = [];
  readonly acceptedIds: string[] = [];
  readonly lines: Line[] = [];
  /** Text of the batches that were accepted. */
  readonly batches: string[] = [];
  attempts = 0;
  reopened = 0;
  isClosed = false;
  /** What to answer: null accepts, undefined leaves it to `answer`. */
  reply: SinkFailure | null | undefined = null;
  #pending: { text: string; done: Done } | undefined;

  open(mark: string | null, done: Done): void {
    this.opened.push(mark);
    done(null, mark ?? 'mark 0');
  }

  send({ bytes, id }: Batch, done: Done): void {
    this.ids.push(id);
    this.sent.push(Buffer.from(bytes).toString());
    if (this.#pending !== undefined) throw new Error('a second batch before the first was answered');
    this.attempts += 1;
    this.#pending = { text: Buffer.from(bytes).toString(), done };
    const { reply } = this;
    if (reply !== undefined) queueMicrotask(() => this.answer(reply));
  }

  get isWaiting(): boolean {
    return this.#pending !== undefined;
  }

  answer(failure: SinkFailure | null): void {
    const pending = this.#pending;
    if (pending === undefined) throw new Error('there is nothing to answer');
    this.#pending = undefined;
    if (failure === null) {
      this.batches.push(pending.text);
      this.acceptedIds.push(this.ids.at(-1) as string);
      for (const line of pending.text.trimEnd().split('\n')) this.lines.push(JSON.parse(line) as Line);
    }
    if (failure === null) pending.done(null, `mark ${this.batches.length}`);
    else pending.done(failure);
  }

  reopen(): void {
    this.reopened += 1;
  }

  close(done: () => void): void {
    this.isClosed = true;
    done();
  }

  get rays(): number[] {
    return this.lines.flatMap(({ RayID }) => (RayID === '' ? [] : [Number.parseInt(RayID, 16)]));
  }
}

export const full: SinkFailure = { code: 'ENOSPC', message: 'no space left on device' };

export interface HarnessOptions {
  /** That of a process before, which it is the next after. */
  folder?: string;
  files?: Partial<SpoolFiles>;
  spool?: SpoolLimits;
}

export const roomy: SpoolLimits = { bytesMax: 64 * 1024 * 1024, segmentBytes: 1024 * 1024 };

let rings = 0;

export class Harness {
  readonly clock = new HandClock();
  readonly posted: FromShipper[] = [];
  readonly folder: string;
  readonly shipper: Shipper;
  /** All sinks made for a job, the latest last. */
  readonly sinks = new Map<string, TestSink[]>();
  readonly spool: SpoolLimits;
  readonly #t: Test;

  constructor(t: Test, { folder, files, spool }: HarnessOptions = {}) {
    this.#t = t;
    this.folder = folder ?? temporaryFolder(t);
    this.spool = spool ?? roomy;
    this.shipper = new Shipper({
      binding: loadRingBinding(),
      clock: this.clock,
      random: () => 0.5,
      folder: fs,
      files: { ...fs, ...files },
      sinkOf: ({ name }) => {
        const sink = new TestSink();
        this.sinks.set(name, [...(this.sinks.get(name) ?? []), sink]);
        return sink;
      },
      post: (message) => this.posted.push(message),
    });
  }

  ring(options: RingFileOptions = {}): RingFile {
    rings += 1;
    const boot = (options.bootId ?? 1n).toString(16).padStart(16, '0');
    const file = new RingFile(join(this.folder, `ring-${boot}-${rings}.ring`), {
      ringId: rings,
      ...options,
    });
    this.#t.teardown(() => file.close());
    return file;
  }

  send(message: ToShipper): void {
    this.shipper.handle(message);
  }

  start(jobs: JobConfig[], rings: RingFile[] = []): void {
    const bootIdHex = '0000000000000001';
    this.send({
      type: 'start',
      directory: this.folder,
      bootIdHex,
      rings: rings.map(({ path }) => path),
      jobs,
      spool: this.spool,
    });
  }

  configure(jobs: JobConfig[]): void {
    this.send({ type: 'configure', jobs, spool: this.spool });
  }

  sink(name: string): TestSink {
    const sink = this.sinks.get(name)?.at(-1);
    if (sink === undefined) throw new Error(`job ${name} has no sink`);
    return sink;
  }

  /** Lets time pass in small steps, and sinks answer in between. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      this.clock.advance(5);
      await new Promise(setImmediate);
    }
  }

  get stats(): ShipperStats {
    return this.shipper.stats();
  }

  job(name: string): JobStats {
    const job = this.stats.jobs.find((each) => each.name === name);
    if (job === undefined) throw new Error(`there is no job ${name}`);
    return job;
  }

  notices(level: 'info' | 'error'): string[] {
    return this.posted.flatMap((message) =>
      message.type === 'notice' && message.level === level ? [message.text] : [],
    );
  }

  get drained() {
    return this.posted.find((message) => message.type === 'drained');
  }
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** What the law of conservation leaves over: 0. */
export function unaccounted({ emitted, delivered, filtered, sampled, dropped, inFlight }: JobStats): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return emitted - delivered - filtered - sampled - lost - inFlight;
}

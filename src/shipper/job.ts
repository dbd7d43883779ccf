/**
 * One delivery: takes lines from all rings into a batch, sends it, and sends it again until it is accepted. A batch is
 * never given up; what a job does not get to encode in time is counted, and the count is delivered when it goes on.
 */
import { reasons } from '../engine/contract.ts';
import type { RingBinding } from '../engine/native/ring-binding.ts';
import type { JobConfig } from '../logs/config.ts';
import {
  type Batch,
  type Encoding,
  encodeLossLine,
  type Loss,
  type Program,
  type Sink,
  type SinkFailure,
} from '../logs/index.ts';
import type { Notices } from './notices.ts';
import { retryAfter } from './pace.ts';
import type { JobStats } from './protocol.ts';
import type { Source } from './source.ts';

const msPerSecond = 1000;

/** Batches that one job may send before the others have their turn. */
const batchesPerTurnMax = 16;
/** There is more to do at once. */
const again = -1;

export interface JobPorts {
  binding: RingBinding;
  notices: Notices;
  /** From 0 to 1. */
  random(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** A batch has been accepted or refused: there may be more to do. */
  wake(): void;
}

export type JobCounts = Pick<JobStats, 'delivered' | 'dropped' | 'lost' | 'bytes' | 'batches' | 'failures'>;

export class Job {
  readonly config: JobConfig;
  /** Shared by all jobs of one name, so that a change of config resets nothing. */
  readonly counts: JobCounts;
  readonly #ports: JobPorts;
  readonly #sink: Sink;
  readonly #program: Program;
  readonly #out: Uint8Array;
  readonly #losses = new Map<Source, Loss>();
  readonly #touched = new Set<Source>();
  #offset = 0;
  #records = 0;
  #lost = 0;
  /** When the batch got its first line. */
  #beganMs = 0;
  /** The batch is complete, and stays as it is until it has been accepted. */
  #isClosed = false;
  #isSending = false;
  #isOpen = false;
  #failuresInRow = 0;
  #failingSinceMs = 0;
  #retryAtMs = 0;
  #lastError: string | null = null;
  #lastCompleteMs: number | null = null;
  /** The ring to begin with, so that none has to wait behind a busy one. */
  #turn = 0;

  constructor(config: JobConfig, program: Program, sink: Sink, counts: JobCounts, ports: JobPorts) {
    this.config = config;
    this.counts = counts;
    this.#ports = ports;
    this.#sink = sink;
    this.#program = program;
    this.#out = new Uint8Array(config.batch.max_bytes + program.lineBytesMax);
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  get isFailing(): boolean {
    return this.#failuresInRow > 0;
  }

  /** Nothing is in its hands. */
  get isEmpty(): boolean {
    return this.#offset === 0;
  }

  /** Takes what there is, and sends what is due. Returns the milliseconds until it has something to do by itself. */
  turn(sources: readonly Source[], nowMs: number, isUrgent: boolean): number {
    for (let batch = 0; batch < batchesPerTurnMax; batch++) {
      const waitMs = this.#step(sources, nowMs, isUrgent);
      if (waitMs !== again) return waitMs;
    }
    return 0;
  }

  #step(sources: readonly Source[], nowMs: number, isUrgent: boolean): number {
    if (this.#isSending) return Number.POSITIVE_INFINITY;
    if (!this.#isClosed) this.#fill(sources, nowMs);
    if (this.#offset === 0) {
      // Passing over frames of no interest, or over padding, needs no destination.
      this.#accept();
      return Number.POSITIVE_INFINITY;
    }
    const dueMs = this.#beganMs + this.config.batch.max_interval * msPerSecond;
    if (!this.#isClosed && !isUrgent && nowMs < dueMs) return dueMs - nowMs;
    if (nowMs < this.#retryAtMs) return this.#retryAtMs - nowMs;
    const wasFull = this.#isClosed;
    this.#send(nowMs);
    if (this.#isSending) return Number.POSITIVE_INFINITY;
    if (this.isFailing) return this.#retryAtMs - nowMs;
    return wasFull ? again : Number.POSITIVE_INFINITY;
  }

  #fill(sources: readonly Source[], nowMs: number): void {
    for (let index = 0; index < sources.length; index++) {
      const at = (this.#turn + index) % sources.length;
      const source = sources[at];
      if (source === undefined) break;
      const isAll = this.#take(source, nowMs);
      if (!isAll) {
        this.#isClosed = true;
        this.#turn = at + 1;
        return;
      }
    }
  }

  /** Encodes what a ring has. False: the batch is full. */
  #take(source: Source, nowMs: number): boolean {
    const { max_bytes: softLimit, max_records: recordsMax } = this.config.batch;
    const cursor = source.cursorOf(this);
    const isEnding = Number.isFinite(cursor.endPosition);
    if (cursor.position >= cursor.endPosition) return true;
    if (!this.#tellLoss(source, nowMs)) return false;
    const endPosition = isEnding ? cursor.endPosition : 0;
    const limits = { softLimit, recordsMax: recordsMax - this.#records, endPosition };
    if (limits.recordsMax <= 0) return false;
    const output = { program: this.#program.bytes, bytes: this.#out, offset: this.#offset };

    const frames = source.ring.encode(output, cursor.position, limits);
    cursor.position = frames.position;
    this.#add(source, frames, nowMs);
    if (!frames.isEnd) return false;
    if (!source.isSealed || isEnding) return true;

    output.offset = this.#offset;
    limits.recordsMax -= frames.records;
    const leftovers = source.ring.encodeLeftovers(output, cursor.leftover, limits);
    cursor.leftover = leftovers.position;
    this.#add(source, leftovers, nowMs);
    return leftovers.isEnd;
  }

  #add(source: Source, encoding: Encoding, nowMs: number): void {
    if (this.#offset === 0 && encoding.offset > 0) this.#beganMs = nowMs;
    this.#offset = encoding.offset;
    this.#records += encoding.records;
    this.#lost += encoding.lost;
    this.#touched.add(source);
    source.noteDamage(encoding.position, encoding.damagedBytes);
  }

  /** Puts the line of what this job missed of a ring before what comes next. False: the batch is full. */
  #tellLoss(source: Source, nowMs: number): boolean {
    const loss = this.#losses.get(source);
    if (loss === undefined) return true;
    if (this.#offset >= this.config.batch.max_bytes) return false;
    const { binding } = this.#ports;
    if (this.#offset === 0) this.#beganMs = nowMs;
    this.#offset = encodeLossLine(binding, loss, this.#program.bytes, this.#out, this.#offset);
    this.#losses.delete(source);
    return true;
  }

  #send(nowMs: number): void {
    this.#isClosed = true;
    this.#isSending = true;
    const answered = (failure: SinkFailure | null): void => {
      this.#isSending = false;
      if (failure === null) this.#delivered();
      else this.#refused(failure, nowMs);
      this.#ports.wake();
    };
    if (this.#isOpen) return this.#sink.send(this.#batch(), answered);
    this.#sink.open(null, (failure) => {
      if (failure !== null) return answered(failure);
      this.#isOpen = true;
      this.#sink.send(this.#batch(), answered);
    });
  }

  #batch(): Batch {
    const nowMs = this.#ports.wallMs();
    return {
      id: this.counts.batches.toString(16).padStart(32, '0'),
      job: this.config.name,
      bytes: this.#out.subarray(0, this.#offset),
      records: this.#records,
      firstMs: nowMs,
      lastMs: nowMs,
    };
  }

  #delivered(): void {
    const { counts } = this;
    counts.delivered += this.#records;
    counts.lost += this.#lost;
    counts.bytes += this.#offset;
    counts.batches += 1;
    this.#lastCompleteMs = this.#ports.wallMs();
    if (this.#failuresInRow > 0) {
      const seconds = Math.round((this.#lastCompleteMs - this.#failingSinceMs) / msPerSecond);
      this.#ports.notices.info(
        `job ${this.config.name} delivers to ${this.#sink.description} again after ${seconds} s`,
      );
      this.#ports.notices.settle(`job ${this.config.name}`);
    }
    this.#failuresInRow = 0;
    this.#lastError = null;
    this.#accept();
  }

  /** What is in the batch is the destination's now. */
  #accept(): void {
    for (const source of this.#touched) {
      const cursor = source.cursorOf(this);
      cursor.takenPosition = Math.max(cursor.takenPosition, cursor.position);
      cursor.takenLeftover = cursor.leftover;
    }
    this.#touched.clear();
    this.#offset = 0;
    this.#records = 0;
    this.#lost = 0;
    this.#isClosed = false;
  }

  #refused({ code, message }: SinkFailure, nowMs: number): void {
    if (this.#failuresInRow === 0) this.#failingSinceMs = this.#ports.wallMs();
    this.counts.failures += 1;
    this.#failuresInRow += 1;
    this.#retryAtMs = nowMs + retryAfter(this.#failuresInRow, this.#ports.random());
    this.#lastError = `${code}: ${message}`;
    this.#ports.notices.error(
      `job ${this.config.name}`,
      `job ${this.config.name} cannot deliver to ${this.#sink.description}: ${message}; records wait in the ring, and are dropped and counted once it is full`,
      this.#ports.wallMs(),
    );
  }

  /**
   * Gives up the oldest frames of a ring, up to the first at or behind `endPosition`, so that this job does not cost
   * another one. Returns how many records that costs. What is in the batch already is still delivered.
   */
  giveUp(source: Source, endPosition: number): number {
    const cursor = source.cursorOf(this);
    cursor.takenPosition = cursor.position;
    if (endPosition <= cursor.position) return 0;
    const { position, records, lost, firstSequence, lastSequence } = source.ring.count(
      cursor.position,
      endPosition,
    );
    cursor.position = position;
    cursor.takenPosition = position;
    if (records === 0) return 0;
    this.counts.dropped += records;
    this.counts.lost += lost;
    const nowMs = this.#ports.wallMs();
    const before = this.#losses.get(source);
    this.#losses.set(source, {
      firstSequence: before?.firstSequence ?? firstSequence,
      lastSequence,
      records: (before?.records ?? 0) + records + lost,
      sinceMs: before?.sinceMs ?? nowMs,
      untilMs: nowMs,
      workerIndex: source.ring.workerIndex,
      reason: reasons.indexOf('log_job_behind'),
    });
    return records;
  }

  /** Takes what is there now, and no more. */
  leave(sources: readonly Source[]): void {
    for (const source of sources) source.cursorOf(this).endPosition = source.ring.tail;
  }

  /** Takes no more: `next` goes on from here. What is in the batch is still delivered. */
  handOver(next: Job, sources: readonly Source[]): void {
    for (const source of sources) {
      const cursor = source.cursorOf(this);
      source.join(next, { position: cursor.position, leftover: cursor.leftover });
      cursor.endPosition = cursor.position;
    }
    for (const [source, loss] of this.#losses) next.#losses.set(source, loss);
    this.#losses.clear();
  }

  /** Gives up what is in the batch. */
  abandon(): void {
    this.counts.dropped += this.#records;
    this.#accept();
  }

  /** A ring is gone. */
  forget(source: Source): void {
    this.#losses.delete(source);
    this.#touched.delete(source);
  }

  reopen(): void {
    this.#sink.reopen();
  }

  close(): void {
    this.#sink.close(() => {});
  }

  stats(sources: readonly Source[], nowMs: number): JobStats {
    let lagBytes = 0;
    for (const source of sources) lagBytes += source.ring.tail - source.cursorOf(this).takenPosition;
    return {
      name: this.config.name,
      ...this.counts,
      isFailing: this.isFailing,
      lagBytes,
      lagMs: this.#offset === 0 ? 0 : Math.max(0, nowMs - this.#beganMs),
      lastError: this.#lastError,
      lastCompleteMs: this.#lastCompleteMs,
    };
  }
}

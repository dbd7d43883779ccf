/**
 * Moves frames from the rings into the spool, and keeps the spool within its bounds. A disk that takes nothing is a state,
 * not a fault: frames wait in their ring, whose writer drops and counts once it is full.
 */
import { blockHeaderBytes, type Spool, type SpoolFailure } from '../logs/index.ts';
import type { Job } from './job.ts';
import type { Notices } from './notices.ts';
import type { Source } from './source.ts';
import type { Tails } from './tail.ts';

/** How long the spool is left alone after a write that failed. */
const retryMsMin = 100;
const retryMsMax = 2_000;

const cause = 'spool';

export class Spooler {
  readonly #spool: Spool;
  readonly #notices: Notices;
  readonly #tails: Tails;
  #failuresInRow = 0;
  #retryAtMs = 0;
  #lastError: string | null = null;

  constructor(spool: Spool, notices: Notices, tails: Tails) {
    this.#spool = spool;
    this.#notices = notices;
    this.#tails = tails;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Milliseconds until the next attempt; 0: it works. */
  waitMs(nowMs: number): number {
    return this.#failuresInRow === 0 ? 0 : Math.max(0, this.#retryAtMs - nowMs);
  }

  /**
   * Moves at most one block of a ring. True: it moved one, and there may be more. With no job, nobody wants the records,
   * and their space is given back.
   */
  move(source: Source, jobs: readonly Job[], nowMs: number, wallMs: number): boolean {
    const isWanted = jobs.length > 0;
    if (isWanted && this.waitMs(nowMs) > 0) return false;
    const { buffer } = this.#spool;
    const found = source.take(buffer);
    if (found === undefined) return false;
    const { kind, taken } = found;
    const release = (): boolean => {
      if (!this.#tails.isIdle) this.#tails.see({ bytes: buffer, from: blockHeaderBytes, to: taken.offset });
      source.release(kind, taken);
      return true;
    };
    if (!isWanted) return release();
    const bodyBytes = taken.offset - blockHeaderBytes;
    while (this.#spool.isFull(bodyBytes)) this.#removeOldest(jobs, nowMs, wallMs);
    const { ringId, workerIndex } = source.ring;
    const failure = this.#spool.append({
      kind,
      bodyBytes,
      ringId,
      bootId: source.bootId,
      workerIndex,
      ringPosition: taken.position,
      firstSequence: taken.firstSequence,
      lastSequence: taken.lastSequence,
      records: taken.records,
      losses: taken.losses,
      lost: taken.lost,
      firstMs: taken.firstMs,
      lastMs: taken.lastMs,
    });
    if (failure !== null) {
      this.#failed(failure, nowMs, wallMs);
      return false;
    }
    this.#worked();
    return release();
  }

  /** The spool holds what it may: the jobs that need its oldest segment lose what is in it. */
  #removeOldest(jobs: readonly Job[], nowMs: number, wallMs: number): void {
    const { oldest } = this.#spool;
    if (oldest === null) return;
    for (const job of jobs) {
      const records = job.giveUp(oldest, nowMs);
      if (records === 0) continue;
      const text = `job ${job.config.name} is behind, and the spool is full: ${records} records dropped for it`;
      this.#notices.error(`behind ${job.config.name}`, text, wallMs);
    }
    this.#spool.removeOldest();
  }

  /** Removes the segments that every job is done with. */
  removeDone(jobs: readonly Job[]): void {
    const needed = jobs.reduce(
      (lowest, job) => Math.min(lowest, job.segmentNeeded),
      Number.POSITIVE_INFINITY,
    );
    if (this.#spool.oldest === null || this.#spool.oldest >= needed) return;
    // The cursors first: one that still pointed into a segment that is gone would take it for a loss.
    if (!jobs.every((job) => job.persist())) return;
    while (this.#spool.oldest !== null && this.#spool.oldest < needed) this.#spool.removeOldest();
  }

  #failed({ code, message }: SpoolFailure, nowMs: number, wallMs: number): void {
    this.#failuresInRow += 1;
    this.#retryAtMs = nowMs + Math.min(retryMsMax, retryMsMin * 2 ** Math.min(this.#failuresInRow - 1, 10));
    this.#lastError = `${code}: ${message}`;
    const what = code === 'ENOSPC' ? 'the disk of the spool is full' : 'the spool cannot be written';
    const text = `${what} (${message}): records wait in the rings, and are dropped and counted once those are full`;
    this.#notices.error(cause, text, wallMs);
  }

  #worked(): void {
    if (this.#failuresInRow === 0) return;
    this.#failuresInRow = 0;
    this.#lastError = null;
    this.#notices.info('the spool is written again');
    this.#notices.settle(cause);
  }
}

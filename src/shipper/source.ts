/**
 * A ring and how far each job has come in it. The head of the ring follows the job that is farthest behind: a frame is
 * given back to the writer once every job's destination has accepted its line.
 */
import type { Ring } from '../logs/index.ts';

/** How far one job has come in one ring: frames first, then, once the writer is gone, leftovers. */
export interface Cursor {
  /** Position of the next frame to encode. */
  position: number;
  /** Index of the next leftover to encode. */
  leftover: number;
  /** What the destination has accepted. */
  takenPosition: number;
  takenLeftover: number;
  /** The job leaves at this position; infinite: it stays. */
  endPosition: number;
}

/** Where a job begins in a ring. */
export type Start = Pick<Cursor, 'position' | 'leftover'>;

export class Source {
  readonly ring: Ring;
  readonly #cursors = new Map<object, Cursor>();
  #isSealed = false;
  #damagedBytes = 0;
  #damagedTo = 0;

  constructor(ring: Ring) {
    this.ring = ring;
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /** A job skipped bytes that made no sense, up to `position`; every job meets the same ones. */
  noteDamage(position: number, bytes: number): void {
    if (bytes === 0 || position <= this.#damagedTo) return;
    this.#damagedBytes += bytes;
    this.#damagedTo = position;
  }

  /** The writer is gone: what it was about to write is settled. Returns the exchanges that it left. */
  seal(): number {
    if (this.#isSealed) return 0;
    this.#isSealed = true;
    this.ring.seal();
    return this.ring.countLeftovers(0).records;
  }

  /** Everything that is in the ring, and what will come. */
  get start(): Start {
    return { position: this.ring.head, leftover: 0 };
  }

  /** Only what will come. */
  get end(): Start {
    return { position: this.ring.tail, leftover: this.#isSealed ? this.ring.slotCount + 1 : 0 };
  }

  /** A job begins here. */
  join(job: object, { position, leftover }: Start): void {
    this.#cursors.set(job, {
      position,
      leftover,
      takenPosition: position,
      takenLeftover: leftover,
      endPosition: Number.POSITIVE_INFINITY,
    });
  }

  leave(job: object): void {
    this.#cursors.delete(job);
  }

  cursorOf(job: object): Cursor {
    const cursor = this.#cursors.get(job);
    if (cursor === undefined) throw new Error('a job was asked for a ring that it has not joined');
    return cursor;
  }

  /** Everything that can be had for this job has been encoded, and accepted. */
  isTakenBy(job: object): boolean {
    const { leftover, takenPosition, takenLeftover, endPosition } = this.cursorOf(job);
    if (Number.isFinite(endPosition)) return takenPosition >= endPosition && takenLeftover >= leftover;
    return takenPosition >= this.ring.tail && (!this.#isSealed || takenLeftover > this.ring.slotCount);
  }

  /** The ring can be removed: its writer is gone, and every job has all of it. */
  isDone(): boolean {
    if (!this.#isSealed) return false;
    for (const job of this.#cursors.keys()) if (!this.isTakenBy(job)) return false;
    return true;
  }

  /**
   * The job that holds the ring back although another one is ahead of it, and how far ahead; undefined: there is none.
   */
  holder(): { job: object; aheadPosition: number } | undefined {
    let job: object | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    let aheadPosition = 0;
    for (const [each, { takenPosition }] of this.#cursors) {
      aheadPosition = Math.max(aheadPosition, takenPosition);
      if (takenPosition >= lowest) continue;
      lowest = takenPosition;
      job = each;
    }
    return job !== undefined && aheadPosition > lowest ? { job, aheadPosition } : undefined;
  }

  /** Gives the frames that every job has taken back to the writer; with no job, all of them. */
  release(): void {
    let lowest = this.ring.tail;
    for (const { takenPosition } of this.#cursors.values()) lowest = Math.min(lowest, takenPosition);
    if (lowest > this.ring.head) this.ring.advance(lowest);
  }
}

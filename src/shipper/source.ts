/** A ring that is read, and how far. What is in the spool is given back to the writer at once. */
import {
  type BlockKind,
  blockHeaderBytes,
  blockKind,
  type Ring,
  type Spool,
  type Taken,
} from '../logs/index.ts';

export class Source {
  readonly ring: Ring;
  readonly #bootId: bigint;
  #isSealed = false;
  #leftover = 0;
  #damagedBytes = 0;
  /** Exchanges that its writer left, and that became records. */
  #interrupted = 0;

  constructor(ring: Ring) {
    this.ring = ring;
    this.#bootId = BigInt(`0x${ring.bootIdHex}`);
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  get interrupted(): number {
    return this.#interrupted;
  }

  get bootId(): bigint {
    return this.#bootId;
  }

  /** What an earlier reader has put into the spool, and did not come to give back. */
  skipSpooled(spool: Spool): void {
    const last = spool.lastBlockOf(this.#bootId, this.ring.ringId);
    if (last === undefined) return;
    if (last.kind === blockKind.frames) this.ring.advance(last.ringPosition);
    else this.ring.freeLeftoversBefore(last.ringPosition, last.lastSequence + 1);
    this.ring.refresh();
  }

  /** The writer is gone: what it was about to write is settled. */
  seal(): void {
    if (this.#isSealed) return;
    this.#isSealed = true;
    this.ring.seal();
  }

  /** Everything in it has been taken, and nothing will come. */
  get isDone(): boolean {
    return this.#isSealed && this.ring.head >= this.ring.tail && this.#leftover > this.ring.slotCount;
  }

  /** Copies what comes next behind the header of a block; undefined: there is nothing. */
  take(buffer: Uint8Array): { kind: BlockKind; taken: Taken } | undefined {
    const { ring } = this;
    if (ring.head < ring.tail) {
      const taken = ring.take(ring.head, buffer, blockHeaderBytes);
      this.#damagedBytes += taken.damagedBytes;
      if (taken.offset > blockHeaderBytes) return { kind: blockKind.frames, taken };
      // Padding, or nothing that makes sense.
      ring.advance(taken.position);
      ring.refresh();
    }
    if (!this.#isSealed || this.#leftover > ring.slotCount) return undefined;
    const taken = ring.takeLeftovers(this.#leftover, buffer, blockHeaderBytes);
    if (taken.offset > blockHeaderBytes) return { kind: blockKind.leftovers, taken };
    this.#leftover = taken.position;
    return undefined;
  }

  /** What was taken is in the spool, or nobody wants it. */
  release(kind: BlockKind, taken: Taken): void {
    const { ring } = this;
    if (kind === blockKind.frames) {
      ring.advance(taken.position);
    } else {
      // The loss that was not told has a number of before.
      const next = taken.records > 0 ? taken.lastSequence + 1 : 0;
      ring.freeLeftoversBefore(taken.position, next);
      this.#interrupted += taken.records;
      this.#leftover = taken.isEnd ? ring.slotCount + 1 : taken.position;
    }
    ring.refresh();
  }
}

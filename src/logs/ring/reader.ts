/** A ring as the shipper sees it: where it stands, and its frames, copied out as they are. One reader per ring. */
import type { OpenedRing, RingBinding } from '../../engine/native/ring-binding.ts';
import { ringStateWord, ringStateWords, takeState, takeStateWords } from './layout.ts';

export type RingOpening = { found: 'ring'; ring: Ring } | { found: 'blank' | 'unknown' | 'damaged' };

/** What was copied, and where it stopped. */
export interface Taken {
  /** Position, or index of the leftover, to go on from. */
  position: number;
  /** Offset behind the last frame. */
  offset: number;
  /** Records, losses not counted. */
  records: number;
  /** Frames that tell of a loss, and the records that they stand for. */
  losses: number;
  lost: number;
  /** Lowest sequence number, and the highest that a record has or a loss covers. */
  firstSequence: number;
  lastSequence: number;
  /** When the first and the last of the exchanges began, milliseconds since 1970. */
  firstMs: number;
  lastMs: number;
  /** Bytes that made no sense. */
  damagedBytes: number;
  /** All there is has been copied. */
  isEnd: boolean;
}

export class Ring {
  readonly path: string;
  readonly bootIdHex: string;
  readonly ringId: number;
  readonly workerIndex: number;
  readonly bytesMax: number;
  readonly slotCount: number;
  readonly #binding: RingBinding;
  readonly #handle: OpenedRing['ring'];
  readonly #words = new Float64Array(ringStateWords);
  readonly #state = new Float64Array(takeStateWords);

  private constructor(binding: RingBinding, path: string, opened: OpenedRing) {
    this.path = path;
    this.bootIdHex = opened.bootIdHex;
    this.ringId = opened.ringId;
    this.workerIndex = opened.workerIndex;
    this.bytesMax = opened.bytesMax;
    this.slotCount = opened.slotCount;
    this.#binding = binding;
    this.#handle = opened.ring;
    this.refresh();
  }

  /** Throws what the operating system says where the file cannot be opened. */
  static open(binding: RingBinding, path: string): RingOpening {
    const opened = binding.ringOpen(path);
    return opened.found === 'ring' ? { found: 'ring', ring: new Ring(binding, path, opened) } : opened;
  }

  close(): void {
    this.#binding.ringClose(this.#handle);
  }

  /** Reads the shared words; the getters below answer from what was read. */
  refresh(): void {
    this.#binding.ringState(this.#handle, this.#words);
  }

  get head(): number {
    return this.#words[ringStateWord.head] ?? 0;
  }

  get tail(): number {
    return this.#words[ringStateWord.tail] ?? 0;
  }

  /** Records written or dropped since the ring was made. */
  get nextSequence(): number {
    return this.#words[ringStateWord.nextSequence] ?? 0;
  }

  get dropped(): number {
    return this.#words[ringStateWord.dropped] ?? 0;
  }

  get hasWriterEnded(): boolean {
    return this.#words[ringStateWord.writerEnded] === 1;
  }

  /** Gives the frames before `position` back to the writer. */
  advance(position: number): void {
    this.#binding.ringAdvance(this.#handle, position);
  }

  /** Takes in what the writer had prepared. Only once it is gone. */
  seal(): void {
    this.#binding.ringSeal(this.#handle);
    this.refresh();
  }

  /** The leftovers before `index` are done with; their numbers ended before `nextSequence`. */
  freeLeftoversBefore(index: number, nextSequence: number): void {
    this.#binding.ringFreeLeftoversBefore(this.#handle, index, nextSequence);
  }

  /** Copies whole frames from `position` on to `out` from `offset` on. */
  take(position: number, out: Uint8Array, offset: number): Taken {
    this.#state[takeState.position] = position;
    this.#state[takeState.offset] = offset;
    this.#binding.ringTake(this.#handle, out, this.#state);
    return this.#taken();
  }

  /** The same for leftovers (exchanges that were interrupted, a loss that was not told) from index `position` on. */
  takeLeftovers(position: number, out: Uint8Array, offset: number): Taken {
    this.#state[takeState.position] = position;
    this.#state[takeState.offset] = offset;
    this.#binding.ringTakeLeftovers(this.#handle, out, this.#state);
    return this.#taken();
  }

  #taken(): Taken {
    const at = (word: number): number => this.#state[word] ?? 0;
    return {
      position: at(takeState.position),
      offset: at(takeState.offset),
      records: at(takeState.records),
      losses: at(takeState.losses),
      lost: at(takeState.lost),
      firstSequence: at(takeState.firstSequence),
      lastSequence: at(takeState.lastSequence),
      firstMs: at(takeState.firstMs),
      lastMs: at(takeState.lastMs),
      damagedBytes: at(takeState.damagedBytes),
      isEnd: at(takeState.isEnd) === 1,
    };
  }
}

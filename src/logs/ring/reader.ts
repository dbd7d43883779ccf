/** A ring as the shipper sees it: where it stands, and lines of its frames. One reader per ring. */
import type { OpenedRing, RingBinding } from '../../engine/native/ring-binding.ts';
import { encodeState, encodeStateWords, encodeStop } from '../encode/program-layout.ts';
import { ringStateWord, ringStateWords, takeState, takeStateWords } from './layout.ts';

export type RingOpening = { found: 'ring'; ring: Ring } | { found: 'blank' | 'unknown' | 'damaged' };

/** What one encoding did, and where it stopped. */
export interface Encoding {
  /** Position, or index of the leftover, to go on from. */
  position: number;
  /** Offset behind the last line. */
  offset: number;
  /** Records passed; with a program, put out. */
  records: number;
  /** Lines that tell of a loss, and the records that they stand for. */
  losses: number;
  lost: number;
  /** Sequence numbers of the first and the last record, where there is one. */
  firstSequence: number;
  lastSequence: number;
  /** All there is has been passed. */
  isEnd: boolean;
  /** Bytes that made no sense. */
  damagedBytes: number;
}

/** What was copied, and where it stopped. */
export interface Taken {
  /** Position to go on from. */
  position: number;
  /** Offset behind the last frame. */
  offset: number;
  /** All there is has been copied. */
  isEnd: boolean;
}

export interface EncodeLimits {
  /** No line is added that would end beyond this offset, unless the output is empty. */
  softLimit: number;
  recordsMax: number;
  /** Frames at or behind this position are left, 0: none are. */
  endPosition: number;
}

/** Where a program's lines go: `bytes` from `offset` on, with room for any line. */
export interface Output {
  program: Uint8Array;
  bytes: Uint8Array;
  offset: number;
}

const noBytes = new Uint8Array(0);

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
  readonly #state = new Float64Array(encodeStateWords);

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

  freeLeftovers(): void {
    this.#binding.ringFreeLeftovers(this.#handle);
  }

  /** Lines of the frames from `position` on. */
  encode(output: Output, position: number, limits: EncodeLimits): Encoding {
    this.#load(position, output.offset, limits);
    this.#binding.ringEncode(this.#handle, output.program, output.bytes, this.#state);
    return this.#result();
  }

  /** Lines of the leftovers (exchanges that were interrupted, a loss that was not told) from index `position` on. */
  encodeLeftovers(output: Output, position: number, limits: EncodeLimits): Encoding {
    this.#load(position, output.offset, limits);
    this.#binding.ringEncodeLeftovers(this.#handle, output.program, output.bytes, this.#state);
    return this.#result();
  }

  /** Counts the frames from `position` to the first at or behind `endPosition`, or to the tail where that is 0. */
  count(position: number, endPosition: number): Encoding {
    this.#load(position, 0, { softLimit: 0, recordsMax: Number.MAX_SAFE_INTEGER, endPosition });
    this.#binding.ringEncode(this.#handle, null, noBytes, this.#state);
    return this.#result();
  }

  /** Counts the leftovers from index `position` on. */
  countLeftovers(position: number): Encoding {
    this.#load(position, 0, { softLimit: 0, recordsMax: Number.MAX_SAFE_INTEGER, endPosition: 0 });
    this.#binding.ringEncodeLeftovers(this.#handle, null, noBytes, this.#state);
    return this.#result();
  }

  /** Copies whole frames from `position` on to `out` from `offset` on. */
  take(position: number, out: Uint8Array, offset: number): Taken {
    const state = new Float64Array(takeStateWords);
    state[takeState.position] = position;
    state[takeState.offset] = offset;
    this.#binding.ringTake(this.#handle, out, state);
    const at = (word: number): number => state[word] ?? 0;
    return {
      position: at(takeState.position),
      offset: at(takeState.offset),
      isEnd: at(takeState.isEnd) === 1,
    };
  }

  #load(position: number, offset: number, limits: EncodeLimits): void {
    const state = this.#state;
    state[encodeState.position] = position;
    state[encodeState.offset] = offset;
    state[encodeState.softLimit] = limits.softLimit;
    state[encodeState.recordsMax] = limits.recordsMax;
    state[encodeState.endPosition] = limits.endPosition;
  }

  #result(): Encoding {
    const at = (word: number): number => this.#state[word] ?? 0;
    return {
      position: at(encodeState.position),
      offset: at(encodeState.offset),
      records: at(encodeState.records),
      losses: at(encodeState.losses),
      lost: at(encodeState.lost),
      firstSequence: at(encodeState.firstSequence),
      lastSequence: at(encodeState.lastSequence),
      isEnd: at(encodeState.stop) === encodeStop.end,
      damagedBytes: at(encodeState.damagedBytes),
    };
  }
}

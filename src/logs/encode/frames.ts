/** Lines of frames in memory, made by native code for whole runs at a time. */
import type { RingBinding } from '../../engine/native/ring-binding.ts';
import { frameWord } from '../ring/layout.ts';
import { encodeState, encodeStateWords, encodeStop } from './program-layout.ts';

/** All records are in the sample. */
export const sampleAll = 2 ** 32;

/** What one encoding did, and where it stopped. */
export interface Encoding {
  /** Offset of the next frame. */
  position: number;
  /** Offset behind the last line. */
  offset: number;
  /** Records put out; with no program, passed over. */
  records: number;
  /** Lines that tell of a loss, and the records that they stand for. */
  losses: number;
  lost: number;
  /** Records that are not in the sample, and frames of another dataset. */
  sampled: number;
  foreign: number;
  /** Of what was put out: sequence numbers, and when the first and the last of the exchanges began. */
  firstSequence: number;
  lastSequence: number;
  firstMs: number;
  lastMs: number;
  /** All there is has been passed. */
  isEnd: boolean;
  /** Bytes that made no sense. */
  damagedBytes: number;
}

/** Frames: `bytes` from `from` to `to`. */
export interface Run {
  bytes: Uint8Array;
  from: number;
  to: number;
}

export interface EncodeLimits {
  /** No line is added that would end beyond this offset, unless the output is empty. */
  softLimit: number;
  recordsMax: number;
  /** `sampleAll`, or less. */
  sampleBelow: number;
}

/** Bytes of the frame that begins at `at`. */
export function frameLengthAt(bytes: Uint8Array, at: number): number {
  const byte = (index: number): number => bytes[at + frameWord.length + index] ?? 0;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}

const noBytes = new Uint8Array(0);

export class FrameEncoder {
  readonly #binding: RingBinding;
  readonly #state = new Float64Array(encodeStateWords);

  constructor(binding: RingBinding) {
    this.#binding = binding;
  }

  /** Puts lines out behind `offset`, where any line has room. */
  encode(run: Run, program: Uint8Array, out: Uint8Array, offset: number, limits: EncodeLimits): Encoding {
    const state = this.#state;
    state[encodeState.offset] = offset;
    state[encodeState.softLimit] = limits.softLimit;
    state[encodeState.recordsMax] = limits.recordsMax;
    state[encodeState.sampleBelow] = limits.sampleBelow;
    return this.#run(run, program, out);
  }

  /** Counts what is there. */
  count(run: Run): Encoding {
    const state = this.#state;
    state[encodeState.offset] = 0;
    state[encodeState.softLimit] = 0;
    state[encodeState.recordsMax] = Number.MAX_SAFE_INTEGER;
    state[encodeState.sampleBelow] = sampleAll;
    return this.#run(run, null, noBytes);
  }

  #run(run: Run, program: Uint8Array | null, out: Uint8Array): Encoding {
    const state = this.#state;
    state[encodeState.position] = run.from;
    state[encodeState.endPosition] = run.to;
    this.#binding.framesEncode(run.bytes, program, out, state);
    const at = (word: number): number => state[word] ?? 0;
    return {
      position: at(encodeState.position),
      offset: at(encodeState.offset),
      records: at(encodeState.records),
      losses: at(encodeState.losses),
      lost: at(encodeState.lost),
      sampled: at(encodeState.sampled),
      foreign: at(encodeState.foreign),
      firstSequence: at(encodeState.firstSequence),
      lastSequence: at(encodeState.lastSequence),
      firstMs: at(encodeState.firstMs),
      lastMs: at(encodeState.lastMs),
      isEnd: at(encodeState.stop) === encodeStop.end,
      damagedBytes: at(encodeState.damagedBytes),
    };
  }
}

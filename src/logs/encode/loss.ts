/** The line that tells a job of records that it will not get. */
import type { RingBinding } from '../../engine/native/ring-binding.ts';
import { lossWord, lossWords } from '../ring/layout.ts';
import { encodeState, encodeStateWords } from './program-layout.ts';

export interface Loss {
  /** Sequence numbers in the ring of the worker. */
  firstSequence: number;
  lastSequence: number;
  records: number;
  sinceMs: number;
  untilMs: number;
  workerIndex: number;
  /** Index into `reasons` of the contract. */
  reason: number;
}

/** Writes the line at `offset`, where any line has room. Returns the offset behind it. */
export function encodeLossLine(
  binding: RingBinding,
  loss: Loss,
  program: Uint8Array,
  bytes: Uint8Array,
  offset: number,
): number {
  const words = new Float64Array(lossWords);
  for (const [name, word] of Object.entries(lossWord)) words[word] = loss[name as keyof Loss];
  const state = new Float64Array(encodeStateWords);
  state[encodeState.offset] = offset;
  state[encodeState.softLimit] = bytes.length;
  state[encodeState.recordsMax] = 1;
  binding.ringEncodeLoss(words, program, bytes, state);
  return state[encodeState.offset] ?? offset;
}

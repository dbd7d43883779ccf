/**
 * The typed view of the addon's log functions, for the shipper thread. A ring is an opaque handle: JavaScript never sees
 * its memory. Positions and counts are doubles, exact up to 2^53. Layouts: src/logs/ring/layout.ts,
 * src/logs/encode/program-layout.ts. An error of the operating system is thrown as an Error with its `code`.
 */
import { loadBinding } from './binding.ts';

declare const ringBrand: unique symbol;
export interface RingHandle {
  readonly [ringBrand]: true;
}

export interface OpenedRing {
  found: 'ring';
  ring: RingHandle;
  /** 16 hexadecimal digits. */
  bootIdHex: string;
  ringId: number;
  workerIndex: number;
  /** Bytes of the frame area. */
  bytesMax: number;
  slotCount: number;
}

/** `blank`: never finished, so it never held a record. `unknown`: of another version. `damaged`: contradicts itself. */
export type RingFound = OpenedRing | { found: 'blank' | 'unknown' | 'damaged' };

export interface RingBinding {
  ringOpen(path: string): RingFound;
  /** Unmaps it; the handle is refused from then on. */
  ringClose(ring: RingHandle): void;
  /** Fills `words` (`ringStateWord`). */
  ringState(ring: RingHandle, words: Float64Array): void;
  /** Gives the frames before `position` back to the writer. */
  ringAdvance(ring: RingHandle, position: number): void;
  /** Takes in the frame that was prepared. Only once the writer is gone. */
  ringSeal(ring: RingHandle): void;
  /** Copies committed frames to `out`, one behind the other without padding. `state` is `takeState`. */
  ringTake(ring: RingHandle, out: Uint8Array, state: Float64Array): void;
  /** The same for leftovers; the position is an index, `slotCount + 1` behind the last. */
  ringTakeLeftovers(ring: RingHandle, out: Uint8Array, state: Float64Array): void;
  /** Forgets the leftovers before `index`, whose numbers ended before `nextSequence`. */
  ringFreeLeftoversBefore(ring: RingHandle, index: number, nextSequence: number): void;
  /** Puts out the lines of as many frames of `frames` as fit; with no program, counts them. `state` is `encodeState`. */
  framesEncode(frames: Uint8Array, program: Uint8Array | null, out: Uint8Array, state: Float64Array): void;
  /** CRC-32C of a part of `bytes`. */
  crc32c(bytes: Uint8Array, from: number, to: number): number;
  /** Puts out the line that tells of a loss (`lossWord`). */
  ringEncodeLoss(loss: Float64Array, program: Uint8Array, out: Uint8Array, state: Float64Array): void;
  /** Asks the writer to signal the wake descriptor at its next record. */
  ringArm(ring: RingHandle, isArmed: boolean): void;
  /** An eventfd of the process, -1 where there is none. */
  ringWakeFd(): number;
}

/** The same addon as `loadBinding`, seen from the shipper. */
export function loadRingBinding(): RingBinding {
  return loadBinding() as unknown as RingBinding;
}

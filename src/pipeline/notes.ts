/**
 * A few bits that the policy remembers of an exchange between its events, by slot and generation. A note that is lost
 * (another generation, a slot beyond the limit) costs detail in a header field, never a wrong answer.
 */
import { limits } from '../lib/limits.ts';

const firstSlots = 1024;

export const fetchMode = {
  /** The request goes as it came; conditions and ranges are the origin's to answer. */
  direct: 0,
  /** Without conditions and ranges, so that the answer fills the store. */
  fill: 1,
  /** With the validators of the stored response. */
  validate: 2,
} as const;

const reasonMask = 7;
const modeShift = 3;
const modeMask = 3;
const knownBit = 1 << 5;
const variantBit = 1 << 6;
const failedShift = 7;
const failedMask = 7;
const changedBit = 1 << 10;
const skippedShift = 11;
const skippedMask = 0xffff;
const cacheRulesBit = 1 << 27;
const ownBit = 1 << 28;
const movesShift = 29;
const movesMask = 3;

/** One note, unpacked. */
export class Note {
  isKnown = false;
  /** Why the request went forward: `forwardReason`. */
  reason = 0;
  mode = 0;
  /** The fetch was made under the secondary key. */
  isVariant = false;
  /** What it follows is what the origin has answered to itself. */
  isOwn = false;
  /** Times that a fetch that it followed failed before its head. */
  leadersFailed = 0;
  /** Times that what it followed was answered, but under another key. At most 3. */
  moves = 0;
  /** Rules have changed the request; what later events need of that, they find by running those rules again. */
  isChanged = false;
  /** Rules have changed the cache settings. */
  hasCacheRules = false;
  /** Bits of the phases that a rule has left out. */
  skipped = 0;
  /** The time that rules saw: it is the same when they run again. */
  ruleTimeMs = 0;
  /** When it first fetched, or began to follow; 0: it did not. */
  askedMs = 0;

  clear(): this {
    this.isKnown = false;
    this.reason = 0;
    this.mode = fetchMode.direct;
    this.isVariant = false;
    this.isOwn = false;
    this.leadersFailed = 0;
    this.moves = 0;
    this.isChanged = false;
    this.hasCacheRules = false;
    this.skipped = 0;
    this.ruleTimeMs = 0;
    this.askedMs = 0;
    return this;
  }
}

export class Notes {
  #generations = new Int32Array(firstSlots);
  #bits = new Int32Array(firstSlots);
  #times = new Float64Array(firstSlots);
  #asked = new Float64Array(firstSlots);

  read(slot: number, generation: number, note: Note): Note {
    const bits = this.#generations[slot] === generation ? this.#bits[slot]! : 0;
    note.isKnown = (bits & knownBit) !== 0;
    note.reason = bits & reasonMask;
    note.mode = (bits >> modeShift) & modeMask;
    note.isVariant = (bits & variantBit) !== 0;
    note.isOwn = (bits & ownBit) !== 0;
    note.leadersFailed = (bits >> failedShift) & failedMask;
    note.moves = (bits >> movesShift) & movesMask;
    note.isChanged = (bits & changedBit) !== 0;
    note.hasCacheRules = (bits & cacheRulesBit) !== 0;
    note.skipped = (bits >> skippedShift) & skippedMask;
    note.ruleTimeMs = note.isKnown ? this.#times[slot]! : 0;
    note.askedMs = note.isKnown ? this.#asked[slot]! : 0;
    return note;
  }

  write(slot: number, generation: number, note: Note): void {
    if (slot >= this.#bits.length && !this.#grow(slot)) return;
    this.#generations[slot] = generation;
    this.#bits[slot] =
      knownBit |
      (note.reason & reasonMask) |
      (note.mode << modeShift) |
      (note.isVariant ? variantBit : 0) |
      (note.isOwn ? ownBit : 0) |
      (Math.min(note.leadersFailed, failedMask) << failedShift) |
      (Math.min(note.moves, movesMask) << movesShift) |
      (note.isChanged ? changedBit : 0) |
      (note.hasCacheRules ? cacheRulesBit : 0) |
      ((note.skipped & skippedMask) << skippedShift);
    this.#times[slot] = note.ruleTimeMs;
    this.#asked[slot] = note.askedMs;
  }

  #grow(slot: number): boolean {
    if (slot < 0 || slot >= limits.noteSlotsMax) return false;
    let slots = this.#bits.length;
    while (slots <= slot) slots *= 2;
    const generations = new Int32Array(slots);
    const bits = new Int32Array(slots);
    const times = new Float64Array(slots);
    const asked = new Float64Array(slots);
    generations.set(this.#generations);
    bits.set(this.#bits);
    times.set(this.#times);
    asked.set(this.#asked);
    this.#generations = generations;
    this.#bits = bits;
    this.#times = times;
    this.#asked = asked;
    return true;
  }
}

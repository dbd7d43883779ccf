/** An event in the arena, read in place. One view is moved from event to event. */
import type { Arena } from './arena.ts';
import { eventFlag, eventWord } from './contract.ts';

export class EventView {
  readonly #words: Int32Array;
  /** Word index of the event. */
  base = 0;

  constructor(arena: Arena) {
    this.#words = arena.words;
  }

  word(index: number): number {
    return this.#words[this.base + index]!;
  }

  /** A time or another value without sign. */
  unsigned(index: number): number {
    return this.#words[this.base + index]! >>> 0;
  }

  get kind(): number {
    return this.word(eventWord.kind);
  }

  get slot(): number {
    return this.word(eventWord.slot);
  }

  get generation(): number {
    return this.word(eventWord.generation);
  }

  get flags(): number {
    return this.word(eventWord.flags);
  }

  get isTls(): boolean {
    return (this.flags & eventFlag.tls) !== 0;
  }

  get hasClient(): boolean {
    return (this.flags & eventFlag.noClient) === 0;
  }
}

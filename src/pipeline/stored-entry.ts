/** What the store says of a key: copied from an event or from the reply to a look-up, whose words have the same order. */
import { currentAge, type StoredTimes } from '../cache/index.ts';
import { eventWord, storeState } from '../engine/contract.ts';
import { highWord } from './piece.ts';

const first = eventWord.storeState;

export class StoredEntry implements StoredTimes {
  state: number = storeState.none;
  object = 0;
  generation = 0;
  storedAt = 0;
  freshUntil = 0;
  staleWhileRevalidateUntil = 0;
  staleIfErrorUntil = 0;
  objectFlags = 0;
  ageSeconds = 0;
  status = 0;
  sizeBytes = 0;

  /** @param base word index of the word that holds the state */
  read(words: Int32Array, base: number, now: number): this {
    const at = base - first;
    this.state = words[at + eventWord.storeState]!;
    this.object = words[at + eventWord.object]!;
    this.generation = words[at + eventWord.objectGeneration]!;
    this.storedAt = words[at + eventWord.storedAt]! >>> 0;
    this.freshUntil = words[at + eventWord.freshUntil]! >>> 0;
    this.staleWhileRevalidateUntil = words[at + eventWord.staleWhileRevalidateUntil]! >>> 0;
    this.staleIfErrorUntil = words[at + eventWord.staleIfErrorUntil]! >>> 0;
    this.objectFlags = words[at + eventWord.objectFlags]!;
    this.ageSeconds = currentAge(words[at + eventWord.ageAtStore]! >>> 0, this.storedAt, now);
    this.status = words[at + eventWord.objectStatus]!;
    this.sizeBytes =
      (words[at + eventWord.objectBodyHigh]! >>> 0) * highWord + (words[at + eventWord.objectBodyLow]! >>> 0);
    return this;
  }

  clear(): void {
    this.state = storeState.none;
    this.object = 0;
    this.generation = 0;
  }

  get isObject(): boolean {
    return this.state === storeState.object;
  }
}

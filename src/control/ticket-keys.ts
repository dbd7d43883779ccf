/**
 * The keys that seal session tickets (RFC 5077 4): the same in all workers, so that a session is resumed by whichever
 * worker the next connection comes to. The first of them seals; earlier ones open what they had sealed.
 */
import { ticketKeyBytes } from '../engine/native/binding.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { RandomHex } from '../lib/random.ts';

/** A ticket that was sealed at the last moment of a key is still opened two periods later. */
const keysMax = 3;

export class TicketKeys {
  readonly #clock: Clock;
  readonly #randomHex: RandomHex;
  readonly #publish: (keys: Uint8Array) => void;
  #keys: Uint8Array;
  #timer: Timer | undefined;
  #periodSeconds = 0;

  constructor(clock: Clock, randomHex: RandomHex, publish: (keys: Uint8Array) => void) {
    this.#clock = clock;
    this.#randomHex = randomHex;
    this.#publish = publish;
    this.#keys = this.#make();
  }

  /** One behind the other, the current one first. */
  get bytes(): Uint8Array {
    return this.#keys;
  }

  /** Changes keys from now on with this period. */
  follow(periodSeconds: number): void {
    if (periodSeconds === this.#periodSeconds) return;
    this.#periodSeconds = periodSeconds;
    this.#timer?.cancel();
    this.#timer = this.#clock.every(periodSeconds * 1000, () => this.rotate());
  }

  rotate(): void {
    const kept = this.#keys.subarray(0, (keysMax - 1) * ticketKeyBytes);
    this.#keys = Buffer.concat([this.#make(), kept]);
    this.#publish(this.#keys);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #make(): Uint8Array {
    return Buffer.from(this.#randomHex(ticketKeyBytes), 'hex');
  }
}

/** When a child that ended is started again: at once, unless it keeps ending soon after its start. */

/** A child that was ready for this long counts as one that works. */
export const settledMs = 250;
const firstDelayMs = 100;
const delayMsMax = 5000;

export class Backoff {
  #shortLives = 0;

  /** `readyForMs`: how long the child that has ended was ready; undefined: it never was. Returns the delay. */
  nextDelayMs(readyForMs: number | undefined): number {
    if (readyForMs !== undefined && readyForMs >= settledMs) {
      this.#shortLives = 0;
      return 0;
    }
    this.#shortLives += 1;
    return Math.min(delayMsMax, firstDelayMs * 2 ** (this.#shortLives - 1));
  }
}

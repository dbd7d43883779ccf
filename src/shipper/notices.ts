/**
 * Tells the operator what goes wrong: at once, and then once a minute for each cause, with how often it was held back. One
 * that comes and goes is told at once a few times a minute.
 */
const intervalMs = 60_000;
const comebacksMax = 3;

interface Told {
  /** Begin of the minute. */
  atMs: number;
  heldBack: number;
  isSettled: boolean;
  /** How often it was told at once, since it had been settled. */
  comebacks: number;
}

export type Tell = (level: 'info' | 'error', text: string) => void;

export class Notices {
  readonly #tell: Tell;
  readonly #told = new Map<string, Told>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** `cause` names what the limit is for. False: it was held back. */
  error(cause: string, text: string, nowMs: number): boolean {
    const told = this.#told.get(cause);
    if (told !== undefined && nowMs - told.atMs < intervalMs) {
      if (!told.isSettled || told.comebacks === comebacksMax) {
        told.heldBack += 1;
        return false;
      }
      told.isSettled = false;
      told.comebacks += 1;
      this.#tell('error', text);
      return true;
    }
    const again =
      told !== undefined && told.heldBack > 0 ? ` (${told.heldBack + 1} times in the last minute)` : '';
    this.#told.set(cause, { atMs: nowMs, heldBack: 0, isSettled: false, comebacks: 0 });
    this.#tell('error', `${text}${again}`);
    return true;
  }

  info(text: string): void {
    this.#tell('info', text);
  }

  /** The cause is gone: when it comes back, it is told at once, unless it keeps doing so. */
  settle(cause: string): void {
    const told = this.#told.get(cause);
    if (told !== undefined) told.isSettled = true;
  }
}

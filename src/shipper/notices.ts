/** Tells the operator what goes wrong: at once, and then once a minute for each cause, with how often it was held back. */
const intervalMs = 60_000;

interface Told {
  atMs: number;
  heldBack: number;
}

export type Tell = (level: 'info' | 'error', text: string) => void;

export class Notices {
  readonly #tell: Tell;
  readonly #told = new Map<string, Told>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** `cause` names what the limit is for. */
  error(cause: string, text: string, nowMs: number): void {
    const told = this.#told.get(cause);
    if (told !== undefined && nowMs - told.atMs < intervalMs) {
      told.heldBack += 1;
      return;
    }
    const again =
      told !== undefined && told.heldBack > 0 ? ` (${told.heldBack + 1} times in the last minute)` : '';
    this.#told.set(cause, { atMs: nowMs, heldBack: 0 });
    this.#tell('error', `${text}${again}`);
  }

  info(text: string): void {
    this.#tell('info', text);
  }

  /** The cause is gone: when it comes back, it is told at once. */
  settle(cause: string): void {
    this.#told.delete(cause);
  }
}

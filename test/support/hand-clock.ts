/** A clock that only moves when a test moves it. */
import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Alarm {
  atMs: number;
  everyMs: number;
  run: () => void;
}

export class HandClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #alarms = new Set<Alarm>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + delayMs, everyMs: 0, run });
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + intervalMs, everyMs: intervalMs, run });
  }

  #add(alarm: Alarm): Timer {
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** Milliseconds until the next timer, undefined: none is set. */
  get nextMs(): number | undefined {
    const times = [...this.#alarms].map(({ atMs }) => atMs - this.#nowMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Runs what is due on the way, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#alarms].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      if (due.everyMs > 0) due.atMs += due.everyMs;
      else this.#alarms.delete(due);
      due.run();
    }
    this.#nowMs = endMs;
  }
}

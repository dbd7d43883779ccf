/** When a worker counts as stalled or as faulty. Pure but for what it remembers; time is handed in. */

/** A loop that has not turned for too long: its heartbeat stands still. */
export class StallWatch {
  readonly #stallMs: number;
  #beat = -1;
  #sinceMs = 0;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  isStalled(beat: number, nowMs: number): boolean {
    if (beat !== this.#beat) {
      this.#beat = beat;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs >= this.#stallMs;
  }
}

const windowMs = 60_000;

/** Faults within the last minute, by samples of a counter that only grows. */
export class FaultWindow {
  readonly #perMinuteMax: number;
  readonly #samples: { atMs: number; total: number }[] = [];

  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax;
  }

  isBeyond(total: number, nowMs: number): boolean {
    const samples = this.#samples;
    samples.push({ atMs: nowMs, total });
    // The oldest sample kept is the last one before the window.
    while (samples.length > 1 && (samples[1]?.atMs ?? nowMs) <= nowMs - windowMs) samples.shift();
    return total - (samples[0]?.total ?? total) > this.#perMinuteMax;
  }
}

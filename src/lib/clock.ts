/** Time as an argument: the one place that reads a clock or starts a timer. Tests hand in a clock that they drive. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonicMs(): number;
  /** Runs once after the time. A timer keeps the process alive until it is cancelled or has run. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs again and again. */
  every(intervalMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return { cancel: () => clearInterval(timer) };
  },
};

/** CLOCK_MONOTONIC in microseconds, as other processes of the machine see it. */
export function systemMonotonicUs(): bigint {
  return process.hrtime.bigint() / 1000n;
}

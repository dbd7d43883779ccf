/** Every wait of a test ends: with what it waited for, or with an error that names it. */
import { setTimeout as delay } from 'node:timers/promises';
import { patience } from './scale.ts';

export class DeadlineError extends Error {
  override name = 'DeadlineError';
}

/** The promise's value, or a DeadlineError that says what did not happen. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const limit = patience(ms);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what}: not within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until `read` gives something, for facts that have no event: a file of another process, a row of
 * /proc, a metric. `explain` adds what was seen last to the error.
 */
export async function until<T>(
  ms: number,
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
  explain: () => string = () => '',
): Promise<T> {
  const end = performance.now() + patience(ms);
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > end)
      throw new DeadlineError(`${what}: not within ${patience(ms)} ms ${explain()}`);
    await delay(pauseMs);
  }
}

/** A promise with its ends outside. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  isSettled = false;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = (value) => {
        this.isSettled = true;
        resolve(value);
      };
      this.reject = (error) => {
        this.isSettled = true;
        reject(error);
      };
    });
    // An error that nobody waits for any more is no fault of the test.
    this.promise.catch(() => {});
  }
}

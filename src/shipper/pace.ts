/**
 * How long the shipper sleeps before it looks at the rings again. To wake a thread and its event loop costs 50 to 150 us
 * whatever is found (measured), so a look should find much; and no ring may fill up meanwhile.
 */
export const sleepMsMin = 1;
export const sleepMsMax = 50;

/** Share of a ring that may fill up between two looks. */
const filledMax = 1 / 8;

/** The most that a worker can write after a silence: 280 000 records a second, of the usual size. */
const burstBytesPerMs = 128 * 1024;

/** The longest sleep for which a ring that was empty does not become more than half full. */
export function longestSleep(ringBytes: number): number {
  return Math.min(sleepMsMax, Math.max(sleepMsMin, ringBytes / 2 / burstBytesPerMs));
}

/** `filled` is the share of the fullest ring that was written during the last `sleptMs`. */
export function sleepAfter(filled: number, sleptMs: number, longestMs: number): number {
  if (filled <= 0) return longestMs;
  const wanted = Math.max(sleptMs, sleepMsMin) * (filledMax / filled);
  return Math.min(longestMs, Math.max(sleepMsMin, wanted));
}

export const retryMsMin = 500;
export const retryMsMax = 60_000;
/** A destination that answers at once must not be asked at once. */
const pauseMsMin = 20;

/** When a batch that failed `failures` times in a row is sent again: full jitter, `random` is from 0 to 1. */
export function retryAfter(failures: number, random: number): number {
  const highest = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(failures - 1, 16));
  return Math.max(pauseMsMin, random * highest);
}

/**
 * How long the shipper sleeps before it looks at the rings again. Each look costs some microseconds whatever it finds, so
 * it should find much; and no ring may fill up meanwhile.
 */
export const sleepMsMin = 1;
export const sleepMsMax = 20;

/** Share of a ring that may fill up between two looks. */
const filledMax = 1 / 8;

/** `filled` is the share of the fullest ring that was written during the last sleep of `sleptMs`. */
export function sleepAfter(filled: number, sleptMs: number): number {
  if (filled <= 0) return sleepMsMax;
  const wanted = Math.max(sleptMs, sleepMsMin) * (filledMax / filled);
  return Math.min(sleepMsMax, Math.max(sleepMsMin, wanted));
}

export const retryMsMin = 100;
export const retryMsMax = 5000;

/** When a batch that failed `failures` times in a row is sent again: full jitter, `random` is from 0 to 1. */
export function retryAfter(failures: number, random: number): number {
  const highest = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(failures, 16));
  return retryMsMin + random * (highest - retryMsMin);
}

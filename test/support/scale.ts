/**
 * How large the long tests are. The common run is a short form of each; `npm run test:full` (and CI) runs the sizes
 * that the requirements name. A sanitizer build is slower, so that every wait is longer under it.
 */
export const isFull = process.env['PARAPET_TEST_FULL'] === '1';
export const isSanitized = (process.env['PARAPET_ADDON'] ?? '') !== '';

/** `full` in the full run, `short` in the common one. */
export function scaled(short: number, full: number): number {
  return isFull ? full : short;
}

/** A number of milliseconds that a healthy machine never needs; longer on a sanitizer build. */
export function patience(ms: number): number {
  return isSanitized ? ms * 6 : ms;
}

/** Freshness arithmetic of RFC 9111 4.2: numbers in, numbers out, whole seconds. */
import { deltaSecondsMax } from '../lib/bytes.ts';
import { limits } from '../lib/limits.ts';

/** Statuses that are heuristically cacheable (RFC 9110 15.1); 206 is left out: partial responses are not stored. */
const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

export function isHeuristicallyCacheable(status: number): boolean {
  return heuristicStatuses.has(status);
}

/** Final statuses whose caching rules this cache knows, for must-understand (RFC 9111 5.2.2.3). */
const understoodStatuses: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
  409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
]);

export function isUnderstood(status: number): boolean {
  return understoodStatuses.has(status);
}

/**
 * Age of a response when it is received (RFC 9111 4.2.3, corrected_initial_age).
 *
 * @param delayMs time since the request was sent; counted in whole seconds like the rest
 */
export function initialAge(ageSeconds: number, dateSeconds: number, now: number, delayMs: number): number {
  const apparent = Math.max(0, now - dateSeconds);
  return Math.min(Math.max(apparent, ageSeconds + Math.floor(delayMs / 1000)), deltaSecondsMax);
}

/** Age of a stored response now (RFC 9111 4.2.3, current_age), at most what delta-seconds hold (1.2.2). */
export function currentAge(ageAtStore: number, storedAt: number, now: number): number {
  return Math.min(ageAtStore + Math.max(0, now - storedAt), deltaSecondsMax);
}

/** Heuristic lifetime (RFC 9111 4.2.2): a share of the time since the last modification, up to a cap. */
export function heuristicSeconds(
  lastModifiedSeconds: number,
  dateSeconds: number,
  fraction: number,
  secondsMax: number,
): number {
  if (lastModifiedSeconds < 0 || lastModifiedSeconds >= dateSeconds) return 0;
  return Math.min(Math.floor((dateSeconds - lastModifiedSeconds) * fraction), secondsMax);
}

/** A point in time as it is kept: from 0 to what 32 bits hold. */
export function pointInTime(seconds: number): number {
  return Math.min(Math.max(0, seconds), limits.timeMax);
}

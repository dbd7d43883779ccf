/**
 * What a stored response may be used for now (RFC 9111 4, 4.2.4, 5.2.1): a pure choice over times, flags and the
 * directives of the request.
 */
import { objectFlag } from '../engine/contract.ts';
import { type Directives, directive } from '../lib/cache-control.ts';

export const use = {
  /** Serve it: it is fresh. */
  fresh: 0,
  /** Serve it, and refresh it in the background (RFC 5861 3). */
  staleWhileRevalidate: 1,
  /** Serve it although it is stale: the client takes it so (max-stale). */
  stale: 2,
  /** Validate it first: it is stale. */
  validate: 3,
  /** Validate it first: the request wants that. */
  validateForRequest: 4,
} as const;

/** Times of a stored response, seconds since 1970. */
export interface StoredTimes {
  freshUntil: number;
  staleWhileRevalidateUntil: number;
  staleIfErrorUntil: number;
  objectFlags: number;
  ageSeconds: number;
}

const never = objectFlag.mustRevalidate | objectFlag.noCache;

/** @param request directives of the request; undefined where there are none, or they do not count */
export function chooseUse(times: StoredTimes, request: Directives | undefined, now: number): number {
  if ((times.objectFlags & objectFlag.noCache) !== 0) return use.validate;
  const remaining = times.freshUntil - now;
  if (request === undefined) return remaining > 0 ? use.fresh : chooseStale(times, now);
  if (request.has(directive.noCache)) return remaining > 0 ? use.validateForRequest : use.validate;
  const isTooOld = request.maxAge >= 0 && times.ageSeconds > request.maxAge;
  // An age of 0 is not above max-age=0, yet the client asks for nothing but validation (RFC 9111 5.2.1.1).
  const asksValidation = request.maxAge === 0;
  if (remaining > 0) {
    const isTooStaleSoon = request.minFresh >= 0 && remaining < request.minFresh;
    if (
      !isTooStaleSoon &&
      !asksValidation &&
      (!isTooOld || request.maxStale >= times.ageSeconds - request.maxAge)
    ) {
      return use.fresh;
    }
    return use.validateForRequest;
  }
  const mayBeStale =
    (times.objectFlags & never) === 0 && !isTooOld && !asksValidation && request.minFresh < 0;
  if (!mayBeStale) return use.validate;
  return request.maxStale >= -remaining ? use.stale : chooseStale(times, now);
}

function chooseStale(times: StoredTimes, now: number): number {
  if ((times.objectFlags & never) !== 0) return use.validate;
  return now < times.staleWhileRevalidateUntil ? use.staleWhileRevalidate : use.validate;
}

/**
 * Whether the response may stand in for an error of the origin (RFC 5861 4), by its own word or the request's.
 *
 * @param unreachableSeconds how long past its freshness a response that says nothing of errors may be used without
 *   leave, because the origin cannot be reached (RFC 9111 4.2.4); 0: not at all
 */
export function mayServeOnError(
  times: StoredTimes,
  request: Directives | undefined,
  now: number,
  unreachableSeconds: number,
): boolean {
  if ((times.objectFlags & never) !== 0) return false;
  if (now < times.freshUntil || now < times.staleIfErrorUntil) return true;
  const unasked = times.staleIfErrorUntil === 0 ? unreachableSeconds : 0;
  const allowed = Math.max(unasked, request === undefined ? 0 : request.staleIfError);
  return now - times.freshUntil < allowed;
}

/** Statuses that count as an error of the origin (RFC 5861 4). */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/**
 * Whether a response may be stored, and with which times (RFC 9111 3, 4.2; RFC 5861). The answer names the clause that
 * decided.
 */
import { objectFlag } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { absent, directive } from '../lib/cache-control.ts';
import { isWeakTag } from '../lib/etag.ts';
import { ResponseControl } from './control.ts';
import {
  heuristicSeconds,
  initialAge,
  isHeuristicallyCacheable,
  isUnderstood,
  pointInTime,
} from './freshness.ts';
import type { CacheSettings } from './protocol.ts';

/** Why a response is stored or not, with the clause that decides. Rows are only added at the end. */
export const verdicts = [
  ['store', 'RFC 9111 3: may be stored'],
  ['request_no_store', 'RFC 9111 5.2.1.5: the request says no-store'],
  ['no_store', 'RFC 9111 5.2.2.5: the response says no-store'],
  ['private', 'RFC 9111 5.2.2.7: the response is private'],
  ['authorization', 'RFC 9111 3.5: the request carried Authorization'],
  ['status', 'RFC 9111 3: neither explicitly nor by its status cacheable'],
  ['not_understood', 'RFC 9111 5.2.2.3: must-understand with an unknown status'],
  ['partial', 'partial and not modified responses are not stored'],
  ['vary', 'RFC 9111 4.1: varies on everything, or on too much'],
  ['set_cookie', 'carries Set-Cookie and does not say that it may be shared'],
  ['no_use', 'RFC 9111 4.2: never fresh, and nothing to validate it by'],
  ['no_ttl', 'no explicit freshness, and no default for this status'],
] as const;
export type VerdictName = (typeof verdicts)[number][0];
export const verdict = Object.fromEntries(verdicts.map(([name], index) => [name, index])) as Record<
  VerdictName,
  number
>;

const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const setCookieId = knownId('set-cookie');

/** What the decision needs to know of the request. */
export interface RequestFacts {
  hasAuthorization: boolean;
  saysNoStore: boolean;
}

/** The decision on one response; reused for the next. Times are seconds since 1970. */
export class StoreDecision {
  verdict = 0;
  freshUntil = 0;
  staleWhileRevalidateUntil = 0;
  staleIfErrorUntil = 0;
  objectFlags = 0;
  ageAtStore = 0;
  /** Mode `cdn`: nothing to validate by, so the time of storing stands in for Last-Modified. */
  needsLastModified = false;
  readonly control = new ResponseControl();

  get mayStore(): boolean {
    return this.verdict === verdict.store;
  }

  /**
   * @param older the stored head that a 304 updates
   * @param status of the response, of the stored one for a 304
   * @param delayMs response_delay of RFC 9111 4.2.3
   */
  decide(
    head: HeadView,
    older: HeadView | undefined,
    status: number,
    facts: RequestFacts,
    settings: CacheSettings,
    now: number,
    delayMs: number,
  ): this {
    const control = this.control.read(head, older, now);
    this.#takeFlags(head, older);
    this.ageAtStore = initialAge(control.ageSeconds, control.dateSeconds, now, delayMs);
    const lifetime = this.#lifetime(status, settings, now);
    this.#takeTimes(lifetime, settings, now);
    this.verdict = this.#judge(head, older, status, facts, settings, lifetime);
    return this;
  }

  #takeFlags(head: HeadView, older: HeadView | undefined): void {
    const { directives } = this.control;
    let flags = 0;
    const mustRevalidate = directive.mustRevalidate | directive.proxyRevalidate;
    if (directives.has(mustRevalidate) || directives.sMaxage !== absent) flags |= objectFlag.mustRevalidate;
    if (directives.has(directive.noCache) || this.#listsPresentField(head, older))
      flags |= objectFlag.noCache;
    // The validator of the stored response stands: a 304 does not change it (RFC 9111 3.2).
    const tagged = older?.has(etagId) ? older : head;
    const etag = tagged.find(etagId);
    if (etag !== noField) {
      flags |= objectFlag.hasEtag;
      if (isWeakTag(tagged.arena.bytes, tagged.valueOffset(etag), tagged.valueLength(etag)))
        flags |= objectFlag.weakEtag;
    }
    if (head.has(lastModifiedId) || older?.has(lastModifiedId)) flags |= objectFlag.hasLastModified;
    this.objectFlags = flags;
  }

  /** `no-cache="a"`: validate always where `a` is there, never because of it where it is not. */
  #listsPresentField(head: HeadView, older: HeadView | undefined): boolean {
    if (!this.control.directives.has(directive.noCacheFields)) return false;
    return this.control
      .qualifiedNames('no-cache')
      .some((name) => hasNamed(head, name) || hasNamed(older, name));
  }

  #lifetime(status: number, settings: CacheSettings, now: number): number {
    const { explicitSeconds, dateSeconds, directives } = this.control;
    if (explicitSeconds !== absent) return explicitSeconds;
    if (settings.mode === 'cdn') return defaultSeconds(status, settings);
    if (!isHeuristicallyCacheable(status) && !directives.has(directive.public)) return 0;
    return heuristicSeconds(
      this.control.lastModifiedSeconds(now),
      dateSeconds,
      settings.heuristicFraction,
      settings.heuristicSecondsMax,
    );
  }

  #takeTimes(lifetime: number, settings: CacheSettings, now: number): void {
    const { directives } = this.control;
    const freshUntil = now + Math.max(0, lifetime) - this.ageAtStore;
    this.freshUntil = pointInTime(freshUntil);
    this.staleWhileRevalidateUntil = 0;
    this.staleIfErrorUntil = 0;
    // RFC 9111 4.2.4: a response that forbids it is never served stale.
    if ((this.objectFlags & (objectFlag.mustRevalidate | objectFlag.noCache)) !== 0) return;
    const whileRevalidate = secondsOr(directives.staleWhileRevalidate, settings.staleWhileRevalidateSeconds);
    const ifError = secondsOr(directives.staleIfError, settings.staleIfErrorSeconds);
    if (whileRevalidate > 0) this.staleWhileRevalidateUntil = pointInTime(freshUntil + whileRevalidate);
    if (ifError > 0) this.staleIfErrorUntil = pointInTime(freshUntil + ifError);
  }

  #judge(
    head: HeadView,
    older: HeadView | undefined,
    status: number,
    facts: RequestFacts,
    settings: CacheSettings,
    lifetime: number,
  ): number {
    const { directives, explicitSeconds } = this.control;
    if (facts.saysNoStore) return verdict.request_no_store;
    if (status === 206 || status === 304 || status < 200) return verdict.partial;
    const isKnown = isUnderstood(status);
    const mustUnderstand = directives.has(directive.mustUnderstand);
    if (mustUnderstand && !isKnown) return verdict.not_understood;
    if (directives.has(directive.noStore) && !mustUnderstand) return verdict.no_store;
    if (directives.has(directive.private)) return verdict.private;
    const isShared =
      directives.has(directive.public | directive.mustRevalidate) || directives.sMaxage !== absent;
    if (facts.hasAuthorization && !isShared) return verdict.authorization;
    const isExplicit = explicitSeconds !== absent || directives.has(directive.public);
    if (!isExplicit && settings.mode === 'cdn' && lifetime < 0) return verdict.no_ttl;
    if (!isExplicit && settings.mode !== 'cdn' && !isHeuristicallyCacheable(status)) return verdict.status;
    if (head.has(setCookieId) && (settings.mode === 'cdn' || !isExplicit)) return verdict.set_cookie;
    return this.#isOfUse(older, settings, lifetime) ? verdict.store : verdict.no_use;
  }

  #isOfUse(older: HeadView | undefined, settings: CacheSettings, lifetime: number): boolean {
    const canValidate = (this.objectFlags & (objectFlag.hasEtag | objectFlag.hasLastModified)) !== 0;
    this.needsLastModified = settings.mode === 'cdn' && !canValidate && older === undefined;
    if (canValidate || this.needsLastModified) return true;
    const mustValidate = (this.objectFlags & objectFlag.noCache) !== 0;
    if (mustValidate) return false;
    return lifetime > this.ageAtStore || this.staleWhileRevalidateUntil > 0 || this.staleIfErrorUntil > 0;
  }
}

function secondsOr(seconds: number, fallback: number): number {
  return seconds === absent ? fallback : Math.max(0, seconds);
}

/** The default edge TTL of mode `cdn`; -1: not cached. */
function defaultSeconds(status: number, settings: CacheSettings): number {
  const row = settings.statusTtls.find((ttl) => status >= ttl.statusFrom && status <= ttl.statusTo);
  return row === undefined ? -1 : row.ttlSeconds;
}

function hasNamed(head: HeadView | undefined, name: string): boolean {
  if (head === undefined) return false;
  return head.findNamed(Buffer.from(name, 'latin1'), knownId(name), head.fieldAt(0)) !== noField;
}

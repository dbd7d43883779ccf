/**
 * Whether a response may be stored, and with which times (RFC 9111 3, 4.2; RFC 5861). The answer names the clause that
 * decided.
 */
import { objectFlag } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { absent, directive } from '../lib/cache-control.ts';
import { isWeakTag } from '../lib/etag.ts';
import { ResponseControl } from './control.ts';
import { fitsExtension } from './deception.ts';
import { edgeTtl, overridingTtl } from './edge-ttl.ts';
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
  [
    'partial',
    'a 206 is stored where it is exact (one range of a known size, its Content-Length, a validator, no coding; RFC 9111 3.3)',
  ],
  ['vary', 'RFC 9111 4.1: varies on everything, or on too much'],
  ['set_cookie', 'carries Set-Cookie and does not say that it may be shared'],
  ['no_use', 'RFC 9111 4.2: never fresh, and nothing to validate it by'],
  ['no_ttl', 'no explicit freshness, and no default for this status'],
  ['edge_ttl_no_store', 'edge_ttl: status_code_ttl says -1, no-store'],
  ['edge_ttl_bypass', 'edge_ttl: bypass_by_default, and the response names no freshness'],
  ['origin_no_cache', 'origin_cache_control is off: no-cache and max-age=0 are not stored'],
  ['deception', 'cache_deception_armor: the Content-Type does not fit the extension of the path'],
  ['vary_bypass', 'vary: varies on a field whose action is bypass'],
] as const;
export type VerdictName = (typeof verdicts)[number][0];
export const verdict = Object.fromEntries(verdicts.map(([name], index) => [name, index])) as Record<
  VerdictName,
  number
>;

const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const setCookieId = knownId('set-cookie');
const contentTypeId = knownId('content-type');

/** What the decision needs to know of the request. */
export interface RequestFacts {
  hasAuthorization: boolean;
  saysNoStore: boolean;
  /** Extension of the path in lower case; only read where the settings ask for it. */
  readonly extension?: string;
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
  /** What is stored goes without Set-Cookie. */
  dropsSetCookie = false;
  /** What `edge_ttl` says: seconds, or one of `edgeTtl`. */
  #edge: number = edgeTtl.silent;
  readonly control = new ResponseControl();

  /** `edge_ttl` stands in place of what the response says. */
  get isOverridden(): boolean {
    return this.#edge !== edgeTtl.silent;
  }

  /** It is validated before each use. */
  get mustValidate(): boolean {
    return (this.objectFlags & objectFlag.noCache) !== 0;
  }

  /** It is never served stale (RFC 9111 4.2.4). */
  get forbidsStale(): boolean {
    return (this.objectFlags & (objectFlag.mustRevalidate | objectFlag.noCache)) !== 0;
  }

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
    this.dropsSetCookie = false;
    this.#edge = edgeTtl.silent;
    if (settings.edge_ttl !== undefined)
      this.#edge = overridingTtl(
        settings.edge_ttl,
        status,
        older !== undefined,
        hasDefaultTtl(status, settings),
      );
    this.#takeFlags(head, older, settings);
    this.ageAtStore = initialAge(control.ageSeconds, control.dateSeconds, now, delayMs);
    const lifetime = this.#lifetime(status, settings, now);
    this.#takeTimes(lifetime, settings, now);
    this.verdict = this.#judge(head, older, status, facts, settings, lifetime);
    return this;
  }

  #takeFlags(head: HeadView, older: HeadView | undefined, settings: CacheSettings): void {
    let flags = this.#forbidsStale(settings) ? objectFlag.mustRevalidate : 0;
    if (this.#mustValidate(head, older)) flags |= objectFlag.noCache;
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

  #forbidsStale({ origin_cache_control, serve_stale }: CacheSettings): boolean {
    const { directives } = this.control;
    if (origin_cache_control === false) return false;
    if (directives.has(directive.mustRevalidate | directive.proxyRevalidate)) return true;
    // RFC 9111 5.2.2.10: s-maxage stands for proxy-revalidate. An overridden lifetime is not its.
    if (directives.sMaxage === absent || this.#edge > edgeTtl.noCache) return false;
    return serve_stale?.s_maxage_allows_stale !== true;
  }

  #mustValidate(head: HeadView, older: HeadView | undefined): boolean {
    if (this.#edge !== edgeTtl.silent) return this.#edge === edgeTtl.noCache;
    return this.control.directives.has(directive.noCache) || this.#listsPresentField(head, older);
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
    if (this.#edge !== edgeTtl.silent) return this.#edge;
    if (explicitSeconds !== absent) return explicitSeconds;
    const { edge_ttl: edge } = settings;
    if (edge?.default !== undefined && edge.mode === 'respect_origin' && hasDefaultTtl(status, settings))
      return edge.default;
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
    // A time of ours begins when the response is stored, that of the origin when it was made.
    const age = this.#edge === edgeTtl.silent ? this.ageAtStore : 0;
    const freshUntil = now + Math.max(0, lifetime) - age;
    this.freshUntil = pointInTime(freshUntil);
    this.staleWhileRevalidateUntil = 0;
    this.staleIfErrorUntil = 0;
    // RFC 9111 4.2.4: a response that forbids it is never served stale.
    if ((this.objectFlags & (objectFlag.mustRevalidate | objectFlag.noCache)) !== 0) return;
    const isWaited = settings.serve_stale?.disable_stale_while_updating === true;
    const whileRevalidate = isWaited
      ? 0
      : secondsOr(directives.staleWhileRevalidate, settings.staleWhileRevalidateSeconds);
    const ifError = secondsOr(directives.staleIfError, settings.staleIfErrorSeconds);
    if (whileRevalidate > 0) this.staleWhileRevalidateUntil = pointInTime(freshUntil + whileRevalidate);
    if (ifError > 0) this.staleIfErrorUntil = pointInTime(freshUntil + ifError);
    // It has spoken of errors, unlike one that says nothing: a time long past.
    else if (directives.staleIfError !== absent) this.staleIfErrorUntil = 1;
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
    const isOverridden = this.#edge !== edgeTtl.silent;
    if (this.#edge === edgeTtl.noStore) return verdict.edge_ttl_no_store;
    if (!isOverridden) {
      if (mustUnderstand && !isKnown) return verdict.not_understood;
      if (directives.has(directive.noStore) && !mustUnderstand) return verdict.no_store;
      if (directives.has(directive.private)) return verdict.private;
    }
    const isShared =
      directives.has(directive.public | directive.mustRevalidate) || directives.sMaxage !== absent;
    if (facts.hasAuthorization && !isShared) return verdict.authorization;
    const isExplicit = explicitSeconds !== absent || directives.has(directive.public);
    if (!isOverridden && !isExplicit) {
      if (settings.edge_ttl?.mode === 'bypass_by_default') return verdict.edge_ttl_bypass;
      if (settings.mode === 'cdn' && lifetime < 0) return verdict.no_ttl;
      if (settings.mode !== 'cdn' && !isHeuristicallyCacheable(status)) return verdict.status;
    }
    const refused = this.#judgeSettings(head, older, status, facts, settings, isExplicit);
    if (refused !== verdict.store) return refused;
    return this.#isOfUse(older, settings, lifetime) ? verdict.store : verdict.no_use;
  }

  /** What settings of ours refuse, though RFC 9111 allows it. */
  #judgeSettings(
    head: HeadView,
    older: HeadView | undefined,
    status: number,
    facts: RequestFacts,
    settings: CacheSettings,
    isExplicit: boolean,
  ): number {
    const isLoose = settings.origin_cache_control === false;
    if (isLoose && this.#edge === edgeTtl.silent && this.#wantsValidation()) return verdict.origin_no_cache;
    if (head.has(setCookieId)) {
      this.dropsSetCookie = isLoose;
      const isOurs = settings.mode === 'cdn' || this.#edge !== edgeTtl.silent;
      if (!isLoose && (isOurs || !isExplicit)) return verdict.set_cookie;
    }
    if (settings.cache_key?.cache_deception_armor === true && (status < 300 || status > 399)) {
      const type = head.joinedText(contentTypeId) ?? older?.joinedText(contentTypeId);
      if (!fitsExtension(facts.extension ?? '', type)) return verdict.deception;
    }
    return verdict.store;
  }

  /** Forms of Cache-Control that are not stored where it is not obeyed to the letter. */
  #wantsValidation(): boolean {
    const { directives, explicitSeconds } = this.control;
    const bits = directive.noCache | directive.noCacheFields | directive.privateFields;
    return directives.has(bits) || explicitSeconds === 0;
  }

  #isOfUse(older: HeadView | undefined, settings: CacheSettings, lifetime: number): boolean {
    const canValidate = (this.objectFlags & (objectFlag.hasEtag | objectFlag.hasLastModified)) !== 0;
    this.needsLastModified = settings.mode === 'cdn' && !canValidate && older === undefined;
    if (canValidate || this.needsLastModified) return true;
    const mustValidate = (this.objectFlags & objectFlag.noCache) !== 0;
    if (mustValidate) return false;
    const age = this.#edge === edgeTtl.silent ? this.ageAtStore : 0;
    const staleUntil = Math.max(this.staleWhileRevalidateUntil, this.staleIfErrorUntil);
    return lifetime > age || staleUntil > this.freshUntil;
  }
}

function secondsOr(seconds: number, fallback: number): number {
  return seconds === absent ? fallback : Math.max(0, seconds);
}

/** Whether a response with this status is stored without a word of its own. */
function hasDefaultTtl(status: number, settings: CacheSettings): boolean {
  return settings.mode === 'cdn' ? defaultSeconds(status, settings) >= 0 : isHeuristicallyCacheable(status);
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

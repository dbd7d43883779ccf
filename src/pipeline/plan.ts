/** A snapshot made ready to decide by: everything that can be resolved once is resolved here. */
import { type CacheSettings, Caching, defaultCacheSettings } from '../cache/index.ts';
import { type KnownName, keyExtendingNames } from '../engine/contract.ts';
import { maskOf } from '../engine/head-view.ts';
import { Locator } from '../geo/index.ts';
import { NetworkSet } from '../lib/ip.ts';
import { Balancer, defaultOriginSettings, HealthTable } from '../origin/index.ts';
import { loadInSlices, RequestReader, type ServerAddress, warm } from '../rules/run/index.ts';
import { ErrorPages } from './error-page.ts';
import { hasPhase, prepareInSlices, type RuleSet } from './rules/ruleset.ts';
import type { PolicyLimits, PolicySnapshot, ZoneSnapshot } from './snapshot.ts';

export interface ZonePlan {
  readonly name: string;
  readonly key: number;
  /** Its cache settings; rules of http_request_cache_settings put others in their place for an exchange. */
  readonly caching: Caching;
  readonly balancer: Balancer;
  /** What the origin gets as Host; empty: the client's. */
  readonly originHost: string;
  /** A fresh object may be served without a phase being run, unless one of these fields is in the request. */
  readonly hasFastHit: boolean;
  readonly slowMaskLow: number;
  readonly slowMaskHigh: number;
  /** In the order in which they run within a phase. */
  readonly ruleSets: readonly RuleSet[];
  /** Whether there are rules of http_request_cache_settings, and of http_response_cache_settings. */
  readonly hasCacheRules: boolean;
  readonly hasResponseCacheRules: boolean;
}

export interface Plan {
  readonly id: number;
  /** Reads for the matchers of all rulesets. */
  readonly reader: RequestReader;
  readonly zones: readonly ZonePlan[];
  readonly trustedProxies: NetworkSet;
  /** Knows where clients are. */
  readonly locator: Locator;
  readonly errorPages: ErrorPages;
  readonly limits: PolicyLimits;
  readonly serverIds: ReadonlySet<number>;
}

const offSettings: CacheSettings = { ...defaultCacheSettings, mode: 'off' };

/** Fields that make a hit depend on more than freshness. */
const conditional: readonly KnownName[] = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];
const directives: readonly KnownName[] = ['cache-control', 'pragma'];
const forwarding: readonly KnownName[] = ['x-forwarded-for', 'forwarded'];

function planZone(
  zone: ZoneSnapshot,
  snapshot: PolicySnapshot,
  balancers: readonly Balancer[],
  ruleSets: readonly RuleSet[],
): ZonePlan {
  const balancer = balancers[zone.origin];
  if (balancer === undefined) throw new Error(`zone "${zone.name}" names origin ${zone.origin}`);
  const names = [...conditional, ...keyExtendingNames];
  if (zone.cache.requestDirectives === 'honour') names.push(...directives);
  if (snapshot.trustedProxies.length > 0) names.push(...forwarding);
  const mask = maskOf(names);
  const caching = new Caching(zone.cache);
  const own = zone.rulesets.map((index) => ruleSets[index] as RuleSet);
  return {
    name: zone.name,
    key: zone.key,
    caching,
    balancer,
    originHost: snapshot.origins[zone.origin]?.servers[0]?.hostHeader ?? '',
    // Mode `cdn` looks at the path first; a fault to be injected at the request fields.
    hasFastHit: caching.isPlain && !snapshot.testFaults,
    slowMaskLow: mask.low,
    slowMaskHigh: mask.high,
    ruleSets: own,
    hasCacheRules: hasPhase(own, 'http_request_cache_settings'),
    hasResponseCacheRules: hasPhase(own, 'http_response_cache_settings'),
  };
}

/** Stands where there is no zone; the door lets nothing on to it. */
export const noZone: ZonePlan = {
  name: '',
  key: 0,
  caching: new Caching(offSettings),
  originHost: '',
  balancer: new Balancer({ ...defaultOriginSettings, name: '', servers: [] }, new HealthTable(), 0),
  hasFastHit: false,
  slowMaskLow: 0,
  slowMaskHigh: 0,
  ruleSets: [],
  hasCacheRules: false,
  hasResponseCacheRules: false,
};

/** By the number of the listener. */
function serverAddresses({ listeners }: PolicySnapshot): ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const { id, address, port } of listeners) servers[id] = { address, port };
  return servers;
}

/** Compiles and warms what the rules of a snapshot come to, a few milliseconds at a time. */
function* loadRuleSets(snapshot: PolicySnapshot, reader: RequestReader): Generator<void, RuleSet[]> {
  const ruleSets: RuleSet[] = [];
  for (const settings of snapshot.rulesets) {
    const matcher = yield* loadInSlices(settings.program, reader);
    ruleSets.push(yield* prepareInSlices(settings, matcher));
    yield;
  }
  const matchers = ruleSets.map(({ matcher }) => matcher);
  if (matchers.length > 0) yield* warm(matchers, reader);
  return ruleSets;
}

/**
 * Builds a plan in slices: run it step by step, the last step returns it.
 *
 * @param turn where round robin begins, so that workers do not march in step
 */
export function* planInSlices(
  snapshot: PolicySnapshot,
  health: HealthTable,
  turn: number,
): Generator<void, Plan> {
  const locator = new Locator(snapshot.geo);
  const reader = new RequestReader(serverAddresses(snapshot), (bytes, offset) => locator.at(bytes, offset));
  const ruleSets = yield* loadRuleSets(snapshot, reader);
  const balancers = snapshot.origins.map((origin) => new Balancer(origin, health, turn));
  return {
    id: snapshot.id,
    reader,
    zones: snapshot.zones.map((zone) => planZone(zone, snapshot, balancers, ruleSets)),
    trustedProxies: new NetworkSet(snapshot.trustedProxies),
    locator,
    errorPages: new ErrorPages(),
    limits: snapshot.limits,
    serverIds: new Set(snapshot.origins.flatMap((origin) => origin.servers.map((server) => server.id))),
  };
}

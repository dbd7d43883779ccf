/**
 * A snapshot made ready to decide by: everything that can be resolved once is resolved here, and the phases of each zone
 * are one flat list.
 */
import { type CacheSettings, defaultCacheSettings, Eligibility } from '../cache/index.ts';
import { type KnownName, keyExtendingNames } from '../engine/contract.ts';
import { maskOf } from '../engine/head-view.ts';
import { NetworkSet } from '../lib/ip.ts';
import { Balancer, defaultOriginSettings, HealthTable } from '../origin/index.ts';
import { ErrorPages } from './error-page.ts';
import type { Phase } from './phase.ts';
import type { PolicyLimits, PolicySnapshot, ZoneSnapshot } from './snapshot.ts';

export interface ZonePlan {
  readonly name: string;
  readonly key: number;
  readonly cache: CacheSettings;
  readonly eligibility: Eligibility;
  readonly balancer: Balancer;
  /** A fresh object may be served without a phase being run, unless one of these fields is in the request. */
  readonly hasFastHit: boolean;
  readonly slowMaskLow: number;
  readonly slowMaskHigh: number;
}

export interface Plan {
  readonly id: number;
  readonly zones: readonly ZonePlan[];
  readonly trustedProxies: NetworkSet;
  readonly errorPages: ErrorPages;
  readonly limits: PolicyLimits;
  /** Phases of a request head, in order. */
  readonly request: readonly Phase[];
  /** Phases of a response head before it is forwarded, in order. */
  readonly response: readonly Phase[];
  readonly serverIds: ReadonlySet<number>;
}

/** The phases that a plan is composed of; rule phases join them at their places (rules specification 2.5). */
export interface PhaseSet {
  request(snapshot: PolicySnapshot): readonly Phase[];
  response(snapshot: PolicySnapshot): readonly Phase[];
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

function planZone(zone: ZoneSnapshot, snapshot: PolicySnapshot, balancers: readonly Balancer[]): ZonePlan {
  const balancer = balancers[zone.origin];
  if (balancer === undefined) throw new Error(`zone "${zone.name}" names origin ${zone.origin}`);
  const names = [...conditional, ...keyExtendingNames];
  if (zone.cache.requestDirectives === 'honour') names.push(...directives);
  if (snapshot.trustedProxies.length > 0) names.push(...forwarding);
  const mask = maskOf(names);
  return {
    name: zone.name,
    key: zone.key,
    cache: zone.cache,
    eligibility: new Eligibility(zone.cache),
    balancer,
    // Mode `cdn` looks at the path first; a fault to be injected at the request fields.
    hasFastHit: zone.cache.mode === 'standard' && !snapshot.testFaults,
    slowMaskLow: mask.low,
    slowMaskHigh: mask.high,
  };
}

/** Stands where there is no zone; the door lets nothing on to it. */
export const noZone: ZonePlan = {
  name: '',
  key: 0,
  cache: offSettings,
  eligibility: new Eligibility(offSettings),
  balancer: new Balancer({ ...defaultOriginSettings, name: '', servers: [] }, new HealthTable(), 0),
  hasFastHit: false,
  slowMaskLow: 0,
  slowMaskHigh: 0,
};

/**
 * @param turn where round robin begins, so that workers do not march in step
 */
export function buildPlan(
  snapshot: PolicySnapshot,
  health: HealthTable,
  phases: PhaseSet,
  turn: number,
): Plan {
  const balancers = snapshot.origins.map((origin) => new Balancer(origin, health, turn));
  return {
    id: snapshot.id,
    zones: snapshot.zones.map((zone) => planZone(zone, snapshot, balancers)),
    trustedProxies: new NetworkSet(snapshot.trustedProxies),
    errorPages: new ErrorPages(snapshot.errorPages),
    limits: snapshot.limits,
    request: phases.request(snapshot),
    response: phases.response(snapshot),
    serverIds: new Set(snapshot.origins.flatMap((origin) => origin.servers.map((server) => server.id))),
  };
}

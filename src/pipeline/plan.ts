/** A snapshot made ready to decide by: everything that can be resolved once is resolved here. */
import { type CacheSettings, defaultCacheSettings, Eligibility } from '../cache/index.ts';
import { type KnownName, keyExtendingNames } from '../engine/contract.ts';
import { maskOf } from '../engine/head-view.ts';
import { NetworkSet } from '../lib/ip.ts';
import { Balancer, defaultOriginSettings, HealthTable } from '../origin/index.ts';
import { ErrorPages } from './error-page.ts';
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
export function buildPlan(snapshot: PolicySnapshot, health: HealthTable, turn: number): Plan {
  const balancers = snapshot.origins.map((origin) => new Balancer(origin, health, turn));
  return {
    id: snapshot.id,
    zones: snapshot.zones.map((zone) => planZone(zone, snapshot, balancers)),
    trustedProxies: new NetworkSet(snapshot.trustedProxies),
    errorPages: new ErrorPages(),
    limits: snapshot.limits,
    serverIds: new Set(snapshot.origins.flatMap((origin) => origin.servers.map((server) => server.id))),
  };
}

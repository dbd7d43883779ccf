/** What the cache did, by zone and status: the answer of `GET /cache/stats`, and the families of the same numbers. */
import { cacheResults } from '../engine/contract.ts';
import type { ZoneStats } from '../engine/native/binding.ts';
import type { Family, Sample } from './exposition.ts';
import { family } from './families.ts';

export type CacheResultName = (typeof cacheResults)[number];

export interface ZoneCacheStats {
  /** Requests that ended, by what the cache said of them; those without any are left out. */
  requests: Partial<Record<CacheResultName, number>>;
  /** Bytes of bodies sent to clients, likewise. */
  bytes: Partial<Record<CacheResultName, number>>;
  /** Shares (0 to 1) of requests and bytes answered from the store, of those that the cache could have answered; null: none were. */
  hitRatio: { requests: number | null; bytes: number | null };
  /** Requests that followed the fetch of another one. */
  collapsed: number;
  /** Bytes received from origins, for background fetches too. */
  originBytes: number;
}

export interface CacheStats {
  store: Record<string, number>;
  total: ZoneCacheStats;
  zones: Record<string, ZoneCacheStats>;
}

/** All zones beyond those that are counted, or labelled, apart. */
export const otherZones = '(others)';

/** Bodies came from the store. */
const fromStore: ReadonlySet<CacheResultName> = new Set(['hit', 'updating', 'stale', 'revalidated']);
/** The cache was not asked: another phase answered, or the request is none for a cache. */
const notAsked: ReadonlySet<CacheResultName> = new Set(['unknown', 'dynamic', 'none']);

/** Zones with labels of their own in `/metrics`, in the order of their first requests; `/cache/stats` has all. */
const zonesLabelledMax = 1_000;

function ratioOf(counts: readonly number[]): number | null {
  let asked = 0;
  let served = 0;
  for (const [index, name] of cacheResults.entries()) {
    if (notAsked.has(name)) continue;
    asked += counts[index] ?? 0;
    if (fromStore.has(name)) served += counts[index] ?? 0;
  }
  return asked === 0 ? null : Math.round((served / asked) * 10_000) / 10_000;
}

function byName(counts: readonly number[]): Partial<Record<CacheResultName, number>> {
  const named = cacheResults.map((name, index) => [name, counts[index] ?? 0] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

const statsOf = ({ requests, bytes, collapsed, originBytes }: ZoneStats): ZoneCacheStats => ({
  requests: byName(requests),
  bytes: byName(bytes),
  hitRatio: { requests: ratioOf(requests), bytes: ratioOf(bytes) },
  collapsed,
  originBytes,
});

function sumOf(all: readonly ZoneStats[]): ZoneStats {
  const sum: ZoneStats = {
    zone: '',
    requests: cacheResults.map(() => 0),
    bytes: cacheResults.map(() => 0),
    collapsed: 0,
    originBytes: 0,
  };
  for (const zone of all) {
    for (const index of cacheResults.keys()) {
      sum.requests[index] = (sum.requests[index] ?? 0) + (zone.requests[index] ?? 0);
      sum.bytes[index] = (sum.bytes[index] ?? 0) + (zone.bytes[index] ?? 0);
    }
    sum.collapsed += zone.collapsed;
    sum.originBytes += zone.originBytes;
  }
  return sum;
}

/** `store` and `zones` as the addon tells them. */
export function cacheStats(store: Readonly<Record<string, number>>, zones: readonly ZoneStats[]): CacheStats {
  return {
    store: { ...store },
    total: statsOf(sumOf(zones)),
    zones: Object.fromEntries(zones.map((zone) => [zone.zone || otherZones, statsOf(zone)])),
  };
}

function byStatus(zones: readonly ZoneStats[], of: (zone: ZoneStats) => readonly number[]): Sample[] {
  return zones.flatMap((zone) =>
    cacheResults.flatMap((status, index) => {
      const value = of(zone)[index] ?? 0;
      // A row for each status of each zone would be ten times as much, nearly all of it 0.
      return (zone.requests[index] ?? 0) > 0 ? [{ labels: { zone: zone.zone, status }, value }] : [];
    }),
  );
}

export function cacheFamilies(zones: readonly ZoneStats[]): Family[] {
  const isApart = ({ zone }: ZoneStats, index: number) => index < zonesLabelledMax && zone !== '';
  const apart = zones.filter(isApart);
  const rest = zones.filter((zone, index) => !isApart(zone, index));
  const all = rest.length === 0 ? apart : [...apart, { ...sumOf(rest), zone: otherZones }];
  const perZone = (of: (zone: ZoneStats) => number) =>
    all.map((zone) => ({ labels: { zone: zone.zone }, value: of(zone) }));
  return [
    family(
      'parapet_cache_requests_total',
      'counter',
      'Requests by zone and by what the cache said of them. Unit: requests.',
      byStatus(all, ({ requests }) => requests),
    ),
    family(
      'parapet_cache_body_bytes_total',
      'counter',
      'Bytes of bodies sent to clients, by zone and by what the cache said. Unit: bytes.',
      byStatus(all, ({ bytes }) => bytes),
    ),
    family(
      'parapet_cache_collapsed_total',
      'counter',
      'Requests that followed the fetch of another one, by zone. Unit: requests.',
      perZone(({ collapsed }) => collapsed),
    ),
    family(
      'parapet_cache_origin_bytes_total',
      'counter',
      'Bytes received from origins, for background fetches too, by zone. Unit: bytes.',
      perZone(({ originBytes }) => originBytes),
    ),
  ];
}

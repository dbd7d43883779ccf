/** Which zone takes a host: exact names first, then the longest wildcard, then the catch-all. As the engine does it. */
import type { EngineZones } from '../engine/native/binding.ts';

/** `host` in lower case, without port; a dot at its end says nothing. Returns the zone's number, or -1. */
export function zoneOf(zones: EngineZones, given: string): number {
  const host = withoutDot(given);
  const exact = zones.exact.find(([name]) => name === host);
  if (exact !== undefined) return exact[1];
  let best = -1;
  let bestLength = 0;
  for (const [suffix, zone] of zones.wildcard) {
    if (suffix.length <= bestLength || !host.endsWith(`.${suffix}`)) continue;
    best = zone;
    bestLength = suffix.length;
  }
  return best === -1 ? zones.catchAll : best;
}

/** A name may be written as an absolute one, `shop.example.` (RFC 1034 3.1): the same host. */
export function withoutDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

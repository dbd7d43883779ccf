/** Which zone takes a host: exact names first, then the longest wildcard, then the catch-all. As the engine does it. */
import type { EngineZones } from '../engine/native/binding.ts';

/** `host` in lower case, without port. Returns the zone's number, or -1. */
export function zoneOf(zones: EngineZones, host: string): number {
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

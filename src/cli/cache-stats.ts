/** `parapet cache stats`: what the store holds, and what became of requests at the cache, by zone and status. */
import type { CacheStats, ZoneCacheStats } from '../control/index.ts';
import { askAdmin, detailOf } from './admin-client.ts';
import { CommandError, readConfig } from './read-config.ts';

export interface CacheStatsOptions {
  config: string;
  zone?: string;
  json?: boolean;
}

const askMs = 30_000;

const percent = (ratio: number | null) => (ratio === null ? '-' : `${(ratio * 100).toFixed(1)} %`);
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function zoneLines(
  name: string,
  { requests, bytes, hitRatio, collapsed, originBytes }: ZoneCacheStats,
): string[] {
  const rows = Object.entries(requests).toSorted(([, a], [, b]) => b - a);
  return [
    `${name}: hit ratio ${percent(hitRatio.requests)} of requests, ${percent(hitRatio.bytes)} of bytes; ${collapsed} collapsed; ${mebibytes(originBytes)} from origins`,
    ...rows.map(([status, count]) => {
      const sent = bytes[status as keyof typeof bytes] ?? 0;
      return `  ${status.padEnd(12)}${String(count).padStart(14)}  ${mebibytes(sent).padStart(16)}`;
    }),
  ];
}

function storeLines(store: Record<string, number>): string[] {
  const of = (name: string) => store[name] ?? 0;
  return [
    `store: ${mebibytes(of('bytesUsed'))} of ${mebibytes(of('bytesMax'))} in use, ${of('objects')} objects`,
    `  fills ${of('fills')} (${of('fillsActive')} under way), stored ${of('stored')}, refused ${of('refused')}, windowed ${of('windowed')}`,
    `  evicted ${of('evictions')} (${mebibytes(of('bytesEvicted'))}), purges ${of('purges')}`,
  ];
}

export async function cacheStats({ config, zone, json = false }: CacheStatsOptions): Promise<number> {
  const answer = await askAdmin(readConfig(config), {
    method: 'GET',
    path: '/cache/stats',
    timeoutMs: askMs,
  });
  if (answer.status !== 200) throw new CommandError(detailOf(answer));
  const stats = JSON.parse(answer.body) as CacheStats;
  const one = zone === undefined ? undefined : stats.zones[zone];
  if (zone !== undefined && one === undefined)
    throw new CommandError(`no zone "${zone}" has had a request since the process began`);
  if (json) {
    process.stdout.write(`${JSON.stringify(one ?? stats, null, 2)}\n`);
    return 0;
  }
  const lines =
    one !== undefined && zone !== undefined
      ? zoneLines(zone, one)
      : [
          ...storeLines(stats.store),
          ...zoneLines('all zones', stats.total),
          ...Object.entries(stats.zones).flatMap(([name, of]) => zoneLines(name, of)),
        ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** `GET /cache/stats`, the command and the metrics tell what became of requests, by zone and status. */
import type { Test } from 'tap';
import type { CacheStats } from '../../../src/control/index.ts';
import { askAdmin, readMetrics } from '../../support/admin.ts';
import { runCommand } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { ok } from '../../support/scripted-origin.ts';
import { until } from '../../support/within.ts';
import type { Site } from './stampede.ts';

export async function readStats({ parapet }: Site): Promise<CacheStats> {
  return JSON.parse((await askAdmin(parapet, 'GET', '/cache/stats')).body.toString()) as CacheStats;
}

export async function statistics(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const body = 'b'.repeat(1000);
  const before = await readStats(site);
  origin.scripts.set('/counted', (connection) =>
    connection.write(ok(body, { 'Cache-Control': 'max-age=600' })),
  );
  origin.scripts.set('/mine', (connection) => connection.write(ok(body, { 'Cache-Control': 'private' })));
  origin.scripts.set('/checked', (connection, request) =>
    connection.write(
      request.value('if-none-match') === undefined
        ? ok(body, { 'Cache-Control': 'no-cache', ETag: '"1"' })
        : 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nCache-Control: no-cache\r\n\r\n',
    ),
  );
  const get = async (path: string, method = 'GET') =>
    await fetchOnce(parapet.listener(), path, { host: 'counted.test', method });
  for (const path of ['/counted', '/counted', '/counted', '/counted', '/mine', '/checked', '/checked'])
    t.equal((await get(path)).status, 200);
  await get('/counted', 'HEAD');
  await get('/other', 'OPTIONS');

  const zone = await until(10_000, 'all nine in the statistics', async () => {
    const { zones } = await readStats(site);
    const counts = Object.values(zones['counted']?.requests ?? {});
    return counts.reduce((sum, count) => sum + count, 0) === 9 ? zones['counted'] : undefined;
  });
  t.same(zone.requests, { hit: 4, miss: 2, bypass: 1, revalidated: 1, dynamic: 1 });
  t.match(zone.bytes, { hit: 3000, miss: 2000, bypass: 1000, revalidated: 1000 }, 'a HEAD has no body');
  t.equal(zone.hitRatio.requests, 0.625);
  t.ok(zone.originBytes > 3000, `${zone.originBytes} bytes from the origin`);
  const after = await readStats(site);
  t.equal(after.zones['site']?.requests['hit'], before.zones['site']?.requests['hit'], 'zones apart');
  t.ok((after.total.requests.hit ?? 0) - (before.total.requests.hit ?? 0) === 4);
  t.ok((after.store['objects'] ?? 0) > (before.store['objects'] ?? 0));

  t.match(await readMetrics(parapet), /^parapet_cache_requests_total\{zone="counted",status="hit"\} 4$/m);
  t.match(
    await readMetrics(parapet),
    /^parapet_cache_body_bytes_total\{zone="counted",status="miss"\} 2000$/m,
  );
  const command = await runCommand(['cache', 'stats', '-c', parapet.config, '--zone', 'counted']);
  t.match(command.stdout, /^counted: hit ratio 62.5 % of requests[^]*\n {2}hit +4 /);
  const all = await runCommand(['cache', 'stats', '-c', parapet.config, '--json']);
  t.match(JSON.parse(all.stdout), { zones: { counted: { requests: { hit: 4 } } } });
}

import t from 'tap';
import { type cacheResult, cacheResults } from '../../src/engine/contract.ts';
import type { ZoneStats } from '../../src/engine/native/binding.ts';
import { cacheFamilies, cacheStats } from '../../src/metrics/index.ts';

function zone(
  name: string,
  requests: Partial<Record<keyof typeof cacheResult, number>>,
  each = 10,
): ZoneStats {
  const counts = cacheResults.map((result) => requests[result] ?? 0);
  return {
    zone: name,
    requests: counts,
    bytes: counts.map((count) => count * each),
    collapsed: 2,
    originBytes: 100,
  };
}

t.test('requests and bytes are told by zone and status, and summed up', async (t) => {
  const stats = cacheStats({ objects: 3 }, [
    zone('a', { hit: 6, miss: 2 }),
    zone('b', { hit: 1, dynamic: 5 }, 100),
  ]);
  t.same(stats.store, { objects: 3 });
  t.same(stats.zones['a']?.requests, { hit: 6, miss: 2 });
  t.same(stats.zones['b']?.bytes, { hit: 100, dynamic: 500 });
  t.same(stats.total.requests, { hit: 7, miss: 2, dynamic: 5 });
  t.equal(stats.total.collapsed, 4);
  t.equal(stats.total.originBytes, 200);
});

t.test('the hit ratio is over what the cache was asked', async (t) => {
  const { zones } = cacheStats({}, [
    zone('a', {
      hit: 4,
      updating: 1,
      stale: 1,
      revalidated: 2,
      miss: 1,
      expired: 1,
      bypass: 2,
      dynamic: 50,
      none: 9,
    }),
    zone('b', { dynamic: 3 }),
  ]);
  t.equal(zones['a']?.hitRatio.requests, 0.6667);
  t.equal(zones['b']?.hitRatio.requests, null);
});

t.test('families have a sample for each status that a zone had', async (t) => {
  const [requests, bytes, collapsed] = cacheFamilies([
    zone('a', { hit: 6, miss: 2 }),
    zone('b', { none: 1 }),
  ]);
  t.same(requests?.samples, [
    { labels: { zone: 'a', status: 'miss' }, value: 2 },
    { labels: { zone: 'a', status: 'hit' }, value: 6 },
    { labels: { zone: 'b', status: 'none' }, value: 1 },
  ]);
  t.same(bytes?.samples[1], { labels: { zone: 'a', status: 'hit' }, value: 60 });
  t.same(collapsed?.samples, [
    { labels: { zone: 'a' }, value: 2 },
    { labels: { zone: 'b' }, value: 2 },
  ]);
});

t.test('zones beyond a thousand share one label', async (t) => {
  const many = Array.from({ length: 1_005 }, (_, index) => zone(`z${index}`, { hit: 1 }));
  const [requests] = cacheFamilies([...many, zone('', { hit: 1 })]);
  t.equal(requests?.samples.length, 1_001);
  t.same(requests?.samples.at(-1), { labels: { zone: '(others)', status: 'hit' }, value: 6 });
  t.equal(Object.keys(cacheStats({}, many).zones).length, 1_005);
});

/** What an idle connection costs (design, section 8: at most 24 KiB over TLS). */
import type { Test } from 'tap';
import { rssBytes } from '../../support/proc.ts';
import { RawClient } from '../../support/raw-client.ts';
import { isSanitized, scaled } from '../../support/scale.ts';
import { until } from '../../support/within.ts';
import { startTlsSite } from './site.ts';

const bytesMax = 24 * 1024;

export async function idleMemory(t: Test): Promise<void> {
  const { address, parapet } = await startTlsSite(t);
  const child = await parapet.child();
  const open = async (count: number): Promise<RawClient[]> => {
    const clients: RawClient[] = [];
    while (clients.length < count) {
      const batch = Array.from({ length: 25 }, async () => {
        const client = await RawClient.connect(address);
        await client.request('/');
        return client;
      });
      clients.push(...(await Promise.all(batch)));
    }
    return clients;
  };
  const warm = await open(100);
  const before = rssBytes(child) as number;
  const connections = scaled(1000, 1500);
  const clients = await open(connections);
  const after = await until(5_000, 'memory', () => rssBytes(child));
  const each = (after - before) / connections;
  t.comment(`${(each / 1024).toFixed(1)} KiB per idle TLS connection`);
  if (!isSanitized) t.ok(each <= bytesMax, `${each} bytes`);
  for (const client of [...warm, ...clients]) client.destroy();
}

/** Parapet as it is measured: one worker, the file job on, every timer at its default. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readMetric } from '../../test/support/admin.ts';
import { type ConfigObject, siteConfig, writeConfig } from '../../test/support/config.ts';
import { Parapet } from '../../test/support/parapet.ts';
import { until } from '../../test/support/within.ts';
import type { Subject } from './subject.ts';

export async function startSubject(
  folder: string,
  originPort: number,
  core: number | undefined,
  over: ConfigObject = {},
): Promise<Subject> {
  mkdirSync(join(folder, 'var/log'), { recursive: true });
  const path = join(folder, 'parapet.yaml');
  const config = siteConfig(
    { host: '127.0.0.1', port: originPort },
    { workers: 1, limits: { exchangesPerConnectionMax: 1_000_000_000 }, ...over },
  );
  writeConfig(path, config);
  const prefix = core === undefined ? [] : ['taskset', '-c', String(core)];
  const parapet = new Parapet(folder, path, { prefix });
  await parapet.waitReady();
  return {
    name: 'parapet',
    address: parapet.listener(),
    log: parapet.recordsFile,
    isHit: (answer) => (answer.field('Cache-Status') ?? '').startsWith('parapet; hit'),
    pids: async () => [await parapet.child()],
    asidePid: parapet.pid,
    requests: async () => {
      const count = await readMetric(parapet, 'parapet_exchanges_total');
      if (count === undefined) throw new Error('no parapet_exchanges_total in the metrics');
      return count;
    },
    settled: async () => {
      await until(10_000, 'the records of what went before', async () => {
        const requests = await readMetric(parapet, 'parapet_exchanges_total');
        const delivered = await readMetric(parapet, 'parapet_logs_job_delivered_total');
        return requests === delivered ? true : undefined;
      });
    },
    stop: () => parapet.end(),
  };
}

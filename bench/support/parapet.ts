/** Parapet as it is measured: one worker, the file job on, every timer at its default. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readMetric } from '../../test/support/admin.ts';
import { type ConfigObject, siteConfig, writeConfig } from '../../test/support/config.ts';
import { Parapet, repository } from '../../test/support/parapet.ts';
import { until } from '../../test/support/within.ts';
import type { Certificate } from './certificate.ts';
import type { Subject } from './subject.ts';

const schemaText = readFileSync(join(repository, 'config/schema.json'), 'utf8');

/** Whether this version has listeners with TLS. */
export const hasTls: boolean = listenerHasTls();

function listenerHasTls(): boolean {
  const { properties } = JSON.parse(schemaText) as {
    properties: { listeners: { items: { properties: object } } };
  };
  return 'tls' in properties.listeners.items.properties;
}

/** The lists and rules that the rows with rules run with. */
export function hundredRules(): ConfigObject {
  return parse(readFileSync(join(repository, 'bench/rules-100.yaml'), 'utf8')) as ConfigObject;
}

function listeners(certificate: Certificate | undefined): ConfigObject[] {
  const plain = { address: '127.0.0.1:0' };
  return certificate === undefined
    ? [plain]
    : [plain, { ...plain, tls: { certificates: [{ ...certificate }] } }];
}

export async function startSubject(
  folder: string,
  originPort: number,
  core: number | undefined,
  options: { certificate?: Certificate | undefined; over?: ConfigObject } = {},
): Promise<Subject> {
  const { certificate, over = {} } = options;
  mkdirSync(join(folder, 'var/log'), { recursive: true });
  const path = join(folder, 'parapet.yaml');
  const config = siteConfig(
    { host: '127.0.0.1', port: originPort },
    {
      workers: 1,
      listeners: listeners(certificate),
      limits: { exchangesPerConnectionMax: 1_000_000_000 },
      ...over,
    },
  );
  writeConfig(path, config);
  const prefix = core === undefined ? [] : ['taskset', '-c', String(core)];
  const parapet = new Parapet(folder, path, { prefix });
  await parapet.waitReady();
  return {
    name: 'parapet',
    address: parapet.listener(),
    tlsAddress: certificate === undefined ? undefined : parapet.listener(1),
    log: parapet.recordsFile,
    isHit: (answer) => (answer.field('Cache-Status') ?? '').startsWith('parapet; hit'),
    pids: async () => [await parapet.child()],
    asidePid: parapet.pid,
    requests: async () => {
      const count = await readMetric(parapet, 'parapet_exchanges_total');
      if (count === undefined) throw new Error('no parapet_exchanges_total in the metrics');
      return count;
    },
    objects: async () => (await readMetric(parapet, 'parapet_store_objects')) ?? 0,
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

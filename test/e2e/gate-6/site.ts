/** A Parapet whose records go to a file and to a destination over HTTP, and load in front of it. */
import type { Test } from 'tap';
import type { JobStats, ShipperStats } from '../../../src/shipper/protocol.ts';
import { askAdmin } from '../../support/admin.ts';
import { type ConfigObject, recordsPath, siteConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { freeAddress } from '../../support/dead-origins.ts';
import { Load } from '../../support/load.ts';
import type { Parapet } from '../../support/parapet.ts';
import { patternBody } from '../../support/pattern.ts';
import { until } from '../../support/within.ts';

export const body = patternBody(1024);

export const fileJob: ConfigObject = {
  name: 'access',
  dataset: 'http_requests',
  destination: { type: 'file', path: recordsPath },
};

export function httpJob(url: string, over: ConfigObject = {}): ConfigObject {
  return {
    name: 'remote',
    dataset: 'http_requests',
    destination: { type: 'http', url, timeouts: { headersMs: 1000, bodyMs: 1000, totalMs: 3000 } },
    output: { field_names: ['RayID', 'EdgeResponseStatus', 'Sequence', 'WorkerIndex', 'LostRecords'] },
    ...over,
  };
}

export async function cachedSite(
  t: Test,
  jobs: ConfigObject[],
  logs: ConfigObject = {},
): Promise<ConfigObject> {
  const origin = await startCountingOrigin(t);
  origin.fallback = (_request, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end(body);
  };
  // Every life must come up where the clients look for it.
  const { host, port } = await freeAddress();
  return siteConfig(origin.address, { listeners: [{ address: `${host}:${port}` }], logs: { jobs, ...logs } });
}

export function startLoad(t: Test, parapet: Parapet, connections: number): Load {
  const targets = ['/a', '/b?c=d', '/e'].map((path) => ({ path, body }));
  const load = new Load({ address: parapet.listener(), connections, targets });
  t.teardown(() => load.stop());
  return load;
}

export async function logStats(parapet: Parapet): Promise<ShipperStats> {
  return JSON.parse((await askAdmin(parapet, 'GET', '/logs/stats')).body.toString()) as ShipperStats;
}

export async function jobStats(parapet: Parapet, name: string): Promise<JobStats> {
  const job = (await logStats(parapet)).jobs.find((one) => one.name === name);
  if (job === undefined) throw new Error(`there is no job ${name}`);
  return job;
}

/** What the law of conservation leaves over: 0. */
export function unaccounted({ emitted, delivered, filtered, sampled, dropped, inFlight }: JobStats): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return emitted - delivered - filtered - sampled - lost - inFlight;
}

/** Waits until the job has delivered everything; load that was stopped may still have its last records to commit. */
export async function delivered(parapet: Parapet, name: string, timeoutMs: number): Promise<JobStats> {
  let last: JobStats | undefined;
  return await until(
    timeoutMs,
    `all records of job ${name}`,
    async () => {
      const { jobs, rings } = await logStats(parapet);
      last = jobs.find((job) => job.name === name);
      const areEmpty = rings.every(({ bytesUsed }) => bytesUsed === 0);
      return areEmpty && last?.inFlight === 0 ? last : undefined;
    },
    () => JSON.stringify(last),
  );
}

/** Ray ids that clients received and the destination did not, and those that came more than once. */
export function compare(load: Load, rays: Map<string, number>): { missing: string[]; doubled: string[] } {
  return {
    missing: [...load.rays].filter((ray) => !rays.has(ray)),
    doubled: [...rays].filter(([, times]) => times > 1).map(([ray]) => ray),
  };
}

/** The admin API of a Parapet under test. */
import type { Parapet } from './parapet.ts';
import { type Answer, fetchOnce, type RequestOptions } from './raw-client.ts';
import { until } from './within.ts';

/** GET as anybody, anything else with the token. */
export async function askAdmin(
  parapet: Parapet,
  method: string,
  path: string,
  options: RequestOptions & { json?: unknown } = {},
): Promise<Answer> {
  const { host, port } = parapet.admin;
  const { json, fields, ...rest } = options;
  return await fetchOnce(parapet.admin, path, {
    method,
    host: `${host}:${port}`,
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...rest,
    fields: {
      ...(method === 'GET' || method === 'HEAD' ? {} : { Authorization: `Bearer ${parapet.adminToken()}` }),
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...fields,
    },
  });
}

export async function readMetrics(parapet: Parapet): Promise<string> {
  return (await askAdmin(parapet, 'GET', '/metrics')).body.toString();
}

/** A metric summed over its labels; undefined where it is missing. */
export async function readMetric(parapet: Parapet, name: string): Promise<number | undefined> {
  const text = await readMetrics(parapet);
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'gm'))];
  return values.length === 0 ? undefined : values.reduce((sum, [, value]) => sum + Number(value), 0);
}

export async function waitMetric(
  parapet: Parapet,
  name: string,
  isReached: (value: number) => boolean,
  timeoutMs = 10_000,
): Promise<number> {
  let last: number | undefined;
  return await until(
    timeoutMs,
    `metric ${name}`,
    async () => {
      last = await readMetric(parapet, name);
      return last !== undefined && isReached(last) ? last : undefined;
    },
    () => `(it is ${last})`,
  );
}

/** The records that a file job wrote: read as NDJSON, a torn or foreign line is an error. */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './within.ts';

export type LogRecord = { [field: string]: unknown } & { RayID: string };

/** The file of a job, and what was rotated away from it. */
function filesOf(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const name = basename(path);
  return readdirSync(folder)
    .filter((each) => each.startsWith(name) && !each.endsWith('.tmp'))
    .map((each) => join(folder, each));
}

export async function eachRecord(path: string, take: (record: LogRecord) => void): Promise<void> {
  for (const file of filesOf(path)) {
    const lines = createInterface({
      input: createReadStream(file, { highWaterMark: 1 << 20 }),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const record = JSON.parse(line) as LogRecord;
      if (typeof record.RayID === 'string') take(record);
    }
  }
}

export async function readRecords(path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await eachRecord(path, (record) => records.push(record)).catch((error: unknown) => {
    // A line may be in the middle of its way to the file while the proxy runs.
    if (!(error instanceof SyntaxError)) throw error;
  });
  return records;
}

/** How often each ray id is in the file. */
export async function countRays(path: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const pattern = /"RayID":"([0-9a-f]{16})"/;
  for (const file of filesOf(path)) {
    const lines = createInterface({
      input: createReadStream(file, { highWaterMark: 1 << 20 }),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const ray = pattern.exec(line)?.[1];
      if (ray !== undefined) counts.set(ray, (counts.get(ray) ?? 0) + 1);
    }
  }
  return counts;
}

/** The record of one ray id, once it is in the file. */
export async function waitRecord(
  path: string,
  ray: string | undefined,
  timeoutMs = 5_000,
): Promise<LogRecord> {
  if (ray === undefined) throw new Error('the response has no parapet-ray');
  return await until(timeoutMs, `the record of ${ray}`, async () =>
    (await readRecords(path)).find((each) => each.RayID === ray),
  );
}

/** The first record that `matches`, once it is in the file: for exchanges whose client saw no ray id. */
export async function waitRecordWhere(
  path: string,
  what: string,
  matches: (record: LogRecord) => boolean,
  timeoutMs = 5_000,
): Promise<LogRecord> {
  return await until(timeoutMs, `a record of ${what}`, async () => (await readRecords(path)).find(matches));
}

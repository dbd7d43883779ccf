/** What is in the way of a start or of reading: damaged files, and files that cannot be opened for now. */
import fs, { readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { SpoolFiles } from '../../src/logs/index.ts';
import { full, Harness, jobConfig, range, unaccounted } from './harness.ts';

const jobs = [jobConfig('up'), jobConfig('down')];
const records = 40;

/** A process that delivered to `up`, and ended while `down` refused. */
async function ended(h: Harness): Promise<string> {
  const ring = h.ring();
  h.start(jobs, [ring]);
  h.sink('down').reply = full;
  for (const ray of range(1, records)) {
    ring.write({ ray });
    await h.pass(5);
  }
  await h.pass(500);
  h.send({ type: 'drain', deadlineMs: 50 });
  await h.pass(100);
  unlinkSync(ring.path);
  return join(h.folder, 'spool');
}

function filesOf(spool: string, suffix: string): string[] {
  return readdirSync(spool).flatMap((name) => (name.endsWith(suffix) ? [join(spool, name)] : []));
}

function flipEnd(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length - 30;
  bytes[at] = (bytes[at] as number) ^ 0xff;
  writeFileSync(path, bytes);
}

t.test(
  'a place that was written down and makes no sense: the job begins with the oldest record',
  async (t) => {
    for (const damage of [
      (path: string) => truncateSync(path, 0),
      (path: string) => truncateSync(path, 100),
      (path: string) => writeFileSync(path, Buffer.alloc(32 * 1024, 0x5a)),
    ]) {
      const h = new Harness(t);
      for (const path of filesOf(await ended(h), '.state')) damage(path);
      const next = new Harness(t, { folder: h.folder });
      next.start(jobs);
      await next.pass(300);
      t.same(next.sink('down').rays, range(1, records));
      t.equal(unaccounted(next.job('down')), 0);
      t.match(next.notices('error'), [/job up: .*makes no sense/, /job down: .*makes no sense/]);
    }
  },
);

t.test('a place that is gone: the job is new, and what it will not get is told', async (t) => {
  const h = new Harness(t);
  for (const path of filesOf(await ended(h), '.state')) unlinkSync(path);
  const next = new Harness(t, { folder: h.folder });
  next.start(jobs);
  await next.pass(300);
  t.same(next.sink('down').rays, []);
  t.match(next.notices('info'), [/job up: .*new.* 40 records/, /job down: .*new.* 40 records/]);
});

t.test('what is missing at the end of the spool is counted and told to those who needed it', async (t) => {
  for (const damage of [
    (path: string) => truncateSync(path, fs.statSync(path).size - 100),
    flipEnd,
    (path: string) => unlinkSync(path),
  ]) {
    const h = new Harness(t);
    const spool = await ended(h);
    damage(filesOf(spool, '.spool').at(-1) as string);
    const next = new Harness(t, { folder: h.folder });
    const ring = next.ring({ bootId: 2n });
    next.start(jobs, [ring]);
    await next.pass(300);
    const told = () => next.sink('down').lines.reduce((sum, line) => sum + line.LostRecords, 0);
    const got = () => next.sink('down').rays.length;
    t.ok(told() > 0, 'without waiting for a new record');
    t.equal(told() + got(), records);
    ring.write({ ray: 1000 });
    await next.pass(300);
    t.equal(told() + got(), records + 1);
    t.same(next.sink('up').rays, [1000]);
    t.equal(
      told(),
      Object.values(next.job('down').dropped).reduce((sum, count) => sum + count, 0),
    );
    t.equal(unaccounted(next.job('down')), 0);
    t.equal(next.job('down').inFlight, 0);
    t.match(next.notices('error').join('\n'), /job down: [0-9]+ records of the spool/);
    t.notMatch(next.notices('error').join('\n'), /job up/);
  }
});

t.test('a file of the spool that cannot be opened for now is no damage: nothing is lost', async (t) => {
  const h = new Harness(t);
  await ended(h);
  let isRefused = false;
  const openSync: SpoolFiles['openSync'] = (path, flags, mode) => {
    if (isRefused && flags === 'r') throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    return fs.openSync(path, flags, mode);
  };
  const next = new Harness(t, { folder: h.folder, files: { openSync } });
  isRefused = true;
  next.start(jobs);
  await next.pass(300);
  t.match(next.notices('error'), [/cannot open the spool/], 'at a start');
  isRefused = false;
  await next.pass(1_500);
  t.same(next.sink('down').rays, range(1, records));

  const third = new Harness(t, { folder: h.folder, files: { openSync } });
  const ring = third.ring({ bootId: 3n });
  third.start(jobs, [ring]);
  third.sink('down').reply = full;
  for (const ray of range(1, 20)) {
    ring.write({ ray });
    await third.pass(20);
  }
  // The batch is thrown away with its config: its records are read again, from the disk.
  isRefused = true;
  third.configure([jobConfig('up'), jobConfig('down', { max_records: 7 })]);
  await third.pass(3_000);
  t.match(third.notices('error').join('\n'), /job down cannot (read|deliver)/);
  isRefused = false;
  third.sink('down').reply = null;
  await third.pass(3_000);
  t.same(
    [...(third.sinks.get('down') ?? [])].flatMap(({ rays }) => rays),
    range(1, 20),
  );
  t.match(third.job('down'), { dropped: { damaged: 0, behind: 0 }, inFlight: 0 });
});

/**
 * Gate 6: delivery. Whatever a destination does (it is away, refuses, hangs, breaks off), and whatever happens to the
 * process, every response that a client received has its record there, once, or is counted.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askAdmin, readMetric } from '../support/admin.ts';
import { writeConfig } from '../support/config.ts';
import { skipReason, startParapet } from '../support/parapet.ts';
import { countRays, readRecords } from '../support/records.ts';
import { isFull, isSanitized, patience, scaled } from '../support/scale.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until, within } from '../support/within.ts';
import { Destination } from './gate-6/destination.ts';
import {
  cachedSite,
  compare,
  delivered,
  fileJob,
  httpJob,
  jobStats,
  logStats,
  startLoad,
  unaccounted,
} from './gate-6/site.ts';

const connections = isSanitized ? 4 : 16;
const awayMs = isFull ? 60_000 : 5_000;

t.test(
  `a destination is away for ${awayMs / 1000} s at full load: nothing is lost, and the other one is complete`,
  { skip: skipReason, timeout: patience(awayMs + 150_000) },
  async (t) => {
    const remote = await Destination.start(t);
    const parapet = await startParapet(t, await cachedSite(t, [fileJob, httpJob(remote.url)]));
    const load = startLoad(t, parapet, connections);
    await within(20_000, 'load', load.more(500));
    await remote.close();
    await until(20_000, 'the job to fail', async () =>
      (await jobStats(parapet, 'remote')).isFailing ? true : undefined,
    );
    const before = load.whole;
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    t.ok(load.whole - before > 500, 'the load went on');
    const down = await jobStats(parapet, 'remote');
    t.ok(down.inFlight > 500);
    t.match(down.lastError, /ECONNREFUSED/);
    t.equal(unaccounted(down), 0);
    await remote.open();
    await load.stop();
    const access = await delivered(parapet, 'access', 20_000);
    const job = await delivered(parapet, 'remote', 130_000);
    for (const one of [job, access]) {
      t.equal(unaccounted(one), 0, one.name);
      t.equal(one.delivered, one.emitted, `${one.name}: nothing dropped`);
    }
    t.equal(job.delivered, access.delivered);
    t.same(compare(load, remote.rays()), { missing: [], doubled: [] });
    t.same(remote.changed, []);
    t.same(compare(load, await countRays(parapet.recordsFile)), { missing: [], doubled: [] });
    t.equal(await readMetric(parapet, 'parapet_logs_ring_dropped_total'), 0);
    t.comment(
      `${load.rays.size} responses, ${remote.batches.size} batches, ${down.inFlight} were in the spool`,
    );
  },
);

t.test(
  'a destination answers 500, asks to wait, says nothing, breaks off: each batch comes again, as it was',
  { skip: skipReason, timeout: patience(120_000) },
  async (t) => {
    const remote = await Destination.start(t);
    const parapet = await startParapet(t, await cachedSite(t, [httpJob(remote.url)]));
    const load = startLoad(t, parapet, 2);
    for (const mood of [
      { kind: 'status', status: 500 },
      { kind: 'status', status: 429, retryAfter: 2 },
      { kind: 'silent' },
      { kind: 'half' },
    ] as const) {
      await within(20_000, 'load', load.more(20));
      remote.mood = mood;
      const from = remote.attempts.length;
      const failures = (await jobStats(parapet, 'remote')).failures;
      await until(20_000, `a failure by ${mood.kind}`, async () =>
        (await jobStats(parapet, 'remote')).failures > failures ? true : undefined,
      );
      remote.mood = { kind: 'accept' };
      await until(30_000, `delivery after ${mood.kind}`, async () => {
        const job = await jobStats(parapet, 'remote');
        return job.isFailing ? undefined : true;
      });
      if (mood.kind !== 'status' || !('retryAfter' in mood)) continue;
      const [first, second] = remote.attempts.slice(from).filter(({ id }, _, all) => id === all[0]?.id);
      t.ok(
        (second?.atMs ?? 0) - (first?.atMs ?? 0) >= mood.retryAfter * 1000,
        'not sooner than it was asked',
      );
    }
    await load.stop();
    const job = await delivered(parapet, 'remote', 60_000);
    t.equal(unaccounted(job), 0);
    t.equal(job.delivered, job.emitted);
    t.same(compare(load, remote.rays()), { missing: [], doubled: [] });
    t.same(remote.changed, [], 'the same bytes under the same id');
    t.ok(
      [...remote.batches.values()].some(({ times }) => times > 1),
      'one came again after half an answer',
    );
  },
);

const kills = scaled(6, 30);

t.test(
  `${kills} kills of child or both during delivery: each record comes once, batches by their id`,
  { skip: skipReason, timeout: patience(isFull ? 800_000 : 120_000) },
  async (t) => {
    const remote = await Destination.start(t);
    const config = await cachedSite(t, [fileJob, httpJob(remote.url, { batch: { max_records: 40 } })]);
    let parapet = await startParapet(t, config);
    const load = startLoad(t, parapet, connections);
    for (let kill = 0; kill < kills; kill += 1) {
      await within(30_000, `load after kill ${kill}`, load.more(100 + ((kill * 37) % 300)));
      if (kill % 3 === 1) remote.mood = { kind: 'half' };
      if (kill % 2 === 0) {
        const child = await parapet.child();
        process.kill(child, 'SIGKILL');
        await parapet.child(child);
      } else {
        load.pause();
        await parapet.killBoth();
        parapet = await startParapet(t, config, { folder: parapet.folder });
        load.resume();
      }
      remote.mood = { kind: 'accept' };
    }
    await within(30_000, 'load after the last kill', load.more(100));
    await load.stop();
    t.same(load.faults, []);
    for (const name of ['access', 'remote']) {
      const job = await delivered(parapet, name, 90_000);
      t.equal(unaccounted(job), 0, name);
    }
    t.same(compare(load, remote.rays()), { missing: [], doubled: [] }, 'at the destination');
    t.same(remote.changed, []);
    t.same(compare(load, await countRays(parapet.recordsFile)), { missing: [], doubled: [] }, 'in the file');
    const again = [...remote.batches.values()].filter(({ times }) => times > 1).length;
    t.comment(
      `${kills} kills, ${load.rays.size} responses, ${remote.batches.size} batches, ${again} came again`,
    );
  },
);

t.test(
  'jobs that change over a restart: one goes on, one is new, one is told as dropped',
  { skip: skipReason },
  async (t) => {
    const remote = await Destination.start(t);
    const config = await cachedSite(t, [fileJob, httpJob(remote.url), httpJob(remote.url, { name: 'gone' })]);
    await remote.close();
    const first = await startParapet(t, { ...config });
    const load = startLoad(t, first, 2);
    await within(20_000, 'load', load.more(200));
    await load.stop();
    const { code } = await first.stop();
    t.equal(code, 0);
    await remote.open();
    const logs = config['logs'] as object;
    const jobs = [
      fileJob,
      httpJob(remote.url, { filter: 'EdgeResponseStatus eq 200' }),
      httpJob(remote.url, { name: 'new' }),
    ];
    const second = await startParapet(t, { ...config, logs: { ...logs, jobs } }, { folder: first.folder });
    const job = await delivered(second, 'remote', 60_000);
    t.equal(unaccounted(job), 0);
    t.same(compare(load, remote.rays()), { missing: [], doubled: [] }, 'it went on where it was');
    t.equal((await jobStats(second, 'new')).delivered, 0, 'a new job gets what comes');
    t.match(
      second.stderr,
      /job gone is no longer configured: [0-9]+ records that it had not delivered are dropped/,
    );

    // A reload in which a job is filtered away, and comes back.
    writeConfig(second.config, { ...config, logs: { ...logs, jobs: [fileJob] } });
    t.equal((await askAdmin(second, 'POST', '/reload')).status, 200);
    t.same(
      (await logStats(second)).jobs.map(({ name }) => name),
      ['access'],
    );
  },
);

t.test(
  'a disk that is full: the proxy serves, what waits is in the rings, and goes on when there is space',
  { skip: skipReason || (process.getuid?.() === 0 ? false : 'needs root, to mount a small file system') },
  async (t) => {
    const disk = temporaryFolder(t);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      t.comment('skipped: mounting is not allowed here');
      return;
    }
    t.teardown(() => execFileSync('umount', ['-l', disk]));
    const folder = join(disk, 'site');
    mkdirSync(folder);
    const remote = await Destination.start(t);
    const logs = { ringBytes: 1 << 20, spool: { bytesMax: 64 << 20, segmentBytes: 1 << 20 } };
    const parapet = await startParapet(t, await cachedSite(t, [httpJob(remote.url)], logs), { folder });
    const load = startLoad(t, parapet, 4);
    await within(20_000, 'load', load.more(100));
    await delivered(parapet, 'remote', 20_000).catch(() => undefined);
    const filler = join(disk, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(16 << 20));
    } catch {
      // All that there is.
    }
    await until(20_000, 'the disk to be told as full', async () =>
      (await logStats(parapet)).spool.lastError?.startsWith('ENOSPC') === true ? true : undefined,
    );
    const before = load.whole;
    await within(20_000, 'load on a full disk', load.more(200));
    t.ok(load.whole > before);
    writeFileSync(filler, '');
    await until(20_000, 'the spool to be written', async () =>
      (await logStats(parapet)).spool.lastError === null ? true : undefined,
    );
    await load.stop();
    const job = await until(60_000, 'all records', async () => {
      const { jobs, rings } = await logStats(parapet);
      const isEmpty = rings.every(({ bytesUsed }) => bytesUsed === 0);
      return isEmpty && jobs[0]?.inFlight === 0 ? jobs[0] : undefined;
    });
    t.equal(unaccounted(job), 0);
    const { missing, doubled } = compare(load, remote.rays());
    t.same(doubled, []);
    t.ok(
      missing.length <= job.dropped.ring_full,
      `${missing.length} missing, ${job.dropped.ring_full} told as lost`,
    );
    t.match(parapet.stderr, /the disk of the spool is full/);
  },
);

t.test('a job that is sampled and filtered, and the sum', { skip: skipReason }, async (t) => {
  const remote = await Destination.start(t);
  const jobs = [
    fileJob,
    httpJob(remote.url, {
      filter: '{"where":{"key":"ClientRequestPath","operator":"!eq","value":"/e"}}',
      sample_rate: 0.5,
    }),
  ];
  const parapet = await startParapet(t, await cachedSite(t, jobs));
  const load = startLoad(t, parapet, 4);
  await within(20_000, 'load', load.more(600));
  await load.stop();
  t.equal((await parapet.stop()).code, 0);
  const records = await readRecords(parapet.recordsFile);
  const wanted = new Set(
    records.filter(({ ClientRequestPath }) => ClientRequestPath !== '/e').map(({ RayID }) => RayID),
  );
  const rays = remote.rays();
  t.ok(rays.size > wanted.size / 4 && rays.size < (wanted.size * 3) / 4, `${rays.size} of ${wanted.size}`);
  t.ok([...rays.keys()].every((ray) => wanted.has(ray)));
});

import fs, { existsSync } from 'node:fs';
import t from 'tap';
import type { SpoolFiles } from '../../src/logs/index.ts';
import { longestSleep, retryAfter, sleepAfter } from '../../src/shipper/pace.ts';
import { full, Harness, jobConfig, range, unaccounted } from './harness.ts';

t.test(
  'records of all rings are delivered; their space is given back once they are in the spool',
  async (t) => {
    const h = new Harness(t);
    const rings = [h.ring({ workerIndex: 0 }), h.ring({ workerIndex: 1 })];
    h.start([jobConfig('a')], rings);
    const sink = h.sink('a');
    sink.reply = undefined;
    for (const ray of range(1, 10)) rings[ray % 2]?.write({ ray });
    await h.pass(300);
    t.ok(sink.isWaiting);
    t.equal(rings[0]?.head, rings[0]?.tail, 'whatever the destination does');
    t.match(h.stats.jobs, [{ emitted: 10, delivered: 0, inFlight: 10 }]);
    sink.answer(null);
    t.same(
      sink.rays.sort((a, b) => a - b),
      range(1, 10),
    );
    t.match(h.stats.jobs, [
      { name: 'a', delivered: 10, inFlight: 0, batches: 1, lagBytes: 0, isFailing: false },
    ]);
  },
);

t.test('a batch goes when it is full, or when its first record has waited long enough', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_records: 4, max_interval: 1 })], [ring]);
  const sink = h.sink('a');
  for (const ray of range(1, 10)) ring.write({ ray });
  await h.pass(100);
  t.equal(sink.batches.length, 2, 'two full ones at once');
  t.equal(sink.lines.length, 8);
  await h.pass(800);
  t.equal(sink.batches.length, 2);
  await h.pass(200);
  t.equal(sink.lines.length, 10);
});

t.test('no batch is larger than its bytes', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_bytes: 4096 })], [ring]);
  const sink = h.sink('a');
  for (const ray of range(1, 200)) ring.write({ ray });
  await h.pass(500);
  t.same(sink.rays, range(1, 200));
  t.ok(sink.batches.every((batch) => batch.length <= 4096));
  t.ok(sink.batches.length < 10);
});

t.test(
  'a batch that is refused is sent again as it was, later and later, and the operator is told once',
  async (t) => {
    const h = new Harness(t);
    const ring = h.ring();
    h.start([jobConfig('a')], [ring]);
    const sink = h.sink('a');
    sink.reply = full;
    for (const ray of range(1, 5)) ring.write({ ray });
    await h.pass(30_000);
    t.ok(sink.attempts > 4 && sink.attempts < 30, `${sink.attempts} attempts`);
    t.match(h.stats.jobs, [{ delivered: 0, isFailing: true, lastError: 'ENOSPC: no space left on device' }]);
    t.equal(h.notices('error').length, 1);
    t.match(h.notices('error')[0], /job a cannot deliver to the sink of a test: no space left/);
    await h.pass(40_000);
    t.equal(h.notices('error').length, 2, 'once a minute');
    for (const ray of range(6, 9)) ring.write({ ray });
    sink.reply = null;
    await h.pass(60_000);
    t.same(sink.rays, range(1, 9));
    t.equal(new Set(sink.ids.slice(0, sink.attempts - 1)).size, 1, 'under the same id');
    t.match(h.stats.jobs, [{ delivered: 9, inFlight: 0, isFailing: false, lastError: null }]);
    t.match(h.notices('info'), [/job a delivers to the sink of a test again after \d+ s/]);
  },
);

t.test('a slow destination gets one batch at a time', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_records: 10 })], [ring]);
  const sink = h.sink('a');
  sink.reply = undefined;
  for (const ray of range(1, 50)) ring.write({ ray });
  for (let batch = 0; batch < 5; batch++) {
    await h.pass(50);
    t.equal(sink.attempts, batch + 1);
    sink.answer(null);
  }
  t.same(sink.rays, range(1, 50));
});

t.test(
  'a job that is down costs neither another one nor itself a record, as long as there is space',
  async (t) => {
    const h = new Harness(t);
    const ring = h.ring();
    h.start([jobConfig('up'), jobConfig('down')], [ring]);
    h.sink('down').reply = full;
    const total = 5000;
    for (let ray = 1; ray <= total; ray++) {
      while (ring.free < 1024) await h.pass(5);
      ring.write({ ray });
    }
    await h.pass(1000);
    t.same(h.sink('up').rays, range(1, total));
    t.match(h.job('down'), { delivered: 0, inFlight: total });
    h.sink('down').reply = null;
    await h.pass(120_000);
    t.same(h.sink('down').rays, range(1, total));
  },
);

t.test(
  'a job that is overtaken by the bounds of the spool loses counted records, and is told of them',
  async (t) => {
    const h = new Harness(t, { spool: { bytesMax: 400_000, segmentBytes: 100_000 } });
    const ring = h.ring({ workerIndex: 3 });
    h.start([jobConfig('up'), jobConfig('down')], [ring]);
    h.sink('down').reply = full;
    const total = 5000;
    for (let ray = 1; ray <= total; ray++) {
      while (ring.free < 1024) await h.pass(5);
      ring.write({ ray });
    }
    await h.pass(1000);
    t.same(h.sink('up').rays, range(1, total), 'it costs the other one nothing');
    t.ok(h.stats.spool.bytes <= 400_000);
    t.ok(h.notices('error').some((text) => /job down is behind.*: \d+ records dropped for it/.test(text)));
    t.equal(unaccounted(h.job('down')), 0);
    h.sink('down').reply = null;
    await h.pass(120_000);
    const { lines } = h.sink('down');
    t.match(h.job('up'), { emitted: total, delivered: total, inFlight: 0 });
    const { delivered, dropped, inFlight } = h.job('down');
    t.equal(delivered + dropped.behind, total, 'emitted = delivered + dropped');
    t.equal(inFlight, 0);
    t.ok(dropped.behind > 1000);
    // Sequence numbers go on without a gap, counting what losses stand for.
    let next = 0;
    for (const { Sequence, Outcome, Reason, LostRecords, WorkerIndex } of lines) {
      t.equal(Sequence, next);
      t.equal(WorkerIndex, 3);
      next += Outcome === 'lost' ? LostRecords : 1;
      if (Outcome === 'lost') t.equal(Reason, 'log_job_behind');
    }
    t.equal(next, total);
    t.ok(lines.some(({ Outcome }) => Outcome === 'lost'));
  },
);

t.test('a disk that is full: records wait in the ring, and go on when there is space', async (t) => {
  let isFull = true;
  const writeSync = (...[fd, bytes, ...rest]: Parameters<SpoolFiles['writeSync']>): number => {
    const isBlock = bytes.length > 100_000;
    if (isFull && isBlock) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    return fs.writeSync(fd, bytes, ...rest);
  };
  const h = new Harness(t, { files: { writeSync } });
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  let ray = 0;
  while (ring.free > 600) ring.write({ ray: ++ray });
  await h.pass(10_000);
  t.equal(ring.head, 0);
  t.match(h.stats.spool, { lastError: 'ENOSPC: no space left on device' });
  t.ok(h.stats.spool.failures >= 5);
  t.equal(h.notices('error').length, 1);
  t.match(h.notices('error')[0], /the disk of the spool is full.*records wait in the rings/);
  isFull = false;
  await h.pass(3_000);
  t.match(h.notices('info'), [/the spool is written again/]);
  t.same(h.sink('a').rays, range(1, ray));
  t.match(h.stats.spool, { lastError: null });
});

t.test('draining: everything is delivered at once, and rings without a writer are removed', async (t) => {
  const h = new Harness(t);
  const [ended, alive] = [h.ring(), h.ring()];
  h.start([jobConfig('a', { max_interval: 100 })], [ended, alive]);
  for (const ray of range(1, 3)) ended.write({ ray });
  alive.write({ ray: 4 });
  await h.pass(100);
  t.equal(h.sink('a').lines.length, 0);
  ended.end();
  h.send({ type: 'drain', deadlineMs: 1000 });
  await h.pass(20);
  t.match(h.drained, { isComplete: true, stats: { jobs: [{ delivered: 4 }] } });
  t.notOk(existsSync(ended.path));
  t.ok(existsSync(alive.path), 'a ring whose writer may still write stays');
  t.ok(h.sink('a').isClosed);
  t.equal(h.clock.nextMs, undefined, 'nothing is left to do');
});

t.test('draining ends at its deadline, whatever the destination does', async (t) => {
  for (const reply of [full, undefined]) {
    const h = new Harness(t);
    const ring = h.ring();
    h.start([jobConfig('a')], [ring]);
    h.sink('a').reply = reply;
    ring.write({ ray: 1 });
    ring.end();
    h.send({ type: 'drain', deadlineMs: 1000 });
    await h.pass(900);
    t.equal(h.drained, undefined);
    await h.pass(200);
    t.match(h.drained, { isComplete: false, stats: { jobs: [{ delivered: 0 }] } });
    const next = new Harness(t, { folder: h.folder });
    next.start([jobConfig('a')]);
    await next.pass(300);
    t.same(next.sink('a').rays, [1], 'the next start delivers it');
    t.equal(next.sink('a').ids[0], h.sink('a').ids[0], 'under the id that it had');
  }
});

t.test('without jobs nobody wants the records', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([], [ring]);
  for (const ray of range(1, 10)) ring.write({ ray });
  await h.pass(50);
  t.equal(ring.head, ring.tail);
});

t.test('what a destination asks to wait counts from its answer, however long that took', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  const sink = h.sink('a');
  sink.reply = undefined;
  ring.write({ ray: 1 });
  await h.pass(500);
  t.equal(sink.attempts, 1);
  await h.pass(30_000);
  sink.answer({ code: 'HTTP_429', message: 'not now', retryAfterMs: 2000 });
  await h.pass(1900);
  t.equal(sink.attempts, 1, 'not yet');
  sink.reply = null;
  await h.pass(200);
  t.equal(sink.attempts, 2);
  t.same(sink.rays, [1]);
});

t.test('SIGUSR1 reaches the sinks', (t) => {
  const h = new Harness(t);
  h.start([jobConfig('a'), jobConfig('b')]);
  h.send({ type: 'reopen' });
  t.equal(h.sink('a').reopened + h.sink('b').reopened, 2);
  t.end();
});

t.test('an idle shipper looks seldom, a busy one often', async (t) => {
  const h = new Harness(t);
  const ring = h.ring({ framesBytes: 16 << 20 });
  h.start([jobConfig('a')], [ring]);
  await h.pass(200);
  t.equal(h.clock.nextMs, 50);
  for (let ray = 0; ray < 9000; ray++) ring.write({ ray });
  await h.pass(50);
  t.ok((h.clock.nextMs ?? 100) < 50, `${h.clock.nextMs}`);
});

t.test('no ring can fill up while the shipper sleeps', (t) => {
  for (const ringBytes of [256 * 1024, 1 << 20, 16 << 20, 1 << 30]) {
    const longest = longestSleep(ringBytes);
    t.ok(longest >= 1 && longest <= 50);
    t.ok(longest * 128 * 1024 <= ringBytes / 2 || longest === 1);
    t.equal(sleepAfter(0, 20, longest), longest);
    t.ok(sleepAfter(0.5, 20, longest) <= 5);
    t.equal(sleepAfter(1, 1, longest), 1);
  }
  t.end();
});

t.test('retries spread out, and never wait for long', (t) => {
  for (let failures = 1; failures < 100; failures++) {
    t.equal(retryAfter(failures, 0), 20);
    t.ok(retryAfter(failures, 1) <= 60_000);
  }
  t.equal(retryAfter(1, 1), 500);
  t.equal(retryAfter(2, 1), 1000);
  t.equal(retryAfter(50, 1), 60_000);
  t.end();
});

t.test('a destination that comes and goes is told a few times a minute, with how often it was', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_records: 1 })], [ring]);
  const sink = h.sink('a');
  for (const ray of range(1, 40)) {
    sink.reply = full;
    ring.write({ ray });
    await h.pass(100);
    sink.reply = null;
    await h.pass(600);
  }
  t.equal(h.job('a').delivered, 40);
  t.equal(h.notices('error').length, 4);
  t.equal(h.notices('info').length, 4, 'its return as often');
  await h.pass(60_000);
  sink.reply = full;
  ring.write({ ray: 41 });
  await h.pass(500);
  t.match(h.notices('error').at(-1), /\(37 times in the last minute\)$/);
});

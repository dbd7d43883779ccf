import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { full, Harness, jobConfig, range, roomy } from './harness.ts';

const earlier = { bootId: 0xabcn };

t.test('rings of an earlier process are delivered, with what was under way, and removed', async (t) => {
  const h = new Harness(t);
  const left = h.ring({ ...earlier, workerIndex: 2 });
  for (const ray of range(1, 5)) left.write({ ray });
  left.write({ ray: 6 }, {}, 'prepared');
  left.live(0, 6n, '/six');
  left.live(1, 7n, '/seven');
  const ours = h.ring();
  h.start([jobConfig('a')], [ours]);
  t.match(
    h.posted.find(({ type }) => type === 'started'),
    { recovered: 1, setAside: 0 },
  );
  ours.write({ ray: 8 });
  await h.pass(300);
  t.same(
    h.sink('a').rays.sort((a, b) => a - b),
    range(1, 8),
  );
  t.same(
    h
      .sink('a')
      .lines.filter(({ Outcome }) => Outcome === 'interrupted')
      .map(({ RayID, Sequence }) => [RayID, Sequence]),
    [['0000000000000007', 6]],
  );
  t.notOk(existsSync(left.path));
  t.ok(existsSync(ours.path));
  t.match(h.stats, { recoveredRings: 1, interruptedRecords: 1, setAsideRings: 0 });
});

t.test('a ring goes once it is in the spool, and the next process delivers from there', async (t) => {
  const h = new Harness(t);
  const left = h.ring(earlier);
  for (const ray of range(1, 3)) left.write({ ray });
  left.live(1, 4n, '/');
  left.lose(3, 9);
  h.start([jobConfig('up'), jobConfig('down')]);
  h.sink('down').reply = full;
  await h.pass(3_000);
  t.equal(h.sink('up').lines.length, 5);
  t.notOk(existsSync(left.path));
  h.send({ type: 'drain', deadlineMs: 100 });
  await h.pass(200);
  t.match(h.drained, { isComplete: false });

  const next = new Harness(t, { folder: h.folder });
  next.start([jobConfig('down')]);
  await next.pass(300);
  t.same(next.sink('down').rays, range(1, 4));
  t.match(next.sink('down').lines.at(-1), {
    Outcome: 'lost',
    Reason: 'log_ring_full',
    Sequence: 3,
    LostRecords: 7,
  });
  t.match(next.job('down'), { emitted: 11, delivered: 4, dropped: { ring_full: 7 }, inFlight: 0 });
});

t.test('a worker that died: control names its ring', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  ring.write({ ray: 1 });
  ring.live(4, 2n, '/cut');
  await h.pass(300);
  t.same(h.sink('a').rays, [1], 'while it lives, what is under way is no record');
  h.send({ type: 'recover', path: ring.path });
  await h.pass(300);
  t.same(h.sink('a').rays, [1, 2]);
  t.notOk(existsSync(ring.path));
  const next = h.ring();
  h.send({ type: 'addRing', path: next.path });
  next.write({ ray: 3 });
  await h.pass(300);
  t.same(h.sink('a').rays, [1, 2, 3]);
});

t.test('a writer that says that it has ended needs nobody to say so', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  ring.write({ ray: 1 });
  ring.live(0, 2n, '/');
  ring.end();
  await h.pass(300);
  t.same(h.sink('a').rays, [1, 2]);
  t.notOk(existsSync(ring.path));
  h.send({ type: 'recover', path: ring.path });
  t.same(h.notices('error'), [], 'and saying so afterwards is no fault');
});

t.test('what is no ring of ours is set aside, or removed where it never held a record', async (t) => {
  const h = new Harness(t);
  const foreign = h.ring({ ...earlier, version: 99 });
  const blank = join(h.folder, 'ring-0000000000000abc-77.ring');
  const halfMade = join(h.folder, 'ring-7.ring.0000000000000abc.tmp');
  const halfMadeByUs = join(h.folder, 'ring-8.ring.0000000000000001.tmp');
  const other = join(h.folder, 'http_requests.ndjson');
  writeFileSync(blank, '');
  writeFileSync(halfMade, '');
  writeFileSync(halfMadeByUs, '');
  writeFileSync(other, '');
  h.start([jobConfig('a')]);
  t.same(
    readdirSync(h.folder).sort(),
    [
      'http_requests.ndjson',
      'spool',
      'ring-8.ring.0000000000000001.tmp',
      `${foreign.path.split('/').at(-1)}.unknown`,
    ].sort(),
  );
  t.match(
    h.posted.find(({ type }) => type === 'started'),
    { recovered: 0, setAside: 1 },
  );
  t.match(h.notices('error'), [/another version of Parapet.*renamed to/]);
  t.equal(h.stats.setAsideRings, 1);
});

t.test('a folder that cannot be read is told, and nothing else stops', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  writeFileSync(join(h.folder, 'file'), '');
  h.send({
    type: 'start',
    directory: join(h.folder, 'file'),
    bootIdHex: '0000000000000001',
    rings: [ring.path, join(h.folder, 'gone.ring')],
    jobs: [jobConfig('a')],
    spool: roomy,
  });
  t.match(h.notices('error'), [
    /cannot open the spool/,
    /cannot look for log rings/,
    /cannot read the log ring/,
  ]);
  ring.write({ ray: 1 });
  await h.pass(300);
  t.equal(ring.head, 0);
  rmSync(join(h.folder, 'file'));
  await h.pass(2_000);
  t.same(h.sink('a').rays, [1], 'the ring held it until there was a spool');
});

t.test('bytes that make no sense are counted once, whatever the number of jobs', async (t) => {
  const h = new Harness(t);
  const left = h.ring(earlier);
  left.write({ ray: 1 });
  const at = left.tail;
  left.write({ ray: 2 });
  left.corrupt(at + 4, 0x1234);
  h.start([jobConfig('a'), jobConfig('b')]);
  await h.pass(300);
  t.same(h.sink('a').rays, [1]);
  t.equal(h.stats.damagedBytes, left.tail - at);
  t.notOk(existsSync(left.path));
});

t.test('what was left comes before what is new, ring by ring', async (t) => {
  const h = new Harness(t);
  const left = [h.ring(earlier), h.ring(earlier), h.ring(earlier)];
  const ours = [h.ring(), h.ring()];
  for (const [index, ring] of [...left, ...ours].entries()) {
    for (const ray of range(1, 3)) ring.write({ ray: index * 3 + ray });
  }
  h.start([jobConfig('a')], ours);
  await h.pass(300);
  t.same(h.sink('a').rays.slice(0, 9), range(1, 9));
  t.equal(h.sink('a').rays.length, 15);
});

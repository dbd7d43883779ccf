import t from 'tap';
import { full, Harness, jobConfig, range } from './harness.ts';

t.test('a job that changes goes on where it was: nothing twice, nothing missed', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_interval: 50 })], [ring]);
  const before = h.sink('a');
  for (const ray of range(1, 5)) ring.write({ ray });
  await h.pass(50);
  t.equal(before.lines.length, 0, 'they are in its batch');
  for (const ray of range(6, 9)) ring.write({ ray });
  h.configure([jobConfig('a', { max_interval: 0.1 })]);
  await h.pass(500);
  const after = h.sink('a');
  t.not(before, after);
  t.same([...before.rays, ...after.rays], range(1, 9));
  t.ok(before.isClosed);
  t.match(h.stats.jobs, [{ name: 'a', delivered: 9 }], 'its counts go on');
});

t.test('a job that stays as it is is not touched', async (t) => {
  const h = new Harness(t);
  h.start([jobConfig('a')], [h.ring()]);
  h.configure([jobConfig('a'), jobConfig('b')]);
  t.equal(h.sinks.get('a')?.length, 1);
  t.equal(h.sinks.get('b')?.length, 1);
  t.end();
});

t.test('a new job gets what comes, a removed one what was there', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('old', { max_interval: 100 })], [ring]);
  const old = h.sink('old');
  for (const ray of range(1, 3)) ring.write({ ray });
  await h.pass(50);
  for (const ray of range(4, 5)) ring.write({ ray });
  h.send({ type: 'stats', id: 7 });
  h.configure([jobConfig('new')]);
  const late = h.ring();
  h.send({ type: 'addRing', path: late.path });
  for (const ray of range(6, 8)) ring.write({ ray });
  late.write({ ray: 9 });
  await h.pass(500);
  t.same(old.rays, range(1, 5));
  t.ok(old.isClosed);
  t.same(
    h.sink('new').rays.sort((a, b) => a - b),
    range(6, 9),
  );
  t.equal(ring.head, ring.tail);
  t.match(
    h.posted.find(({ type }) => type === 'stats'),
    { id: 7, stats: { jobs: [{ name: 'old' }] } },
  );
});

t.test('a removed job that cannot deliver is given up after a while, and holds nothing back', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('old')], [ring]);
  const old = h.sink('old');
  old.reply = full;
  for (const ray of range(1, 3)) ring.write({ ray });
  await h.pass(200);
  h.configure([jobConfig('new')]);
  await h.pass(20_000);
  t.notOk(old.isClosed);
  await h.pass(20_000);
  t.ok(old.isClosed);
  t.ok(h.notices('error').some((text) => /job old was removed before it could deliver/.test(text)));
  t.equal(ring.head, ring.tail);
});

t.test('jobs may come and go at any moment', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a', { max_interval: 0.02 })], [ring]);
  let ray = 0;
  for (let round = 0; round < 60; round++) {
    for (let count = 0; count < 20; count++) ring.write({ ray: ++ray });
    const batch = { max_interval: 0.01 + (round % 3) / 100, max_records: 1 + (round % 17) };
    h.configure([jobConfig('a', batch), ...(round % 2 === 0 ? [jobConfig('b')] : [])]);
    await h.pass(15);
  }
  await h.pass(1000);
  const rays = (h.sinks.get('a') ?? []).flatMap((sink) => sink.rays);
  t.same(
    rays.sort((a, b) => a - b),
    range(1, ray),
    'each record once, through all changes',
  );
});

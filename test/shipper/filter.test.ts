import t from 'tap';
import { filterTypesOf } from '../../src/logs/config.ts';
import { filterText } from '../../src/logs/record/logpush-filter.ts';
import { compileSet, recordScheme } from '../../src/rules/compile/index.ts';
import type { ShipperJob } from '../../src/shipper/protocol.ts';
import { full, Harness, jobConfig, range, unaccounted } from './harness.ts';

function filtered(name: string, text: string, more: Partial<ShipperJob> = {}): ShipperJob {
  const scheme = recordScheme(filterTypesOf('http_requests'));
  const expressions = [{ text, want: 'Bool' as const }];
  const { program, findings } = compileSet({ scheme, lists: new Map(), expressions });
  if (program === undefined) throw new Error(JSON.stringify(findings));
  return { ...jobConfig(name), filter: text, filters: [program], ...more };
}

t.test('a filter chooses, a sample chooses among those, and all is accounted for', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  const errors = 'EdgeResponseStatus ge 500 and ClientRequestPath contains "/a"';
  h.start(
    [
      jobConfig('all'),
      filtered('errors', errors),
      filtered('some', errors, { sample_rate: 0.5 }),
      { ...jobConfig('half'), sample_rate: 0.5 },
    ],
    [ring],
  );
  const wanted: number[] = [];
  for (const ray of range(1, 600)) {
    const [edgeStatus, path] = [ray % 3 === 0 ? 500 : 200, ray % 2 === 0 ? '/a/b' : '/b'];
    if (ray % 6 === 0) wanted.push(ray);
    while (ring.free < 1024) await h.pass(5);
    ring.write({ ray, edgeStatus }, { path });
  }
  await h.pass(500);
  t.same(h.sink('all').rays, range(1, 600));
  t.same(h.sink('errors').rays, wanted);
  const half = new Set(h.sink('half').rays);
  t.same(
    h.sink('some').rays,
    wanted.filter((ray) => half.has(ray)),
    'the sample is the same in both jobs',
  );
  t.match(h.job('errors'), { emitted: 600, delivered: 100, filtered: 500, sampled: 0, inFlight: 0 });
  const some = h.job('some');
  t.equal(some.filtered, 500, 'the sample comes after the filter');
  t.equal(some.delivered + some.sampled, 100);
  for (const job of h.stats.jobs) t.equal(unaccounted(job), 0, job.name);
});

t.test('what tells of a loss is neither filtered nor sampled', async (t) => {
  const h = new Harness(t);
  const left = h.ring({ bootId: 7n });
  left.write({ ray: 1, edgeStatus: 200 });
  left.lose(1, 5);
  h.start([filtered('errors', 'EdgeResponseStatus ge 500', { sample_rate: 0.000001 })]);
  await h.pass(300);
  t.match(h.sink('errors').lines, [{ Outcome: 'lost', LostRecords: 5 }]);
  t.match(h.job('errors'), { emitted: 6, delivered: 0, filtered: 1, dropped: { ring_full: 5 }, inFlight: 0 });
});

t.test('a planned batch stays what it was when the filter changes, also in the next process', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  const before = filtered('a', 'EdgeResponseStatus ge 500', { sample_rate: 0.9 });
  h.start([before], [ring]);
  h.sink('a').reply = full;
  for (const ray of range(1, 40)) ring.write({ ray, edgeStatus: ray % 2 === 0 ? 500 : 200 });
  await h.pass(300);
  const [id] = h.sink('a').ids;
  const text = h.sink('a').sent.at(-1);

  const next = new Harness(t, { folder: h.folder });
  next.start([filtered('a', 'EdgeResponseStatus lt 500')]);
  await next.pass(300);
  t.equal(next.sink('a').ids[0], id);
  t.equal(next.sink('a').batches[0], text);
  t.equal(next.sink('a').opened[0], 'mark 0');
  t.equal(unaccounted(next.job('a')), 0);

  // In one process: the batch is sent as it was planned, through the new sink.
  const live = h.ring({ bootId: 1n });
  next.send({ type: 'addRing', path: live.path });
  next.sink('a').reply = full;
  for (const ray of range(41, 60)) live.write({ ray, edgeStatus: 200 });
  await next.pass(300);
  const planned = next.sink('a').sent.at(-1);
  next.configure([filtered('a', 'EdgeResponseStatus ge 500')]);
  for (const ray of range(61, 80)) live.write({ ray, edgeStatus: ray % 2 === 0 ? 500 : 200 });
  await next.pass(1000);
  const { batches, rays } = next.sink('a');
  t.equal(batches[0], planned);
  t.same(
    rays.filter((ray) => ray > 60),
    range(61, 80).filter((ray) => ray % 2 === 0),
  );
  t.equal(unaccounted(next.job('a')), 0);
});

t.test('filters of Logpush become expressions', (t) => {
  const text = (where: unknown) => filterText(JSON.stringify({ where }));
  const compiled = (where: unknown): string => {
    const made = text(where);
    if (!made.ok) throw new Error(made.message);
    filtered('x', made.text);
    return made.text;
  };
  const status = (operator: string, value: unknown) => ({ key: 'EdgeResponseStatus', operator, value });
  t.equal(compiled(status('geq', 500)), 'EdgeResponseStatus ge 500');
  t.equal(compiled(status('!in', [200, 304])), 'not (EdgeResponseStatus in {200 304})');
  t.equal(
    compiled({ and: [status('eq', 404), { or: [status('lt', 5), status('leq', 6)] }] }),
    '(EdgeResponseStatus eq 404) and ((EdgeResponseStatus lt 5) or (EdgeResponseStatus le 6))',
  );
  const path = (operator: string, value: unknown) => ({ key: 'ClientRequestPath', operator, value });
  for (const operator of [
    'eq',
    '!eq',
    'startsWith',
    '!startsWith',
    'endsWith',
    '!endsWith',
    'contains',
    '!contains',
  ])
    compiled(path(operator, 'a "quoted" \\ path'));
  t.equal(compiled({ key: 'Truncated', operator: 'eq', value: true }), 'Truncated');
  t.equal(compiled({ key: 'Truncated', operator: 'eq', value: false }), 'not Truncated');
  t.same(filterText('EdgeResponseStatus ge 500'), { ok: true, text: 'EdgeResponseStatus ge 500' });
  for (const bad of ['{', '{}', '{"where":{"key":"a b","operator":"eq","value":1}}', '{"where":{"and":[]}}'])
    t.match(filterText(bad), { ok: false, message: /no filter of Logpush/ }, bad);
  t.match(text(path('like', 'x')), { ok: false, message: /operator "like" is none of/ });
  t.match(text(path('constructor', 'x')), { ok: false });
  t.match(text(path('eq', null)), { ok: false });
  t.end();
});

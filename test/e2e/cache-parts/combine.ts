/** Parts that are put together: adjacent ones, with gaps, all of them. */
import { array, assert, asyncProperty, constantFrom, integer, tuple } from 'fast-check';
import type { Test } from 'tap';
import { type ExplainedPhase, formatExplained } from '../../../src/control/index.ts';
import { askAdmin } from '../../support/admin.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type LogRecord, waitRecordWhere } from '../../support/records.ts';
import { scaled } from '../../support/scale.ts';
import type { Site } from '../cache-ranges/site.ts';
import { secure } from '../gate-5/site.ts';
import { bytes, check, get, hit, miss, partial, timeoutMs } from './ask.ts';

/** Ranges that several parts have together are answered without the origin. */
export async function together(t: Test, site: Site): Promise<void> {
  const path = '/together-parts';
  site.add(path, 500_000);
  await check(t, site, path, [0, 99_999], miss);
  await check(t, site, path, [100_000, 199_999], miss);
  await check(t, site, path, [150_000, 299_999], partial);
  t.same(site.ranges(path), [bytes(0, 99_999), bytes(100_000, 199_999), bytes(200_000, 299_999)]);
  const within: [number, number][] = [
    [50_000, 149_999],
    [99_999, 100_000],
    [0, 299_999],
    [0, 0],
    [199_999, 200_000],
    [299_999, 299_999],
    [100_000, 199_999],
  ];
  for (const range of within) await check(t, site, path, range, hit);
  // An overlapping part: read from where the one before ends.
  await check(t, site, path, [400_000, 449_999], miss);
  t.equal(site.origin.count(path), 4);
  await get(site, path, bytes(410_000, 459_999), { 'Cache-Control': 'no-cache' });
  await check(t, site, path, [400_000, 459_999], hit);
  await check(t, site, path, [405_000, 455_000], hit);
  t.equal(site.origin.count(path), 5);
}

/** What lacks of a range is asked for, and nothing else; it is a part from then on. */
export async function gaps(t: Test, site: Site): Promise<void> {
  const path = '/gaps';
  const size = 1_000_000;
  site.add(path, size);
  await check(t, site, path, [0, 99_999], miss);
  await check(t, site, path, [0, 199_999], partial);
  t.same(site.ranges(path).slice(1), [bytes(100_000, 199_999)], 'behind');
  t.equal(site.origin.of(path)[1]?.fields['accept-encoding'], 'identity');
  t.equal(site.origin.of(path)[1]?.fields['if-range'], undefined);
  await check(t, site, path, [0, 199_999], hit);
  await check(t, site, path, [400_000, 499_999], miss);
  await check(t, site, path, [350_000, 449_999], partial);
  t.same(site.ranges(path).slice(3), [bytes(350_000, 399_999)], 'before');
  await check(t, site, path, [600_000, 609_999], miss);
  await check(t, site, path, [150_000, 700_000], partial);
  t.same(
    site.ranges(path).slice(5),
    [bytes(200_000, 349_999), bytes(500_000, 599_999), bytes(610_000, 700_000)],
    'between and behind',
  );
  await check(t, site, path, [0, 700_000], hit);
  await check(t, site, path, [700_000, 2_000_000], partial);
  t.same(site.ranges(path).slice(8), [bytes(700_001, size - 1)], 'up to the end');
  await check(t, site, path, [0, size - 1], hit);
  const suffix = site.add('/gaps-suffix', size);
  await check(t, site, '/gaps-suffix', [500_000, 899_999], miss);
  const last = await get(site, '/gaps-suffix', 'bytes=-200000');
  t.ok(last.body.equals(suffix.body.subarray(800_000)));
  const open = await get(site, '/gaps-suffix', 'bytes=0-');
  t.ok(open.body.equals(suffix.body));
  t.same(site.ranges('/gaps-suffix').slice(1), [bytes(900_000, size - 1), bytes(0, 499_999)]);
}

/** All parts together are the whole; where one lacks, the whole is fetched and takes their place. */
export async function wholes(t: Test, site: Site): Promise<void> {
  const path = '/whole-parts';
  const size = 300_000;
  const { body } = site.add(path, size);
  await check(t, site, path, [100_000, size - 1], miss);
  await check(t, site, path, [0, size - 1], partial);
  t.equal(site.origin.count(path), 2);
  for (const _ of [1, 2, 3]) {
    const whole = await get(site, path);
    t.same([whole.status, whole.field('Content-Length')], [200, `${size}`]);
    t.equal(whole.field('Content-Range'), undefined);
    t.ok(whole.body.equals(body));
    t.match(whole.field('Cache-Status'), hit);
  }
  const head = await get(site, path, undefined, {}, 'HEAD');
  t.same([head.status, head.field('Content-Length')], [200, `${size}`]);
  t.equal(head.field('Content-Range'), undefined);
  const open = await get(site, path, 'bytes=0-');
  t.same([open.status, open.field('Content-Range')], [206, `bytes 0-${size - 1}/${size}`]);
  t.ok(open.body.equals(body));
  t.equal((await get(site, path, undefined, { 'If-None-Match': `"${path}"` })).status, 304);
  t.equal((await get(site, path, bytes(0, 1), { 'If-Range': '"old"' })).status, 200);
  t.equal(site.origin.count(path), 2, 'nothing of this was asked for');
  const one = site.add('/whole-one', 5000);
  await check(t, site, '/whole-one', [0, 4999], miss);
  const whole = await get(site, '/whole-one');
  t.same([whole.status, whole.field('Content-Length'), site.origin.count('/whole-one')], [200, '5000', 1]);
  t.ok(whole.body.equals(one.body));
  const lacking = site.add('/whole-lacking', size);
  await check(t, site, '/whole-lacking', [10_000, 19_999], miss);
  const fetched = await get(site, '/whole-lacking');
  t.ok(fetched.body.equals(lacking.body));
  t.same(site.ranges('/whole-lacking'), [bytes(10_000, 19_999), '']);
  await check(t, site, '/whole-lacking', [200_000, 200_009], hit);
}

/** Conditions are judged as for any stored response; several ranges go to the origin. */
export async function conditions(t: Test, site: Site): Promise<void> {
  const path = '/conditions';
  const { body } = site.add(path, 100_000);
  const tag = `"${path}"`;
  await check(t, site, path, [0, 9_999], miss);
  await check(t, site, path, [5_000, 14_999], partial, { 'If-Range': tag });
  t.same(site.ranges(path), [bytes(0, 9_999), bytes(10_000, 14_999)]);
  const other = await get(site, path, bytes(0, 9), { 'If-Range': '"old"' });
  t.same([other.status, other.body.length], [200, body.length]);
  site.add('/conditions-2', 100_000);
  await check(t, site, '/conditions-2', [0, 9_999], miss);
  t.equal(
    (await get(site, '/conditions-2', bytes(5, 9), { 'If-None-Match': '"/conditions-2"' })).status,
    304,
  );
  const unchanged = await get(site, '/conditions-2', bytes(5, 20_000), {
    'If-None-Match': '"/conditions-2"',
  });
  t.equal(unchanged.status, 304);
  t.match(unchanged.field('Cache-Status'), hit, 'nothing is asked for');
  t.equal(site.origin.count('/conditions-2'), 1);
  const only = { 'Cache-Control': 'only-if-cached' };
  await check(t, site, '/conditions-2', [5, 9_999], hit, only);
  t.equal((await get(site, '/conditions-2', bytes(5, 20_000), only)).status, 504);
  t.equal(site.origin.count('/conditions-2'), 1);
  const several = await get(site, '/conditions-2', 'bytes=0-1,5-6');
  t.equal(several.status, 200, 'an origin without several ranges');
  t.same(site.ranges('/conditions-2')[1], 'bytes=0-1,5-6');
  const beyond = site.add('/conditions-3', 100_000);
  await check(t, site, '/conditions-3', [0, 9], miss);
  t.equal((await get(site, '/conditions-3', bytes(beyond.body.length, 200_000))).status, 416);
}

/** Random ranges of one object: every byte is right, and the origin is asked for no byte twice. */
export async function randomParts(t: Test, site: Site): Promise<void> {
  const size = 200_003;
  const path = '/random-parts';
  const { body } = site.add(path, size);
  const covered = new Uint8Array(size);
  let seen = 0;
  const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(site.parapet.listener())));
  const wish = tuple(
    integer({ min: 0, max: size - 1 }),
    integer({ min: 0, max: 40_000 }),
    constantFrom('both', 'both', 'both', 'suffix'),
  );
  const asksFor = (range: string): number => {
    const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
    if (from === '') return Math.min(Number(to), size);
    return Math.min(to === '' ? size - 1 : Number(to), size - 1) - Number(from) + 1;
  };
  let turn = 0;
  await assert(
    asyncProperty(array(wish, { minLength: 12, maxLength: 12 }), async (wishes) => {
      await site.purge(`http://site.test${path}`);
      covered.fill(0);
      for (const [from, length, form] of wishes) {
        const isSuffix = form === 'suffix';
        const first = isSuffix ? Math.max(0, size - 1 - length) : from;
        const last = isSuffix ? size - 1 : Math.min(from + length, size - 1);
        const lacking = covered.subarray(first, last + 1).reduce((sum, has) => sum + (has === 0 ? 1 : 0), 0);
        turn += 1;
        const Range = isSuffix ? `bytes=-${size - first}` : bytes(first, last);
        const answer = await clients[turn % clients.length]?.request(path, { fields: { Range }, timeoutMs });
        const asked = site.ranges(path).slice(seen);
        seen += asked.length;
        const isRight = answer?.status === 206 && answer.body.equals(body.subarray(first, last + 1));
        if (!isRight) throw new Error(`${Range}: ${answer?.status}, ${answer?.body.length} bytes`);
        const sum = asked.reduce((before, range) => before + asksFor(range), 0);
        if (sum !== lacking)
          throw new Error(`${Range}: ${lacking} bytes lacked, asked for ${asked.join(' ')}`);
        covered.fill(1, first, last + 1);
      }
    }),
    { numRuns: scaled(25, 200), seed: 20_261_122 },
  );
  t.ok(turn >= 12 * scaled(25, 200), `${turn} ranges`);
  for (const client of clients) client.destroy();
}

/** Of more parts than are kept, the oldest are forgotten: asked for again, they are right. */
export async function bounds(t: Test, site: Site): Promise<void> {
  const path = '/bounds';
  const { body } = site.add(path, 100_000);
  const client = await RawClient.connect(site.parapet.listener());
  const ask = async (first: number) => {
    const answer = await client.request(path, { fields: { Range: bytes(first, first + 9) }, timeoutMs });
    t.ok(answer.status === 206 && answer.body.equals(body.subarray(first, first + 10)), `${first}`);
    return answer.field('Cache-Status') ?? '';
  };
  for (let index = 0; index < 70; index += 1) t.equal(await ask(index * 1000), miss);
  t.match(await ask(69_000), hit);
  t.match(await ask(6_000), hit);
  t.equal(await ask(5_000), miss);
  client.destroy();
}

export async function otherClients(t: Test, site: Site): Promise<void> {
  const path = '/parts-others';
  const size = 2_000_000;
  const { body } = site.add(path, size);
  const sealed = await RawClient.connect(secure(site.parapet.listener(1)));
  const ranges: [number, number][] = [
    [500_000, 899_999],
    [1_200_000, 1_499_999],
    [400_000, 1_600_000],
    [0, size - 1],
  ];
  for (const [first, last] of ranges) {
    const answer = await sealed.request(path, { fields: { Range: bytes(first, last) }, timeoutMs });
    t.ok(answer.status === 206 && answer.body.equals(body.subarray(first, last + 1)), `${first}-${last}`);
  }
  t.ok((await sealed.request(path, { timeoutMs })).body.equals(body));
  t.equal(site.origin.count(path), 7);
  sealed.destroy();
  site.add('/parts-old', size);
  await check(t, site, '/parts-old', [500_000, 899_999], miss);
  const old = await RawClient.connect(site.parapet.listener());
  await old.write('GET /parts-old HTTP/1.0\r\nHost: site.test\r\nRange: bytes=400000-999999\r\n\r\n');
  const answer = await old.read({ timeoutMs });
  t.equal(answer.status, 206);
  t.ok(answer.body.equals(body.subarray(400_000, 1_000_000)));
  old.destroy();
}

/** `explain` with the running process tells of the part that a request is answered from, and of what lacks. */
export async function fromParts(t: Test, site: Site): Promise<void> {
  const path = '/explained';
  site.add(path, 100_000);
  await check(t, site, path, [0, 9_999], miss);
  const told = async (range: string) => {
    const json = { url: `http://site.test${path}`, fields: [['range', range]] };
    const { status, body } = await askAdmin(site.parapet, 'POST', '/explain', { json });
    t.equal(status, 200);
    return formatExplained((JSON.parse(body.toString()) as { phases: ExplainedPhase[] }).phases);
  };
  t.match(await told('bytes=5-9'), /status 206, 10000 bytes, one range/);
  t.match(await told('bytes=5-19999'), /status 206, 10000 bytes, one range/);
  t.notMatch(await told('bytes=50000-50001'), /one range/);
}

/** What rules say of the key holds for each piece that is fetched, and so does what they make of the request. */
export async function ruled(t: Test, site: Site): Promise<void> {
  const host = 'keyed.test';
  const size = 3_000_000;
  const client = await RawClient.connect(site.parapet.listener());
  for (const path of ['/parted', '/sliced']) {
    const { body } = site.add(path, size);
    const ask = async (by: number, first: number, last: number) => {
      const fields = { Range: bytes(first, last) };
      const answer = await client.request(`${path}?by=${by}`, { host, fields, timeoutMs });
      t.ok(answer.status === 206 && answer.body.equals(body.subarray(first, last + 1)), `${path} ${by}`);
      return answer;
    };
    await ask(1, 0, 99_999);
    await ask(2, 50_000, 2_999_999);
    t.match((await ask(3, 0, 2_999_999)).field('Cache-Status'), hit, path);
    const seen = site.origin.of(path);
    t.equal(seen.length, path === '/parted' ? 2 : 3, path);
    t.ok(seen.every(({ fields }) => fields['x-told'] === 'yes'));
  }
  client.destroy();
}

/** The record of a response says what became of its request, however many pieces it was made of. */
export async function recorded(t: Test, site: Site): Promise<void> {
  const size = 3_000_000;
  const statusOf = async (path: string, host: string, range: string) => {
    site.add(path, size);
    const client = await RawClient.connect(site.parapet.listener());
    for (const Range of [bytes(0, 99_999), range]) {
      const answer = await client.request(path, { host, fields: { Range }, timeoutMs });
      t.equal(answer.status, 206);
    }
    client.destroy();
    const wanted = Number(range.slice(range.indexOf('-') + 1)) + 1;
    const isIt = (record: LogRecord) =>
      record['ClientRequestPath'] === path && record['EdgeResponseBodyBytes'] === wanted;
    return (await waitRecordWhere(site.parapet.recordsFile, path, isIt, timeoutMs))['CacheCacheStatus'];
  };
  t.equal(await statusOf('/recorded', 'site.test', bytes(0, 49_999)), 'hit');
  t.equal(await statusOf('/recorded-gap', 'site.test', bytes(0, 199_999)), 'miss');
  t.equal(await statusOf('/recorded-slices', 'slices.test', bytes(0, 2_500_000)), 'hit');
}

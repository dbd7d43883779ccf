/** Parts that must not be put together, origins that change or fail, purges, and many clients at once. */
import { array, assert, asyncProperty, integer, tuple } from 'fast-check';
import type { Test } from 'tap';
import { RawClient } from '../../support/raw-client.ts';
import { scaled } from '../../support/scale.ts';
import { Deferred, until } from '../../support/within.ts';
import { mebibyte, type Resource, type Site } from '../cache-ranges/site.ts';
import { bytes, check, get, hit, miss, partial, timeoutMs } from './ask.ts';

type Spoil = NonNullable<Resource['spoil']>;

/** A strong tag, or a date that is strong; with anything else the last part stands alone. */
export async function validators(t: Test, site: Site): Promise<void> {
  const long = new Date(Date.now() - 3_600_000).toUTCString();
  const dates: [path: string, modified: () => string, isStrong: boolean][] = [
    ['/date-strong', () => long, true],
    ['/date-weak', () => new Date(Date.now() - 1000).toUTCString(), false],
  ];
  for (const [path, modified, isStrong] of dates) {
    const fields = { 'Last-Modified': modified() };
    site.add(path, 100_000, { etag: '', fields });
    await check(t, site, path, [0, 9_999], miss);
    await check(t, site, path, [5_000, 5_009], hit);
    await check(t, site, path, [5_000, 14_999], isStrong ? partial : miss);
    t.same(site.ranges(path)[1], isStrong ? bytes(10_000, 14_999) : bytes(5_000, 14_999), path);
    await check(t, site, path, [0, 9_999], isStrong ? hit : miss);
  }
  const weak = site.add('/tag-weak', 100_000, { etag: 'W/"1"', fields: { 'Last-Modified': long } });
  await check(t, site, '/tag-weak', [0, 9_999], miss);
  await check(t, site, '/tag-weak', [10_000, 19_999], miss);
  await check(t, site, '/tag-weak', [10_000, 19_999], hit);
  const across = await get(site, '/tag-weak', bytes(5_000, 14_999));
  t.ok(across.body.equals(weak.body.subarray(5_000, 15_000)));
  t.same(site.ranges('/tag-weak')[2], bytes(5_000, 14_999), 'as it came');
  const path = '/another-size';
  const { etag, body } = site.add(path, 100_000);
  await check(t, site, path, [0, 9_999], miss);
  site.add(path, 100_001, { etag });
  await check(t, site, path, [50_000, 59_999], miss);
  t.equal(
    (await get(site, path, bytes(0, 9))).field('Cache-Status'),
    miss,
    'of the size before nothing is used',
  );
  t.equal(body.length, 100_000);
}

/** What comes in place of the gap is judged: used as it is, or the request goes as the client has made it. */
export async function others(t: Test, site: Site): Promise<void> {
  const size = 100_000;
  const rows: [name: string, over: Partial<Resource>, requests: number][] = [
    ['ignores ranges', { ignoresRange: true }, 1],
    [
      'another range',
      { spoil: other(({ fields }) => ({ ...fields, 'Content-Range': `bytes 7-10006/${size}` })) },
      2,
    ],
    [
      'an unknown size',
      { spoil: other(({ fields }) => ({ ...fields, 'Content-Range': 'bytes 0-9999/*' })) },
      2,
    ],
    ['no validator', { etag: '' }, 2],
    ['encoded', { fields: { 'Content-Encoding': 'x' } }, 2],
    ['not for storing', { fields: { 'Cache-Control': 'no-store' } }, 2],
  ];
  for (const [index, [name, over, requests]] of rows.entries()) {
    const path = `/others-${index}`;
    const { body } = site.add(path, size);
    await check(t, site, path, [10_000, 19_999], miss);
    // The gap stands before what is stored, so that nothing has been sent yet.
    site.add(path, size, { etag: `"${path}"`, ...over });
    const answer = await get(site, path, bytes(0, 19_999));
    t.equal(site.origin.count(path), 1 + requests, name);
    t.equal(site.ranges(path)[1], bytes(0, 9_999), name);
    if (requests === 2) t.equal(site.ranges(path)[2], bytes(0, 19_999), name);
    t.same([answer.status, answer.body.equals(body.subarray(0, 20_000))], [206, true], name);
  }
  for (const [index, [name, over]] of rows.entries()) {
    const path = `/others-behind-${index}`;
    site.add(path, size);
    await check(t, site, path, [0, 9_999], miss);
    site.add(path, size, { etag: `"${path}"`, ...over });
    await t.rejects(get(site, path, bytes(0, 19_999)), `${name}: cut short behind what has been sent`);
  }
}

function other(fieldsOf: (response: Parameters<Spoil>[0]) => Record<string, string>): Spoil {
  return (response) => {
    if (response.body.length === 10_000) response.fields = fieldsOf(response);
  };
}

/** A new version: what has begun ends early, or begins with the new one; nothing of both is ever sent. */
export async function midFlight(t: Test, site: Site): Promise<void> {
  const size = 100_000;
  const changed = (path: string): Buffer => {
    const body = Buffer.alloc(size, path);
    site.resources.set(path, { body, etag: '"new"', fields: {} });
    return body;
  };
  site.add('/changed-behind', size);
  await check(t, site, '/changed-behind', [0, 9_999], miss);
  changed('/changed-behind');
  await t.rejects(get(site, '/changed-behind', bytes(0, 19_999)), 'cut short');
  await check(t, site, '/changed-behind', [10_000, 19_999], /^parapet/);
  site.add('/changed-before', size);
  await check(t, site, '/changed-before', [10_000, 19_999], miss);
  changed('/changed-before');
  // What comes for the gap is of the new version: so is all behind it.
  const answer = await check(t, site, '/changed-before', [0, 29_999], partial);
  t.equal(answer.field('ETag'), '"new"');
  await check(t, site, '/changed-before', [0, 29_999], hit);
  t.same(site.ranges('/changed-before').slice(1), [bytes(0, 9_999), bytes(10_000, 29_999)]);
}

/** What breaks off is a gap again. */
export async function cutOff(t: Test, site: Site): Promise<void> {
  const size = mebibyte;
  site.add('/cut', size);
  await check(t, site, '/cut', [0, 99_999], miss);
  site.add('/cut', size, { breaksAfter: 20_000 });
  await t.rejects(get(site, '/cut', bytes(0, 199_999)), 'cut short behind');
  await t.rejects(get(site, '/cut', bytes(300_000, 499_999)), 'cut short as it came');
  site.add('/cut', size);
  await check(t, site, '/cut', [0, 199_999], partial);
  await check(t, site, '/cut', [0, 499_999], partial);
  await check(t, site, '/cut', [0, 499_999], hit);
  t.same(new Set(site.ranges('/cut').slice(3)), new Set([bytes(100_000, 199_999), bytes(200_000, 499_999)]));
}

/** Each part has a freshness of its own: what is stale lacks. */
export async function freshness(t: Test, site: Site): Promise<void> {
  const path = '/short-lived';
  const size = 100_000;
  site.add(path, size);
  await check(t, site, path, [10_000, 19_999], miss);
  site.add(path, size, { fields: { 'Cache-Control': 'max-age=1' } });
  await check(t, site, path, [0, 19_999], partial);
  const isStale = async () =>
    (await get(site, path, bytes(0, 9))).field('Cache-Status') === miss ? true : undefined;
  await until(timeoutMs, 'the end of one second', isStale);
  site.add(path, size);
  await check(t, site, path, [0, 29_999], partial);
  await check(t, site, path, [0, 29_999], hit);
  site.add('/never-fresh', size, { fields: { 'Cache-Control': 'max-age=0' } });
  for (const _ of [1, 2]) await check(t, site, '/never-fresh', [0, 9_999], /^parapet; fwd=uri-miss/);
  t.equal(site.origin.count('/never-fresh'), 2);
}

/** A purge of any form reaches every part; what has begun is not put together with what comes after. */
export async function purges(t: Test, site: Site): Promise<void> {
  const path = '/parts-purged';
  site.add(path, 100_000, { fields: { 'Cache-Tag': 'parts' } });
  const forms: Record<string, unknown>[] = [
    { url: `http://site.test${path}` },
    { tag: 'parts' },
    { prefix: `site.test${path}` },
    { host: 'site.test' },
    { all: true },
  ];
  for (const form of forms) {
    const before = site.origin.count(path);
    for (const first of [0, 10_000, 20_000]) await check(t, site, path, [first, first + 9_999], miss);
    await check(t, site, path, [0, 29_999], hit);
    t.equal(site.origin.count(path), before + 3);
    await site.purgeBy(form);
    await check(t, site, path, [15_000, 24_999], miss);
    t.equal(site.origin.count(path), before + 4, JSON.stringify(form));
    await site.purgeBy({ all: true });
  }
  const slow = '/parts-purged-slow';
  const release = new Deferred<void>();
  site.add(slow, 4 * mebibyte);
  await check(t, site, slow, [0, 99_999], miss);
  const { body } = site.add(slow, 4 * mebibyte, {
    hold: async (sent) => {
      if (sent >= 65_536) await release.promise;
    },
  });
  const pending = get(site, slow, bytes(0, 299_999));
  await until(timeoutMs, 'the gap', () => (site.ranges(slow).length > 1 ? true : undefined));
  await site.purge(`http://site.test${slow}`);
  release.resolve();
  // What was asked for before the purge still answers those who asked before it.
  t.ok((await pending).body.equals(body.subarray(0, 300_000)));
  await check(t, site, slow, [0, 299_999], miss);
}

/** Each variant has parts of its own. */
export async function variants(t: Test, site: Site): Promise<void> {
  const path = '/parts-vary';
  const { body } = site.add(path, 100_000, { fields: { Vary: 'X-Kind' } });
  for (const kind of ['a', 'b']) {
    const before = site.origin.count(path);
    const ask = async (first: number, last: number) => {
      const answer = await get(site, path, bytes(first, last), { 'X-Kind': kind });
      t.ok(answer.status === 206 && answer.body.equals(body.subarray(first, last + 1)), `${kind} ${first}`);
      return answer.field('Cache-Status') ?? '';
    };
    await ask(0, 9_999);
    await ask(5_000, 19_999);
    t.match(await ask(0, 19_999), hit);
    t.same(site.ranges(path).slice(before), [bytes(0, 9_999), bytes(10_000, 19_999)], kind);
  }
}

/** Any number of clients that lack the same make one request, and get its bytes as they come. */
export async function crowds(t: Test, site: Site): Promise<void> {
  const size = 2 * mebibyte;
  for (const [path, first, last] of [
    ['/crowd-behind', 0, 999_999],
    ['/crowd-before', 300_000, 1_099_999],
  ] as const) {
    site.add(path, size);
    const known: [number, number] = path === '/crowd-behind' ? [0, 99_999] : [1_000_000, 1_099_999];
    await check(t, site, path, known, miss);
    const release = new Deferred<void>();
    const { body } = site.add(path, size, {
      hold: async (sent) => {
        if (sent > 0) await release.promise;
      },
    });
    const clients = await Promise.all(
      Array.from({ length: 64 }, () => RawClient.connect(site.parapet.listener())),
    );
    const got: Buffer[][] = clients.map(() => []);
    const pending = clients.map((client, index) =>
      client.request(path, {
        fields: { Range: bytes(first, last) },
        timeoutMs,
        onBody: (piece) => got[index]?.push(Buffer.from(piece)),
      }),
    );
    await until(timeoutMs, 'bytes at every client', () =>
      got.every((pieces) => pieces.length > 0) ? true : undefined,
    );
    release.resolve();
    const answers = await Promise.all(pending);
    t.ok(
      answers.every(({ status }) => status === 206),
      path,
    );
    t.ok(
      got.every((pieces) => Buffer.concat(pieces).equals(body.subarray(first, last + 1))),
      `${path}: every byte`,
    );
    t.equal(site.origin.count(path), 2, 'one request for all');
    for (const client of clients) client.destroy();
  }
}

/** An origin whose object changes all the time, and purges: what a client gets is of one version, or ends early. */
export async function flips(t: Test, site: Site): Promise<void> {
  const path = '/flips';
  const size = 60_000;
  const versions = [0x61, 0x62, 0x63].map((byte) => ({
    body: Buffer.alloc(size, byte),
    etag: `"${byte}"`,
    fields: {},
  }));
  const ends = { whole: 0, early: 0 };
  const clients = Array.from({ length: 8 }, (_, client) => client);
  for (let round = 0; round < scaled(40, 400); round += 1) {
    site.resources.set(path, versions[round % 7 === 0 ? round % 3 : 0] as Resource);
    if (round % 11 === 0) await site.purge(`http://site.test${path}`);
    await Promise.all(
      clients.map(async (client) => {
        const first = ((round * 7919 + client * 3001) % 50) * 1000;
        const last = Math.min(size - 1, first + ((round * 31 + client * 17) % 23) * 1000 + 999);
        const answer = await get(site, path, bytes(first, last)).catch(() => undefined);
        if (answer === undefined) {
          ends.early += 1;
          return;
        }
        ends.whole += 1;
        const byte = Number((answer.field('ETag') ?? '').replaceAll('"', ''));
        const isRight = answer.status === 206 && answer.body.equals(Buffer.alloc(last - first + 1, byte));
        if (!isRight) t.fail(`${first}-${last}: ${answer.status}, ${answer.body.length} bytes`);
      }),
    );
  }
  t.ok(ends.whole > ends.early, `${ends.whole} whole, ${ends.early} ended early`);
}

/** Random ranges by several clients at once, over both workers: always the bytes of the object. */
export async function crowdedParts(_: Test, site: Site): Promise<void> {
  const path = '/crowded';
  const size = 300_007;
  const { body } = site.add(path, size);
  const wish = tuple(integer({ min: 0, max: size - 1 }), integer({ min: 0, max: 60_000 }));
  await assert(
    asyncProperty(array(wish, { minLength: 24, maxLength: 24 }), async (wishes) => {
      await site.purge(`http://site.test${path}`);
      await Promise.all(
        wishes.map(async ([first, length]) => {
          const last = Math.min(first + length, size - 1);
          const answer = await get(site, path, bytes(first, last));
          const isRight = answer.status === 206 && answer.body.equals(body.subarray(first, last + 1));
          if (!isRight) throw new Error(`${first}-${last}: ${answer.status}, ${answer.body.length} bytes`);
        }),
      );
    }),
    { numRuns: scaled(15, 200), seed: 20_261_123 },
  );
}

/** Large objects in slices: what is asked of the origin, what is kept, what a change of the object does. */
import { array, assert, asyncProperty, integer, tuple } from 'fast-check';
import type { Test } from 'tap';
import { parseByteRanges } from '../../support/multipart.ts';
import { type Answer, RawClient, sha256 } from '../../support/raw-client.ts';
import { type LogRecord, waitRecordWhere } from '../../support/records.ts';
import { isFull, scaled } from '../../support/scale.ts';
import { Deferred, until } from '../../support/within.ts';
import { secure } from '../gate-5/site.ts';
import { mebibyte, type Resource, type Site } from './site.ts';

const host = 'slices.test';
const timeoutMs = 30_000;

/** Range field of a slice of 1 MiB. */
const slice = (number: number): string => `bytes=${number * mebibyte}-${(number + 1) * mebibyte - 1}`;

async function get(
  site: Site,
  path: string,
  range?: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const client = await RawClient.connect(site.parapet.listener());
  try {
    const fields = { ...(range === undefined ? {} : { Range: range }), ...more };
    return await client.request(path, { host, fields, timeoutMs });
  } finally {
    client.destroy();
  }
}

/** A client that seeks into a cold video gets its bytes, and nothing else is fetched. */
export async function seeks(t: Test, site: Site): Promise<void> {
  const size = 12 * mebibyte + 4321;
  const { body } = site.add('/video', size);
  const first = await get(site, '/video', 'bytes=5500000-5500999');
  t.same([first.status, first.field('Content-Range')], [206, `bytes 5500000-5500999/${size}`]);
  t.ok(first.body.equals(body.subarray(5_500_000, 5_501_000)));
  t.match(first.field('Cache-Status'), 'parapet; fwd=uri-miss; fwd-status=206; stored');
  t.same(site.ranges('/video'), [slice(5)]);
  t.equal(site.origin.of('/video')[0]?.fields['accept-encoding'], 'identity');
  const again = await get(site, '/video', 'bytes=5242880-6291455');
  t.match(again.field('Cache-Status'), /^parapet; hit/);
  t.ok(again.body.equals(body.subarray(5_242_880, 6_291_456)));
  const other = await get(site, '/video', 'bytes=-1000');
  t.ok(other.body.equals(body.subarray(size - 1000)));
  t.match(other.field('Cache-Status'), 'fwd=partial');
  t.same(site.ranges('/video'), [slice(5), slice(12)]);
  const across = await get(site, '/video', 'bytes=6291400-8388700');
  t.equal(across.status, 206);
  t.ok(across.body.equals(body.subarray(6_291_400, 8_388_701)), 'three slices, the first one stored');
  t.same(new Set(site.ranges('/video')), new Set([5, 12, 6, 7, 8].map(slice)));
  t.same((await get(site, '/video', `bytes=${size}-`)).status, 416);
  const several = await get(site, '/video', 'bytes=0-1,5000000-5000001');
  t.same(
    [several.status, several.field('Content-Range')],
    [200, undefined],
    'the origin answers several ranges',
  );
}

/** The whole is put together of slices, those stored already too, and may be larger than what is stored in one. */
export async function wholes(t: Test, site: Site): Promise<void> {
  const size = (isFull ? 120 : 24) * mebibyte + 99;
  const { body } = site.add('/whole', size);
  t.equal((await get(site, '/whole', 'bytes=3145728-3145729')).status, 206);
  const whole = await get(site, '/whole');
  t.same([whole.status, whole.field('Content-Length')], [200, `${size}`]);
  t.equal(whole.field('Content-Range'), undefined);
  t.equal(sha256(whole.body), sha256(body));
  const count = Math.ceil(size / mebibyte);
  const wanted = site.ranges('/whole');
  t.same(new Set(wanted), new Set(Array.from({ length: count }, (_, number) => slice(number))));
  t.equal(wanted.length, count, 'each slice once');
  const again = await get(site, '/whole');
  t.equal(sha256(again.body), sha256(body));
  if (!isFull) t.equal(site.ranges('/whole').length, count, 'all from the store');
  const client = await RawClient.connect(site.parapet.listener());
  const head = await client.request('/whole', { host, method: 'HEAD' });
  t.same([head.status, head.field('Content-Length')], [200, `${size}`]);
  t.equal((await client.request('/whole', { host, fields: { 'If-None-Match': '"/whole"' } })).status, 304);
  client.destroy();
}

/** What fits into one slice is stored as a whole; an origin without ranges is used as it is. */
export async function smallAndWithoutRanges(t: Test, site: Site): Promise<void> {
  const small = site.add('/small', 5000);
  const first = await get(site, '/small');
  t.same([first.status, first.field('Content-Range')], [200, undefined]);
  t.ok(first.body.equals(small.body));
  const part = await get(site, '/small', 'bytes=10-19');
  t.match(part.field('Cache-Status'), /^parapet; hit/);
  t.ok(part.body.equals(small.body.subarray(10, 20)));
  t.equal(site.origin.count('/small'), 1);
  const plain = site.add('/plain', 3 * mebibyte, { ignoresRange: true });
  const cold = await get(site, '/plain', 'bytes=2000000-2000099');
  t.same([cold.status, cold.field('Content-Range')], [206, `bytes 2000000-2000099/${plain.body.length}`]);
  t.ok(cold.body.equals(plain.body.subarray(2_000_000, 2_000_100)));
  t.ok((await get(site, '/plain')).body.equals(plain.body));
  t.equal(site.origin.count('/plain'), 1);
}

/** Answers that are no slice: the request goes as the client has made it, and nothing false is stored. */
export async function spoilt(t: Test, site: Site): Promise<void> {
  const size = 3 * mebibyte;
  const faults: [name: string, spoil: NonNullable<Resource['spoil']>][] = [
    [
      'another start',
      ({ fields }) => {
        fields['Content-Range'] = `bytes 5-${mebibyte + 4}/${size}`;
      },
    ],
    [
      'an unknown size',
      ({ fields }) => {
        fields['Content-Range'] = (fields['Content-Range'] ?? '').replace(/\d+$/, '*');
      },
    ],
    [
      'no Content-Range',
      ({ fields }) => {
        delete fields['Content-Range'];
      },
    ],
    [
      'encoded',
      ({ fields }) => {
        fields['Content-Encoding'] = 'gzip';
      },
    ],
    [
      'no validator',
      ({ fields }) => {
        delete fields['ETag'];
      },
    ],
    [
      'a weak validator',
      ({ fields }) => {
        fields['ETag'] = 'W/"x"';
      },
    ],
    [
      'not for storing',
      ({ fields }) => {
        fields['Cache-Control'] = 'no-store';
      },
    ],
  ];
  for (const [index, [name, spoil]] of faults.entries()) {
    const path = `/spoilt-${index}`;
    const { body } = site.add(path, size, { spoil });
    for (const _ of [1, 2]) {
      const answer = await get(site, path);
      t.equal(answer.status, 200, name);
      t.ok(answer.body.equals(body), name);
    }
    t.ok(site.ranges(path).includes(''), 'asked for the whole in the end');
  }
}

/** A new version while the old one is being sent: the response ends early, the next one is of the new version alone. */
export async function changes(t: Test, site: Site): Promise<void> {
  const size = 8 * mebibyte;
  const old = site.add('/changes', size);
  t.equal((await get(site, '/changes', 'bytes=0-9')).status, 206);
  const body = Buffer.from(old.body);
  body.fill(0x55, 0, size);
  site.resources.set('/changes', { body, etag: '"new"', fields: {} });
  await t.rejects(get(site, '/changes'), 'cut short where the version changes');
  const whole = await get(site, '/changes');
  t.equal(sha256(whole.body), sha256(body), 'one version');
  t.equal(whole.field('ETag'), '"new"');
  const stale = site.add('/stale', size, { fields: { 'Cache-Control': 'max-age=0' } });
  for (const status of [206, 304, 304]) {
    const answer = await get(site, '/stale', 'bytes=1500000-1500009');
    t.match(answer.field('Cache-Status'), `fwd-status=${status}`);
    t.ok(answer.body.equals(stale.body.subarray(1_500_000, 1_500_010)));
  }
  site.resources.set('/stale', { body, etag: '"newer"', fields: { 'Cache-Control': 'max-age=600' } });
  const fresh = await get(site, '/stale', 'bytes=1500000-1500009');
  t.ok(fresh.body.equals(body.subarray(1_500_000, 1_500_010)));
  const mismatch = await get(site, '/stale', 'bytes=1500000-1500009', { 'If-Range': '"/stale"' });
  t.same([mismatch.status, mismatch.body.length], [200, size], 'If-Range of the old version');
}

/** Any number of clients in one slice make one request; they get its bytes while it comes. */
export async function collapses(t: Test, site: Site): Promise<void> {
  const release = new Deferred<void>();
  const size = 6 * mebibyte;
  const { body } = site.add('/together', size, {
    hold: async (sent) => {
      if (sent > 0) await release.promise;
    },
  });
  const ranges = Array.from(
    { length: 40 },
    (_, index) => `bytes=${2_097_152 + index * 1000}-${2_097_152 + index * 1000 + 99_999}`,
  );
  const begun: Promise<Answer>[] = ranges.map((range) => get(site, '/together', range));
  await until(timeoutMs, 'a request', () => (site.origin.count('/together') > 0 ? true : undefined));
  release.resolve();
  const answers = await Promise.all(begun);
  for (const [index, answer] of answers.entries()) {
    const first = 2_097_152 + index * 1000;
    t.equal(answer.status, 206);
    t.ok(answer.body.equals(body.subarray(first, first + 100_000)));
  }
  t.same(site.ranges('/together'), [slice(2)]);
}

/** No more than a slice is fetched ahead of a client that does not read. */
export async function drains(t: Test, site: Site): Promise<void> {
  const size = 48 * mebibyte;
  const { body } = site.add('/drain', size);
  const client = await RawClient.connect(site.parapet.listener());
  await client.write(`GET /drain HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(timeoutMs, 'the first slices', () => (site.origin.count('/drain') > 1 ? true : undefined));
  const other = await get(site, '/drain', 'bytes=40000000-40000000');
  t.equal(other.status, 206);
  const ahead = site.sent('/drain');
  t.ok(ahead < 24 * mebibyte, `${ahead} bytes were fetched, the kernel's buffers included`);
  const answer = await client.read({ timeoutMs });
  t.equal(sha256(answer.body), sha256(body));
  client.destroy();
}

/** A client that leaves: the slice is finished, no further one is fetched. */
export async function leaves(t: Test, site: Site): Promise<void> {
  const release = new Deferred<void>();
  const { body } = site.add('/leaves', 5 * mebibyte, {
    hold: async (sent) => {
      if (sent === 10 * 65_536) await release.promise;
    },
  });
  const client = await RawClient.connect(site.parapet.listener());
  await client.write(`GET /leaves HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(timeoutMs, 'a part of the first slice', () =>
    site.sent('/leaves') >= 10 * 65_536 ? true : undefined,
  );
  client.reset();
  const isLost = (record: LogRecord): boolean => record['ClientRequestPath'] === '/leaves';
  await waitRecordWhere(site.parapet.recordsFile, 'the client that left', isLost, timeoutMs);
  release.resolve();
  await until(timeoutMs, 'all of the first slice', () =>
    site.sent('/leaves') >= mebibyte ? true : undefined,
  );
  const answer = await get(site, '/leaves', 'bytes=0-1048575');
  t.ok(answer.body.equals(body.subarray(0, mebibyte)));
  t.same(site.ranges('/leaves'), [slice(0)]);
}

/** After a purge nothing of before is used. */
export async function purges(t: Test, site: Site): Promise<void> {
  site.add('/purged', 3 * mebibyte);
  await get(site, '/purged');
  t.equal(site.origin.count('/purged'), 3);
  await site.purge(`http://${host}/purged`);
  await get(site, '/purged');
  t.equal(site.origin.count('/purged'), 6);
}

/** Slices of responses that vary, one set for each value. */
export async function varies(t: Test, site: Site): Promise<void> {
  const size = 3 * mebibyte;
  const { body } = site.add('/varies', size, { fields: { Vary: 'X-Kind' } });
  for (const [kind, requests] of [
    ['a', 3],
    ['b', 6],
    ['a', 6],
  ] as const) {
    const answer = await get(site, '/varies', undefined, { 'X-Kind': kind });
    t.equal(sha256(answer.body), sha256(body));
    t.equal(site.origin.count('/varies'), requests, kind);
  }
  const part = await get(site, '/varies', 'bytes=2000000-2100000', { 'X-Kind': 'b' });
  t.ok(part.body.equals(body.subarray(2_000_000, 2_100_001)));
  t.equal(site.origin.count('/varies'), 6);
}

/** What rules make of a request stands for all of its slices. */
export async function rules(t: Test, site: Site): Promise<void> {
  const { body } = site.add('/told', 4 * mebibyte);
  const answer = await get(site, '/moved/told');
  t.equal(sha256(answer.body), sha256(body));
  const seen = site.origin.of('/told');
  t.equal(seen.length, 4);
  t.ok(seen.every(({ fields }) => fields['x-told'] === 'yes'));
  t.ok(seen.every(({ fields }) => fields['x-forwarded-proto'] === 'http'));
}

/** Random ranges of one object, by several clients at once: always its bytes, each slice once. */
export async function randomRanges(t: Test, site: Site): Promise<void> {
  const size = 7 * mebibyte + 777;
  const { body } = site.add('/random', size);
  const position = integer({ min: 0, max: size - 1 });
  const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(site.parapet.listener())));
  const wishes = array(tuple(position, integer({ min: 0, max: 2 * mebibyte })), {
    minLength: 3,
    maxLength: 3,
  });
  await assert(
    asyncProperty(wishes, async (pairs) => {
      await Promise.all(
        pairs.map(async ([first, length], index) => {
          const last = Math.min(first + length, size - 1);
          const fields = { Range: `bytes=${first}-${last}` };
          const answer = await clients[index]?.request('/random', { host, fields, timeoutMs });
          const isRight = answer?.status === 206 && answer.body.equals(body.subarray(first, last + 1));
          if (!isRight) throw new Error(`${first}-${last}: ${answer?.status}`);
        }),
      );
    }),
    { numRuns: scaled(20, 200) },
  );
  const wanted = site.ranges('/random');
  t.equal(new Set(wanted).size, wanted.length, 'each slice once');
  for (const client of clients) client.destroy();
}

/** Slices and several ranges over TLS, and slices for a client of HTTP/1.0. */
export async function otherClients(t: Test, site: Site): Promise<void> {
  const size = 5 * mebibyte + 1;
  const { body } = site.add('/others', size);
  const sealed = await RawClient.connect(secure(site.parapet.listener(1)));
  const whole = await sealed.request('/others', { host, timeoutMs });
  t.equal(sha256(whole.body), sha256(body));
  const part = await sealed.request('/others', {
    host,
    timeoutMs,
    fields: { Range: 'bytes=1000000-4000000' },
  });
  t.ok(part.body.equals(body.subarray(1_000_000, 4_000_001)));
  const { body: stored } = site.add('/sealed', 3 * mebibyte);
  await sealed.request('/sealed', { timeoutMs });
  const range = 'bytes=2000000-,0-1500000';
  const several = await sealed.request('/sealed', { timeoutMs, fields: { Range: range } });
  const parts = parseByteRanges(several.field('Content-Type') ?? '', several.body);
  t.same(
    parts.map(({ first }) => first),
    [2_000_000, 0],
  );
  t.ok(parts.every((one) => one.body.equals(stored.subarray(one.first, one.last + 1))));
  sealed.destroy();
  const old = await RawClient.connect(site.parapet.listener());
  await old.write(`GET /others HTTP/1.0\r\nHost: ${host}\r\nRange: bytes=1048575-2097153\r\n\r\n`);
  const answer = await old.read({ timeoutMs });
  t.equal(answer.status, 206);
  t.ok(answer.body.equals(body.subarray(1_048_575, 2_097_154)));
  old.destroy();
}

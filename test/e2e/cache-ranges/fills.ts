/** Ranges of what is not stored yet, or still on its way. */
import type { Test } from 'tap';
import { RawClient } from '../../support/raw-client.ts';
import { Deferred, until, within } from '../../support/within.ts';
import { mebibyte, type Resource, type Site } from './site.ts';

const timeoutMs = 30_000;

/** `bytes=0-` is how a player begins: the fetch of the whole is shared, and ranges are answered while it fills. */
export async function coldStart(t: Test, site: Site): Promise<void> {
  const release = new Deferred<void>();
  const { body } = site.add('/player', 4 * mebibyte, {
    hold: async (sent) => {
      if (sent >= 2 * mebibyte) await release.promise;
    },
  });
  const first = await RawClient.connect(site.parapet.listener());
  await first.write('GET /player HTTP/1.1\r\nHost: site.test\r\nRange: bytes=0-\r\n\r\n');
  await until(timeoutMs, 'the request', () => (site.origin.count('/player') > 0 ? true : undefined));
  const second = await RawClient.connect(site.parapet.listener());
  const begun = new Deferred<void>();
  const following = second.request('/player', {
    fields: { Range: 'bytes=0-' },
    timeoutMs,
    onBody: () => begun.resolve(),
  });
  await begun.promise;
  t.equal(site.origin.count('/player'), 1, 'bytes come while it fills, of the same fetch');
  release.resolve();
  const answers = [await first.read({ timeoutMs }), await following];
  for (const answer of answers) {
    t.same(
      [answer.status, answer.field('Content-Range')],
      [206, `bytes 0-${body.length - 1}/${body.length}`],
    );
  }
  t.ok(answers[0]?.body.equals(body));
  t.match(answers[0]?.field('Cache-Status'), 'parapet; fwd=uri-miss; fwd-status=200; stored');
  const part = await first.request('/player', { fields: { Range: 'bytes=3000000-3000009' } });
  t.match(part.field('Cache-Status'), /^parapet; hit/);
  t.ok(part.body.equals(body.subarray(3_000_000, 3_000_010)));
  t.same(site.ranges('/player'), [''], 'the origin was asked for the whole');
  const direct = site.add('/direct', 2 * mebibyte);
  const middle = await first.request('/direct', { fields: { Range: 'bytes=1000000-1000009' } });
  t.same([middle.status, site.ranges('/direct')], [206, ['bytes=1000000-1000009']], 'a part goes as it came');
  t.ok(middle.body.equals(direct.body.subarray(1_000_000, 1_000_010)));
  first.destroy();
  second.destroy();
}

/** The fetch goes on for the store as long as no more than so much is lacking. */
export async function thrift(t: Test, site: Site): Promise<void> {
  const rows: [path: string, bytes: number, requests: number][] = [
    ['/nearly', 1.5 * mebibyte, 1],
    ['/hardly', 8 * mebibyte, 2],
  ];
  for (const [path, bytes, requests] of rows) {
    const release = new Deferred<void>();
    const closed = new Deferred<void>();
    const { body } = site.add(path, bytes, {
      closed: () => closed.resolve(),
      hold: async (sent) => {
        if (sent >= 0.75 * mebibyte) await release.promise;
      },
    });
    const client = await RawClient.connect(site.parapet.listener());
    const begun = new Deferred<void>();
    const lost = client.request(path, { host: 'thrifty.test', timeoutMs, onBody: () => begun.resolve() });
    lost.catch(() => {});
    await begun.promise;
    await until(timeoutMs, 'what is not held', () => (site.sent(path) >= 0.75 * mebibyte ? true : undefined));
    client.reset();
    if (requests > 1) await within(timeoutMs, 'the end of the fetch', closed.promise);
    release.resolve();
    const other = await RawClient.connect(site.parapet.listener());
    const whole = await other.request(path, { host: 'thrifty.test', timeoutMs });
    t.ok(whole.body.equals(body), path);
    t.equal(site.origin.count(path), requests, path);
    other.destroy();
  }
}

/** The answer to a range is kept, and serves those that lie within it. */
export async function parts(t: Test, site: Site): Promise<void> {
  const size = 3 * mebibyte;
  const path = '/kept-part';
  const { body } = site.add(path, size);
  const client = await RawClient.connect(site.parapet.listener());
  const ask = (range: string | undefined, more: Record<string, string> = {}) =>
    client.request(path, {
      fields: { ...(range === undefined ? {} : { Range: range }), ...more },
      timeoutMs,
    });
  const first = await ask('bytes=1000000-1999999');
  t.match(first.field('Cache-Status'), 'parapet; fwd=uri-miss; fwd-status=206; stored');
  t.equal(first.field('Content-Range'), `bytes 1000000-1999999/${size}`);
  t.ok(first.body.equals(body.subarray(1_000_000, 2_000_000)));
  const within: [string, number, number][] = [
    ['bytes=1000000-1999999', 1_000_000, 1_999_999],
    ['bytes=1500000-1500009', 1_500_000, 1_500_009],
    ['bytes=1999999-1999999', 1_999_999, 1_999_999],
  ];
  for (const [range, from, to] of within) {
    const answer = await ask(range, { 'If-Range': `"${path}"` });
    t.match(answer.field('Cache-Status'), /^parapet; hit/, range);
    t.same([answer.status, answer.all('Content-Range')], [206, [`bytes ${from}-${to}/${size}`]]);
    t.ok(answer.body.equals(body.subarray(from, to + 1)), range);
  }
  t.equal((await ask('bytes=1500000-1500009', { 'If-None-Match': `"${path}"` })).status, 304);
  t.equal(site.origin.count(path), 1);
  const beyond = await ask('bytes=1999999-2000000');
  t.ok(beyond.body.equals(body.subarray(1_999_999, 2_000_001)));
  t.equal((await ask('bytes=2000000-2000000')).field('Cache-Status')?.startsWith('parapet; hit'), true);
  t.same(
    site.ranges(path),
    ['bytes=1000000-1999999', 'bytes=2000000-2000000'],
    'of what goes beyond it, no more than that is asked for',
  );
  t.equal((await ask('bytes=2000000-2000000', { 'If-Range': '"other"' })).status, 200);
  const whole = await ask(undefined);
  t.ok(whole.body.equals(body));
  t.match((await ask('bytes=0-9')).field('Cache-Status'), /^parapet; hit/, 'the whole takes its place');
  await site.purge(`http://site.test${path}`);
  const count = site.origin.count(path);
  await ask('bytes=1-2');
  await site.purge(`http://site.test${path}`);
  await ask('bytes=1-2');
  t.equal(site.origin.count(path), count + 2, 'a purge takes it away');
  const spoils: NonNullable<Resource['spoil']>[] = [
    ({ fields }) => {
      fields['Cache-Control'] = 'no-store';
    },
    ({ fields }) => {
      fields['Content-Range'] = `bytes 0-4/${size}`;
    },
    ({ fields }) => {
      delete fields['ETag'];
    },
  ];
  for (const [index, spoil] of spoils.entries()) {
    site.add(`/unkept-${index}`, size, { spoil });
    for (const _ of [1, 2]) await client.request(`/unkept-${index}`, { fields: { Range: 'bytes=5-9' } });
    t.equal(site.origin.count(`/unkept-${index}`), 2, 'not kept');
  }
  client.destroy();
}

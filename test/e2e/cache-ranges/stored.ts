/** Ranges of what is stored: every edge of the specification, parts of several ranges byte for byte. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { array, assert, asyncProperty, integer, tuple } from 'fast-check';
import type { Test } from 'tap';
import { parseByteRanges } from '../../support/multipart.ts';
import { type Answer, RawClient } from '../../support/raw-client.ts';
import { scaled } from '../../support/scale.ts';
import type { Site } from './site.ts';

/** Range, then the status, and the part that is sent (`first-last`), or all of it. */
const edges: [range: string, status: number, part: string][] = [
  ['bytes=0-0', 206, '0-0'],
  ['bytes=100-', 206, '100-99999'],
  ['bytes=99999-', 206, '99999-99999'],
  ['bytes=99990-200000', 206, '99990-99999'],
  ['bytes=-10', 206, '99990-99999'],
  ['bytes=-200000', 206, '0-99999'],
  ['bytes=0-99999999999999999999', 206, '0-99999'],
  ['BYTES=5-6', 206, '5-6'],
  ['bytes=', 416, ''],
  ['bytes=-0', 416, ''],
  ['bytes=9-5', 416, ''],
  ['bytes=100000-', 416, ''],
  ['bytes=100000-100001,-0', 416, ''],
  ['bytes=a-b', 200, ''],
  ['bytes=1', 200, ''],
  ['bytes=0-1,x', 200, ''],
  ['lines=0-1', 200, ''],
  [`bytes=${Array.from({ length: 301 }, (_, index) => `${index * 2}-${index * 2}`).join(',')}`, 200, ''],
  ['bytes=5-9,200000-', 206, '5-9'],
  ['bytes=5-9,7-12', 206, '5-12'],
];

function checkPart(t: Test, answer: Answer, body: Buffer, part: string): void {
  const [first = 0, last = 0] = part.split('-').map(Number);
  t.equal(answer.field('Content-Range'), `bytes ${part}/${body.length}`);
  t.ok(answer.body.equals(body.subarray(first, last + 1)), 'the bytes of the range');
}

export async function storedEdges(t: Test, site: Site): Promise<void> {
  const { body } = site.add('/stored', 100_000);
  const client = await RawClient.connect(site.parapet.listener());
  t.equal((await client.request('/stored')).status, 200);
  for (const [range, status, part] of edges) {
    const answer = await client.request('/stored', { fields: { Range: range } });
    const name = range.slice(0, 40);
    t.equal(answer.status, status, name);
    t.match(answer.field('Cache-Status'), /^parapet; hit/, name);
    if (part !== '') checkPart(t, answer, body, part);
    if (status === 416) t.equal(answer.field('Content-Range'), `bytes */${body.length}`);
    if (status === 200) t.ok(answer.body.equals(body), name);
  }
  const conditions: [Record<string, string>, number][] = [
    [{ 'If-None-Match': '"/stored"' }, 304],
    [{ 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() }, 304],
    [{ 'If-Range': '"/stored"' }, 206],
    [{ 'If-Range': 'W/"/stored"' }, 200],
    [{ 'If-Range': '"other"' }, 200],
    [{ 'If-Range': new Date().toUTCString() }, 200],
  ];
  for (const [fields, status] of conditions) {
    const answer = await client.request('/stored', { fields: { Range: 'bytes=0-9', ...fields } });
    t.equal(answer.status, status, JSON.stringify(fields));
  }
  const head = await client.request('/stored', { method: 'HEAD', fields: { Range: 'bytes=0-9' } });
  t.same([head.status, head.field('Content-Length')], [200, '100000'], 'HEAD has no ranges');
  t.equal(site.origin.count('/stored'), 1);
  client.destroy();
}

export async function severalRanges(t: Test, site: Site): Promise<void> {
  const size = 3_000_000;
  const { body } = site.add('/several', size);
  const client = await RawClient.connect(site.parapet.listener());
  await client.request('/several', { timeoutMs: 20_000 });
  const boundaries = new Set<string>();
  const ask = async (wanted: readonly (readonly [number, number])[]): Promise<void> => {
    const text = wanted.map(([first, last]) => `${first}-${last}`).join(',');
    const answer = await client.request('/several', {
      fields: { Range: `bytes=${text}` },
      timeoutMs: 20_000,
    });
    if (answer.status !== 206) throw new Error(`status ${answer.status} for ${text}`);
    const type = answer.field('Content-Type') ?? '';
    if (answer.field('Content-Range') !== undefined) {
      const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(answer.field('Content-Range') ?? '') ?? [];
      if (!answer.body.equals(body.subarray(Number(first), Number(last) + 1)))
        throw new Error(`bytes of ${text}`);
      return;
    }
    const parts = parseByteRanges(type, answer.body);
    boundaries.add(type);
    for (const part of parts) {
      const isRight = part.type === 'video/mp4' && part.size === size;
      if (!isRight || !part.body.equals(body.subarray(part.first, part.last + 1)))
        throw new Error(`a part of ${text}`);
    }
    const covered = (at: number): boolean => parts.some(({ first, last }) => first <= at && at <= last);
    if (!wanted.every(([first, last]) => covered(first) && covered(last)))
      throw new Error(`not all of ${text}`);
  };
  await ask([
    [0, 1],
    [3, 4],
  ]);
  await ask([
    [size - 5, size - 1],
    [0, 4],
    [1000, 1_500_000],
  ]);
  await ask(Array.from({ length: 300 }, (_, index) => [index * 9000, index * 9000 + 99] as const));
  const position = integer({ min: 0, max: size - 1 });
  const wishes = array(tuple(position, integer({ min: 0, max: 400_000 })), { minLength: 2, maxLength: 6 });
  await assert(
    asyncProperty(wishes, async (pairs) => {
      await ask(pairs.map(([first, length]) => [first, Math.min(first + length, size - 1)] as const));
    }),
    { numRuns: scaled(25, 300) },
  );
  t.equal(site.origin.count('/several'), 1, 'all from the store');
  t.ok(boundaries.size > 2, 'each response has its own boundary');
  const head = await client.request('/several', { method: 'HEAD', fields: { Range: 'bytes=0-1,5-6' } });
  t.equal(head.status, 200);
  client.destroy();
}

export async function curlReads(t: Test, site: Site): Promise<void> {
  const { body } = site.add('/curl', 50_000);
  const { host, port } = site.parapet.listener();
  const curl = async (...args: string[]): Promise<Buffer> => {
    const command = ['-sS', '--max-time', '20', ...args, `http://${host}:${port}/curl`];
    const { stdout } = await promisify(execFile)('curl', command, { encoding: 'buffer', maxBuffer: 1 << 24 });
    return stdout;
  };
  t.ok((await curl()).equals(body), 'all of it');
  t.ok((await curl('-r', '100-199')).equals(body.subarray(100, 200)), 'a part');
  const whole = await curl('-r', '10-19,40000-49999', '-D', '-');
  const end = whole.indexOf('\r\n\r\n');
  const head = whole.toString('latin1', 0, end);
  const type = /^content-type: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
  const rest = whole.subarray(end + 4);
  t.equal(rest.length, length);
  const parts = parseByteRanges(type, rest);
  t.same(
    parts.map(({ first, last }) => [first, last]),
    [
      [10, 19],
      [40_000, 49_999],
    ],
  );
  t.ok(parts.every((part) => part.body.equals(body.subarray(part.first, part.last + 1))));
}

/** A client that reads nothing for a while gets all parts in the end. */
export async function slowReader(t: Test, site: Site): Promise<void> {
  const { body } = site.add('/slow', 12_000_000);
  const client = await RawClient.connect(site.parapet.listener());
  await client.request('/slow', { timeoutMs: 30_000 });
  const wide = 'bytes=0-5999999,6000001-11999999';
  await client.write(`GET /slow HTTP/1.1\r\nHost: site.test\r\nRange: ${wide}\r\n\r\n`);
  const other = await RawClient.connect(site.parapet.listener());
  t.equal((await other.request('/slow', { fields: { Range: 'bytes=0-0' } })).status, 206);
  const answer = await client.read({ timeoutMs: 30_000 });
  const parts = parseByteRanges(answer.field('Content-Type') ?? '', answer.body);
  t.same(
    parts.map(({ body: part }) => part.length),
    [6_000_000, 5_999_999],
  );
  t.ok(parts.every((part) => part.body.equals(body.subarray(part.first, part.last + 1))));
  client.destroy();
  other.destroy();
}

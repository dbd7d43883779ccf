/**
 * The budget of the store as the operating system sees it, under traffic of mixed sizes: nothing wrong is served, nothing
 * fails, and the process takes what it is given and no more.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Test } from 'tap';
import { askAdmin, readMetric } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { anonymousBytes, MemoryWatch, mappingBytes, rssBytes } from '../../support/proc.ts';
import { type Address, RawClient } from '../../support/raw-client.ts';
import { isSanitized, scaled } from '../../support/scale.ts';

const budgetBytes = scaled(96, 256) << 20;
/** The heaps of control, shipper and two workers swing by this much between two collections. */
const heapSwingBytes = 16 << 20;
const lanes = 16;
const objects = scaled(6_000, 40_000);
const durationMs = scaled(15_000, 90_000);
const objectBytesMax = 8 << 20;

/** Numbers below 1, the same on every run. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 100 B to 8 MiB, each doubling less likely than the one before it: a mean of about 60 KiB. */
function sizeOf(object: number): number {
  const doublings = Math.min(16.3, -Math.log(1 - random(object + 7)()) * 3.1);
  return Math.min(objectBytesMax, Math.floor(100 * 2 ** doublings));
}

/** One source of bytes for all bodies: an object is a place and a length in it, so that no two are alike. */
const source = Buffer.alloc(objectBytesMax + 65_536);
{
  const next = random(1);
  for (let at = 0; at < source.length; at += 4) source.writeUInt32LE((next() * 2 ** 32) >>> 0, at);
}
const bodyOf = (object: number): Buffer => {
  const from = (object * 97) % 65_536;
  return source.subarray(from, from + sizeOf(object));
};
const digestOf = (body: Buffer): string => createHash('sha1').update(body).digest('base64');

async function startOrigin(t: Test): Promise<Address> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const object = Number((request.url ?? '').slice(1));
    const body = bodyOf(object);
    response.setHeader('Cache-Control', 'max-age=86400');
    // Half of them without a length that is known.
    if (object % 2 === 0) response.setHeader('Content-Length', body.length);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the origin does not listen');
  return { host: '127.0.0.1', port: address.port };
}

/** Ranks by Zipf with alpha 0.8, by inversion of the cumulated weights. */
function zipf(seed: number): () => number {
  const cumulated = new Float64Array(objects);
  let sum = 0;
  for (let rank = 0; rank < objects; rank += 1) cumulated[rank] = sum += (rank + 1) ** -0.8;
  const next = random(seed);
  return () => {
    const wanted = next() * sum;
    let low = 0;
    let high = objects - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

interface Tally {
  requests: number;
  bytes: number;
  faults: string[];
}

async function lane(address: Address, seed: number, untilMs: number, tally: Tally): Promise<void> {
  const client = await RawClient.connect(address);
  const pick = zipf(seed);
  while (performance.now() < untilMs && tally.faults.length < 5) {
    const object = pick();
    const hash = createHash('sha1');
    let bytes = 0;
    const answer = await client.request(`/${object}`, {
      timeoutMs: 60_000,
      onBody: (piece) => {
        hash.update(piece);
        bytes += piece.length;
      },
    });
    tally.requests += 1;
    tally.bytes += bytes;
    if (answer.status !== 200) tally.faults.push(`/${object}: status ${answer.status}`);
    else if (hash.digest('base64') !== digestOf(bodyOf(object))) tally.faults.push(`/${object}: wrong bytes`);
  }
  client.destroy();
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export async function churn(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const parapet = await startParapet(
    t,
    siteConfig(origin, { store: { bytesMax: budgetBytes, objectBytesMax: 2 * objectBytesMax } }),
  );
  const child = await parapet.child();
  const load = async (seed: number, ms: number): Promise<Tally> => {
    const tally: Tally = { requests: 0, bytes: 0, faults: [] };
    const end = performance.now() + ms;
    const all = Array.from({ length: lanes }, (_, index) =>
      lane(parapet.listener(), seed + index, end, tally),
    );
    await Promise.all(all);
    return tally;
  };
  const used = async () => (await readMetric(parapet, 'parapet_store_used_bytes')) ?? Number.NaN;
  // What the process takes beside its store, with code compiled and buffers made: measured when the store holds next to nothing.
  await load(1, scaled(1_000, 5_000));
  const ofStore = () => mappingBytes(child, budgetBytes) ?? Number.NaN;
  const base = (anonymousBytes(child) ?? Number.NaN) - ofStore();
  const watch = new MemoryWatch(child, 100, anonymousBytes);
  const tally = await load(1_000, durationMs);
  await watch.stop();

  const most = Math.max(...watch.samples);
  const inUse = await used();
  const evictions = (await readMetric(parapet, 'parapet_store_evictions_total')) ?? 0;
  const refused = (await readMetric(parapet, 'parapet_store_refused_total')) ?? 0;
  t.comment(
    `${tally.requests} requests, ${mebibytes(tally.bytes)}; budget ${mebibytes(budgetBytes)}, in use ${mebibytes(inUse)}, resident ${mebibytes(ofStore())}; process at most ${mebibytes(most)} with a base of ${mebibytes(base)}, and ${mebibytes((rssBytes(child) ?? 0) - (anonymousBytes(child) ?? 0))} of mapped files; ${evictions} evictions, ${refused} refused`,
  );
  t.same(tally.faults, [], 'every answer is right, to the byte');
  t.ok(tally.requests > 200, `${tally.requests} requests`);
  t.equal(refused, 0, 'nothing was refused for want of room');
  t.ok(inUse <= budgetBytes, 'the store says that it keeps to its budget');
  if (!isSanitized) {
    t.ok(evictions > 0, 'the budget was reached');
    t.ok(ofStore() <= budgetBytes, `${mebibytes(ofStore())} of the region are resident`);
    t.ok(inUse > budgetBytes * 0.85, `${mebibytes(inUse)} of ${mebibytes(budgetBytes)} are in use`);
    t.ok(
      most - base <= budgetBytes * 1.05 + heapSwingBytes,
      `beside its base of ${mebibytes(base)} the process took ${mebibytes(most - base)}`,
    );
  }
  t.equal((await askAdmin(parapet, 'POST', '/purge', { json: { all: true } })).status, 200);
  t.same((await load(5_000, scaled(1_000, 5_000))).faults, [], 'it goes on after a purge of everything');
}

/** Bodies that are far larger than any buffer, over TLS on both sides, with ends that read slowly; and kills under load. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { settledMs } from '../../../src/control/backoff.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { Load } from '../../support/load.ts';
import { patternBlocks, patternBody, patternHash } from '../../support/pattern.ts';
import { MemoryWatch } from '../../support/proc.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { countRays } from '../../support/records.ts';
import { isFull, isSanitized, scaled } from '../../support/scale.ts';
import { ok } from '../../support/scripted-origin.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until, within } from '../../support/within.ts';
import { startTlsOrigin, type TlsOrigin } from './origins.ts';
import { place, root, startTlsSite, type TlsSite } from './site.ts';

const mebibyte = 1 << 20;
const largeBytes = scaled(64, 1024) * mebibyte;
const growthBytesMax = 64 * mebibyte;
const limitMs = isFull ? 300_000 : 100_000;
const pauseEachBytes = 4 * mebibyte;
const pauseMs = 20;

async function startBoth(t: Test): Promise<{ site: TlsSite; origin: TlsOrigin }> {
  const origin = await startTlsOrigin(t, makeCertificate({ names: ['127.0.0.1'], issuer: root }));
  return { site: await startSite(t, origin.address.port), origin };
}

async function startSite(t: Test, port: number): Promise<TlsSite> {
  const folder = temporaryFolder(t);
  place(folder, 'root', root);
  const tls = { ca: `${folder}/tls/root.crt` };
  const site = await startTlsSite(t, {
    origin: { host: '127.0.0.1', port },
    over: {
      origins: { site: { servers: [{ url: `https://127.0.0.1:${port}` }], tls } },
      limits: { bodyBytesMax: '2GiB' },
      store: { bytesMax: '64MiB', objectBytesMax: '16MiB' },
    },
  });
  for (let turn = 0; turn < 10; turn += 1) await fetchOnce(site.address, '/warm');
  return site;
}

function checkGrowth(t: Test, watch: MemoryWatch): void {
  const grown = watch.growthBytes();
  t.comment(`memory of the proxy grew by ${(grown / mebibyte).toFixed(1)} MiB`);
  if (!isSanitized) t.ok(grown < growthBytesMax);
}

export async function large(t: Test): Promise<void> {
  const { site, origin } = await startBoth(t);
  const rows = [
    ['down, with a length', 'length', 'no-store'],
    ['down, chunked', 'chunked', 'no-store'],
    ['down, through the store', 'length', 'max-age=60'],
  ] as const;
  for (const [what, framing, cacheControl] of rows) {
    await t.test(what, async (t) => {
      const target = `/${framing}-${cacheControl}`;
      origin.scripts.set(target, async (connection) => {
        const field = framing === 'length' ? `Content-Length: ${largeBytes}` : 'Transfer-Encoding: chunked';
        await connection.write(`HTTP/1.1 200 OK\r\nCache-Control: ${cacheControl}\r\n${field}\r\n\r\n`);
        for (const block of patternBlocks(largeBytes)) {
          if (framing === 'chunked') await connection.write(`${block.length.toString(16)}\r\n`);
          await connection.write(block);
          if (framing === 'chunked') await connection.write('\r\n');
        }
        if (framing === 'chunked') await connection.write('0\r\n\r\n');
      });
      const watch = new MemoryWatch(await site.parapet.child());
      const client = await RawClient.connect(site.address);
      const hash = createHash('sha256');
      let bytes = 0;
      const answer = await client.request(target, {
        timeoutMs: limitMs,
        onBody: (piece) => {
          hash.update(piece);
          const before = Math.floor(bytes / pauseEachBytes);
          bytes += piece.length;
          if (Math.floor(bytes / pauseEachBytes) === before) return;
          client.socket.pause();
          setTimeout(() => client.socket.resume(), pauseMs);
        },
      });
      await watch.stop();
      t.equal(answer.status, 200);
      t.equal(bytes, largeBytes);
      t.equal(hash.digest('hex'), patternHash(largeBytes));
      checkGrowth(t, watch);
      client.destroy();
    });
  }
}

/** Uploads to an origin that reads slowly. */
export async function uploads(t: Test): Promise<void> {
  const issued = makeCertificate({ names: ['127.0.0.1'], issuer: root });
  const origin = createHttpsServer({ cert: issued.chain, key: issued.key }, (request, response) => {
    const hash = createHash('sha256');
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      hash.update(piece);
      const before = Math.floor(bytes / pauseEachBytes);
      bytes += piece.length;
      if (Math.floor(bytes / pauseEachBytes) === before) return;
      request.pause();
      setTimeout(() => request.resume(), pauseMs);
    });
    request.on('end', () => response.end(`${bytes} ${hash.digest('hex')}`));
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  t.teardown(() => {
    origin.closeAllConnections();
    origin.close();
  });
  const site = await startSite(t, (origin.address() as AddressInfo).port);
  for (const framing of ['length', 'chunked'] as const) {
    await t.test(`up, ${framing}`, async (t) => {
      const watch = new MemoryWatch(await site.parapet.child());
      const client = await RawClient.connect(site.address);
      const answer = client.read({ method: 'POST', timeoutMs: limitMs });
      const field = framing === 'length' ? `Content-Length: ${largeBytes}` : 'Transfer-Encoding: chunked';
      await client.write(`POST /up HTTP/1.1\r\nHost: site.test\r\n${field}\r\n\r\n`);
      for (const block of patternBlocks(largeBytes)) {
        if (framing === 'chunked') await client.write(`${block.length.toString(16)}\r\n`);
        await client.write(block);
        if (framing === 'chunked') await client.write('\r\n');
      }
      if (framing === 'chunked') await client.write('0\r\n\r\n');
      t.equal((await answer).body.toString(), `${largeBytes} ${patternHash(largeBytes)}`);
      await watch.stop();
      checkGrowth(t, watch);
      client.destroy();
    });
  }
}

export async function pipelining(t: Test): Promise<void> {
  const { site, origin } = await startBoth(t);
  for (let turn = 0; turn < 50; turn += 1)
    origin.scripts.set(`/p${turn}`, (connection) =>
      connection.write(ok(`answer ${turn}`.repeat(turn * 40 + 1))),
    );
  const client = await RawClient.connect(site.address);
  const requests = Array.from(
    { length: 50 },
    (_, turn) => `GET /p${turn} HTTP/1.1\r\nHost: site.test\r\n\r\n`,
  );
  await client.write(requests.join(''));
  for (let turn = 0; turn < 50; turn += 1) {
    const answer = await client.read();
    t.equal(answer.body.toString(), `answer ${turn}`.repeat(turn * 40 + 1));
  }
  client.destroy();
}

/** Gate 1's promise, over TLS: every response that a client received whole has a record, and one only. */
export async function kills(t: Test): Promise<void> {
  const small = patternBody(1024);
  const large = patternBody(200 * 1024);
  const origin = await startCountingOrigin(t, {
    '/small': (_request, response) =>
      void response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end(small),
    '/large': (_request, response) =>
      void response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end(large),
    '/plain': (_request, response) =>
      void response.writeHead(200, { 'Cache-Control': 'no-store' }).end(small),
  });
  const { parapet, address } = await startTlsSite(t, { origin: origin.address });
  const load = new Load({
    address,
    connections: 16,
    targets: [
      { path: '/small', body: small },
      { path: '/large', body: large },
      { path: '/plain', body: small },
    ],
  });
  t.teardown(() => load.stop());
  for (let kill = 0; kill < scaled(5, 12); kill += 1) {
    await within(30_000, 'a child that serves', load.more(20));
    // One that dies sooner is started again only after a while.
    const settledAt = performance.now() + 2 * settledMs;
    do await within(30_000, 'load', load.more(150));
    while (performance.now() < settledAt);
    const child = await parapet.child();
    process.kill(child, 'SIGKILL');
    await parapet.child(child);
  }
  await within(30_000, 'load after the last kill', load.more(150));
  await load.stop();
  t.same(load.faults, []);
  const missing = await until(20_000, 'the records', async () => {
    const counts = await countRays(parapet.recordsFile);
    const without = [...load.rays].filter((ray) => !counts.has(ray));
    return without.length === 0 ? without : undefined;
  });
  t.same(missing, []);
  t.comment(`${load.whole} responses, ${load.broken} connections broken`);
}

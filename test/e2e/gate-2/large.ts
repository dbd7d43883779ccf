/**
 * Backpressure end to end: a body that is far larger than any buffer crosses to a slow reader while the memory of the
 * proxy stays where it was, and arrives unchanged.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { patternBlocks, patternHash } from '../../support/pattern.ts';
import { MemoryWatch } from '../../support/proc.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { isFull, isSanitized, scaled } from '../../support/scale.ts';
import { ok, type ScriptedOrigin, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { within } from '../../support/within.ts';

const mebibyte = 1 << 20;
export const largeBytes = scaled(160, 1024) * mebibyte;
const growthBytesMax = 64 * mebibyte;
/** What may be under way between two ends that are both local: socket buffers and the buffers of the proxy. */
const inFlightBytesMax = 48 * mebibyte;
const limitMs = isFull ? 300_000 : 100_000;
const stallMs = 1_500;
/** A reader that stops this long after each piece: some 60 MiB/s. */
const pieceBytes = 2 * mebibyte;
const piecePauseMs = 30;

async function setUp(t: Test): Promise<{ origin: ScriptedOrigin; parapet: Parapet }> {
  const origin = await startScriptedOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, { limits: { bodyBytesMax: '2GiB' } }));
  // Both workers have done their first work, so that what grows later is the transfer.
  for (let turn = 0; turn < 20; turn += 1) await fetchOnce(parapet.listener(), '/warm');
  return { origin, parapet };
}

/** Sanitizers keep freed memory aside, so that only the promise to operators is measured: the release build. */
function checkGrowth(t: Test, watch: MemoryWatch): void {
  const grown = `${(watch.growthBytes() / mebibyte).toFixed(1)} MiB over ${watch.samples.length} samples`;
  t.comment(`memory of the proxy grew by ${grown}`);
  if (!isSanitized) t.ok(watch.growthBytes() < growthBytesMax, grown);
}

/** Reads piece by piece with pauses; the first pause is long, so that everything on the way fills up. */
class SlowReader {
  readonly hash = createHash('sha256');
  bytes = 0;
  #sincePause = 0;

  take(piece: Buffer, pause: () => void, resume: () => void): void {
    this.hash.update(piece);
    const isFirst = this.bytes === 0;
    this.bytes += piece.length;
    this.#sincePause += piece.length;
    if (!isFirst && this.#sincePause < pieceBytes) return;
    this.#sincePause = 0;
    pause();
    setTimeout(resume, isFirst ? stallMs : piecePauseMs);
  }
}

export async function slowClient(t: Test): Promise<void> {
  for (const framing of ['length', 'chunked'] as const) {
    await t.test(`down to a slow client, ${framing}`, async (t) => {
      const { origin, parapet } = await setUp(t);
      let written = 0;
      origin.scripts.set('/down', async (connection) => {
        const field = framing === 'length' ? `Content-Length: ${largeBytes}` : 'Transfer-Encoding: chunked';
        await connection.write(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n${field}\r\n\r\n`);
        for (const block of patternBlocks(largeBytes)) {
          if (framing === 'chunked') await connection.write(`${block.length.toString(16)}\r\n`);
          await connection.write(block);
          if (framing === 'chunked') await connection.write('\r\n');
          written += block.length;
        }
        if (framing === 'chunked') await connection.write('0\r\n\r\n');
      });
      const watch = new MemoryWatch(await parapet.child());
      const client = await RawClient.connect(parapet.listener());
      const reader = new SlowReader();
      const whole = client.request('/down', {
        timeoutMs: limitMs,
        onBody: (piece) =>
          reader.take(
            piece,
            () => client.socket.pause(),
            () => client.socket.resume(),
          ),
      });
      await delay(stallMs / 2);
      t.ok(
        written < inFlightBytesMax,
        `${(written / mebibyte).toFixed(0)} MiB left the origin while nothing was read`,
      );
      t.equal((await whole).status, 200);
      await watch.stop();
      t.equal(reader.bytes, largeBytes);
      t.equal(reader.hash.digest('hex'), patternHash(largeBytes));
      checkGrowth(t, watch);
      client.destroy();
    });
  }
}

export async function slowOrigin(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const hash = createHash('sha256');
  let received = 0;
  origin.scripts.set('/up', async (connection) => {
    connection.socket.pause();
    await delay(stallMs);
    let sincePause = 0;
    await connection.readBytes(largeBytes, async (piece) => {
      hash.update(piece);
      received += piece.length;
      sincePause += piece.length;
      if (sincePause < pieceBytes) return;
      sincePause = 0;
      await delay(piecePauseMs);
    });
    await connection.write(ok('all of it'));
  });
  const watch = new MemoryWatch(await parapet.child());
  const client = await RawClient.connect(parapet.listener());
  const answer = client.read({ method: 'POST', timeoutMs: limitMs });
  await client.write(`POST /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${largeBytes}\r\n\r\n`);
  let sent = 0;
  const sending = (async () => {
    for (const block of patternBlocks(largeBytes)) {
      await client.write(block);
      sent += block.length;
    }
  })();
  await delay(stallMs / 2);
  t.ok(sent < inFlightBytesMax, `${(sent / mebibyte).toFixed(0)} MiB left the client while nothing was read`);
  await within(limitMs, 'the upload', sending);
  t.equal((await answer).body.toString(), 'all of it');
  await watch.stop();
  t.equal(received, largeBytes);
  t.equal(hash.digest('hex'), patternHash(largeBytes));
  checkGrowth(t, watch);
  client.destroy();
}

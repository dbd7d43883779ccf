/** The origin that the demo stands in front of: a page, an image, a slow page, an API, and an echo of uploads. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { crc32, deflateSync } from 'node:zlib';
import type { Clock } from '../lib/clock.ts';

const slowMs = 2_000;

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<h1>${title}</h1>
${body}
<p><a href="/">start</a> <a href="/about">about</a> <a href="/image.png">image</a> <a href="/slow">slow</a> <a href="/api/time">API</a></p>
</html>
`;

interface Answer {
  type: string;
  cacheControl: string;
  body: string | Buffer;
  delayMs?: number;
}

type Handler = (nowMs: number, requests: number) => Answer;

const html = 'text/html; charset=utf-8';

const handlers: Readonly<Record<string, Handler>> = {
  '/': () => ({
    type: html,
    cacheControl: 'max-age=60',
    body: page('Parapet demo', '<p>This page is stored for a minute: look at its Cache-Status field.</p>'),
  }),
  '/about': () => ({
    type: html,
    cacheControl: 'max-age=60, stale-while-revalidate=300',
    body: page('About', '<p>A parapet is the low wall along the edge of a roof.</p>'),
  }),
  '/secure': () => ({
    type: html,
    cacheControl: 'max-age=60',
    body: page('Secure', '<p>A rule of the demo sends requests for this page to HTTPS.</p>'),
  }),
  '/image.png': () => ({ type: 'image/png', cacheControl: 'public, max-age=3600', body: image() }),
  '/slow': () => ({
    type: html,
    cacheControl: 'max-age=10',
    body: page('Slow', `<p>The origin took ${slowMs} ms for this; the store takes none.</p>`),
    delayMs: slowMs,
  }),
  '/api/time': (nowMs, requests) => ({
    type: 'application/json',
    cacheControl: 'no-store',
    body: `${JSON.stringify({ time: new Date(nowMs).toISOString(), requests })}\n`,
  }),
};

/** Starts it on a loopback port. Rejects with the code of the system (EADDRINUSE). */
export async function startDemoOrigin(port: number, clock: Clock): Promise<Server> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    if (path === '/upload') echo(request, response);
    else answer(response, handlers[path]?.(clock.nowMs(), requests), clock);
  });
  // Longer than the proxy keeps an idle connection, so that it is never the one to find it closed.
  server.keepAliveTimeout = 120_000;
  server.listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
  return server;
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': request.headers['content-type'] ?? 'application/octet-stream',
    'cache-control': 'no-store',
  });
  request.pipe(response);
}

function answer(response: ServerResponse, found: Answer | undefined, clock: Clock): void {
  if (found === undefined) {
    response.writeHead(404, { 'content-type': html, 'cache-control': 'max-age=10' });
    response.end(page('Not found', '<p>There is no such page.</p>'));
    return;
  }
  const send = () => {
    response.writeHead(200, {
      'content-type': found.type,
      'cache-control': found.cacheControl,
      'content-length': Buffer.byteLength(found.body),
    });
    response.end(found.body);
  };
  if (found.delayMs === undefined) send();
  else clock.after(found.delayMs, send);
}

const side = 128;
let made: Buffer | undefined;

/** A square of changing colours as PNG (RFC 2083). */
function image(): Buffer {
  if (made !== undefined) return made;
  const rows = Buffer.alloc(side * (1 + side * 3));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) rows.set([x * 2, y * 2, 255 - x - y], y * (1 + side * 3) + 1 + x * 3);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  made = Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return made;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

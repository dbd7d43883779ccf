/**
 * The small site of docs/nginx.md before and after its move: a real nginx and a Parapet, each with the config of that page in
 * front of the same two origins, give the same answers.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { freeAddress } from '../../support/dead-origins.ts';
import { repository, startParapet } from '../../support/parapet.ts';
import { type Address, type Answer, fetchOnce, type RequestOptions } from '../../support/raw-client.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until } from '../../support/within.ts';

export const nginxSkip: string | false =
  spawnSync('nginx', ['-v']).error === undefined ? false : 'nginx is not installed';

const page = readFileSync(join(repository, 'docs/nginx.md'), 'utf8');

function block(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/nginx.md has no block of ${language}`);
  return found;
}

/** Tells what it was asked, so that a difference in what reaches the origin is a difference of answers. */
function application(counts: Map<string, number>): Server {
  return createServer((request, response) => {
    const path = request.url ?? '';
    const key = `${request.headers.host} ${path}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const status = path === '/missing' ? 404 : path === '/broken' ? 500 : 200;
      const { headers } = request;
      // nginx asks with GET where it may keep the answer.
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const forwarded = [headers['x-forwarded-for'], headers['x-forwarded-proto']];
      const asked = { method, path, host: headers.host, forwarded, body: Buffer.concat(pieces).toString() };
      const body = JSON.stringify(asked);
      response.writeHead(status, {
        'Content-Type': path.endsWith('.json') ? 'application/json' : 'text/html; charset=utf-8',
        'Accept-Ranges': 'bytes',
        'Content-Length': Buffer.byteLength(body),
        'Cache-Control': path.startsWith('/kept') ? 'max-age=60' : 'no-store',
        ...(path === '/cookie' ? { 'Set-Cookie': ['a=1', 'b=2'] } : {}),
        ETag: '"1"',
      });
      response.end(body);
    });
  });
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function startNginx(t: Test, ports: readonly number[]): Promise<Address> {
  const folder = temporaryFolder(t);
  const address = await freeAddress();
  for (const name of ['cache', 'log', 'pages', 'tmp']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'pages/unavailable.html'), '<h1>We will be back soon</h1>\n');
  const site = block('nginx')
    .replace('0.0.0.0:8080', `${address.host}:${address.port}`)
    .replace(':9101', `:${ports[0]}`)
    .replace(':9102', `:${ports[1]}`)
    .replace('/var/cache/nginx/shop', join(folder, 'cache'))
    .replace('/var/log/nginx', join(folder, 'log'))
    .replace('/etc/nginx/pages', join(folder, 'pages'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/tmp/${name};`,
  );
  const own = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${own} daemon off; pid ${folder}/pid; error_log ${folder}/log/error.log; events {}
http { types { text/html html; } ${temporary.join(' ')} ${site} }\n`,
  );
  const child: ChildProcess = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr?.on('data', (piece: Buffer) => (errors += piece.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await until(10_000, 'nginx', async () => {
    if (child.exitCode !== null) throw new Error(`nginx has ended: ${errors}`);
    return await fetchOnce(address, '/ready', { host: 'shop.example' }).catch(() => undefined);
  });
  return address;
}

async function startMoved(t: Test, ports: readonly number[]): Promise<Address> {
  const config = block('yaml')
    .replace('0.0.0.0:8080', '127.0.0.1:0')
    .replace(':9101', `:${ports[0]}`)
    .replace(':9102', `:${ports[1]}`);
  return (await startParapet(t, `${config}workers: 2\n`)).listener();
}

interface Row extends RequestOptions {
  target: string;
}

const rows: readonly Row[] = [
  { target: '/' },
  { target: '/search?q=a%20b&x' },
  { target: '/data.json', host: 'www.shop.example' },
  { target: '/', method: 'HEAD' },
  { target: '/form', method: 'POST', body: 'a=1' },
  { target: '/thing', method: 'PUT', body: 'x'.repeat(100_000) },
  { target: '/thing', method: 'DELETE' },
  { target: '/large', method: 'POST', body: 'x'.repeat(1_100_000) },
  { target: '/missing' },
  { target: '/broken' },
  { target: '/cookie' },
  { target: '/old' },
  { target: '/old', method: 'HEAD' },
  { target: '/kept/page' },
  { target: '/kept/page' },
  { target: '/kept/page', fields: { 'If-None-Match': '"1"' } },
  { target: '/kept/page', fields: { Range: 'bytes=2-5' } },
  { target: '/kept/page', method: 'HEAD' },
];

const compared = [
  'content-type',
  'content-length',
  'content-range',
  'etag',
  'x-frame-options',
  'cache-control',
];

/** What a client would notice. The page of a refusal is each proxy's own, and a redirect may name the host. */
function visible(answer: Answer) {
  const isOwn = answer.status === 413 || answer.status === 301;
  const fields = compared
    .filter((name) => !isOwn || name === 'etag')
    .map((name) => [name, answer.all(name).join(', ')]);
  return {
    status: answer.status,
    body: isOwn ? '' : answer.body.toString(),
    location: answer.field('location')?.replace(/^http:\/\/[^/]+/, ''),
    cookies: answer.all('set-cookie'),
    ...Object.fromEntries(fields),
  };
}

export async function movedSite(t: Test): Promise<void> {
  const counts = new Map<string, number>();
  const origins = [application(counts), application(counts)];
  const ports = [await listen(t, origins[0] as Server), await listen(t, origins[1] as Server)];
  const sides = { nginx: await startNginx(t, ports), parapet: await startMoved(t, ports) };
  for (const { target, host = 'shop.example', ...options } of rows) {
    const ask = async (side: Address) => visible(await fetchOnce(side, target, { host, ...options }));
    const name = `${options.method ?? 'GET'} ${target} ${JSON.stringify(options.fields ?? {})}`;
    t.same(await ask(sides.parapet), await ask(sides.nginx), name);
  }
  t.equal(counts.get('shop.example /kept/page'), 2, 'each asked the origin once for what it keeps');

  const forged = { host: 'shop.example', fields: { 'X-Forwarded-For': '192.0.2.9' } };
  t.match((await fetchOnce(sides.nginx, '/', forged)).body.toString(), /"192\.0\.2\.9, 127\.0\.0\.1"/);
  t.match(
    (await fetchOnce(sides.parapet, '/', forged)).body.toString(),
    /\["127\.0\.0\.1","http"\]/,
    'the one difference on the way: what a client says of itself is not passed on',
  );

  // Nothing answers any more: the page of the operator.
  for (const server of origins) {
    server.closeAllConnections();
    server.close();
  }
  const down = { host: 'shop.example' };
  const [theirs, ours] = [await fetchOnce(sides.nginx, '/', down), await fetchOnce(sides.parapet, '/', down)];
  t.same([ours.status, ours.body.toString()], [theirs.status, theirs.body.toString()]);
  const kept = { nginx: await fetchOnce(sides.nginx, '/kept/page', down) };
  t.same(
    (await fetchOnce(sides.parapet, '/kept/page', down)).body.toString(),
    kept.nginx.body.toString(),
    'what is kept is served on',
  );
}

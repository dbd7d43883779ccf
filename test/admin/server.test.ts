/** The admin API over a real socket, with the process behind it faked. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type AdminPorts, AdminServer, type PurgeRequest, problems } from '../../src/admin/index.ts';
import { temporaryFolder } from '../support/temp.ts';

const token = 'a-token';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

async function start(t: Test, over: Partial<AdminPorts> = {}) {
  const audited: string[] = [];
  const purges: PurgeRequest[] = [];
  const callers: string[] = [];
  const ports: AdminPorts = {
    readiness: () => ({ isReady: true, detail: '' }),
    metrics: async () => 'parapet_x 1\n',
    config: () => ({ admin: { tokenFile: '/t' }, url: 'http://u:p@h/', zones: [{ name: 'site' }] }),
    reload: async () => ({ ok: true, value: { snapshot: 2 } }),
    purge: async (request, by) => {
      purges.push(request);
      callers.push(by);
      return { ok: true, value: { purged: 3 } };
    },
    restartWorker: (slot) =>
      slot < 2
        ? { ok: true, value: { worker: slot } }
        : { ok: false, problem: problems.notFound(`worker ${slot}`) },
    logStats: async () => ({ records: 5 }),
    cacheStats: () => ({ store: { objects: 7 } }),
    explain: ({ url }) => ({ ok: true, value: { phases: [url] } }),
    logTail: () => ({ ok: false, problem: problems.notFound('tail') }),
    audit: (line) => audited.push(line),
    ...over,
  };
  const server = new AdminServer(ports, token);
  const address = await server.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  t.teardown(async () => await server.close());
  if (address.kind !== 'tcp') throw new Error('not tcp');
  const { port } = address;
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
    await fetchRaw({ host: '127.0.0.1', port, method, path, headers }, body);
  const change = async (path: string, body: unknown) =>
    await ask(
      'POST',
      path,
      { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      JSON.stringify(body),
    );
  return { ask, change, audited, purges, callers, port };
}

async function fetchRaw(options: object, body: string): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

t.test('reads need no token', async (t) => {
  const { ask } = await start(t);
  t.match(await ask('GET', '/healthz'), { status: 200, body: 'ok\n' });
  t.match(await ask('GET', '/readyz'), { status: 200, body: 'ready\n' });
  t.match(await ask('GET', '/metrics'), {
    status: 200,
    body: 'parapet_x 1\n',
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
  t.same(JSON.parse((await ask('GET', '/logs/stats')).body), { records: 5 });
  t.same(JSON.parse((await ask('GET', '/cache/stats')).body), { store: { objects: 7 } });
  t.match(await ask('HEAD', '/healthz'), { status: 200, body: '', headers: { 'content-length': '3' } });
});

t.test('the config is shown without its secrets', async (t) => {
  const { ask } = await start(t);
  const { body } = await ask('GET', '/config');
  t.same(JSON.parse(body), {
    admin: { tokenFile: '/t' },
    url: 'http://[redacted]@h/',
    zones: [{ name: 'site' }],
  });
});

t.test('a process that is not ready says why', async (t) => {
  const { ask } = await start(t, { readiness: () => ({ isReady: false, detail: 'worker 1 starts' }) });
  const { status, body, headers } = await ask('GET', '/readyz');
  t.equal(status, 503);
  t.equal(headers['content-type'], 'application/problem+json');
  t.same(JSON.parse(body), {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'worker 1 starts',
  });
});

t.test('changes need the token', async (t) => {
  const { ask, change, purges } = await start(t);
  for (const path of ['/reload', '/purge', '/workers/0/restart']) {
    t.match(await ask('POST', path), { status: 401, headers: { 'www-authenticate': 'Bearer' } }, path);
    t.match(await ask('POST', path, { authorization: 'Bearer wrong' }), { status: 401 }, path);
  }
  t.same(purges, []);
  t.match(await change('/reload', {}), { status: 200, body: '{"snapshot":2}\n' });
  t.match(await change('/workers/1/restart', {}), { status: 202 });
  t.match(await change('/workers/7/restart', {}), { status: 404 });
});

t.test('a purge says what and who, and is written down', async (t) => {
  const { change, purges, callers, audited } = await start(t);
  t.match(await change('/purge', { url: 'http://example.com/a' }), { status: 200, body: '{"purged":3}\n' });
  t.match(await change('/purge', { tag: ['A', 'b'], zone: 'site', soft: true }), { status: 200 });
  t.same(purges, [
    { what: 'url', values: ['http://example.com/a'], soft: false },
    { what: 'tag', values: ['a', 'b'], zone: 'site', soft: true },
  ]);
  t.match(callers, [/^127\.0\.0\.1:\d+$/, /^127\.0\.0\.1:\d+$/]);
  t.ok(audited.some((line) => line.includes('POST /purge -> 200')));
  const { status, body } = await change('/purge', { tag: 'a b' });
  t.equal(status, 400);
  t.match(body, /only printable ASCII without spaces can be named/);
  t.equal(purges.length, 2);
});

t.test('a foreign Host and any Origin are refused', async (t) => {
  const { ask, port } = await start(t);
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost',
    '127.0.0.1',
    `127.0.0.1:${port + 1}`,
    `localhost:${port}.evil.example`,
  ]) {
    t.match(await ask('GET', '/config', { host }), { status: 403 }, host);
  }
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    t.match(await ask('GET', '/healthz', { host }), { status: 200 }, host);
  }
  t.match(await ask('GET', '/healthz', { origin: 'null' }), { status: 403 });
  t.match(
    await ask('POST', '/reload', { origin: `http://localhost:${port}`, authorization: `Bearer ${token}` }),
    { status: 403 },
  );
});

t.test('another method is told which there are, another path that there is none', async (t) => {
  const { ask } = await start(t);
  t.match(await ask('POST', '/metrics'), { status: 405, headers: { allow: 'GET, HEAD' } });
  t.match(await ask('GET', '/purge'), { status: 405, headers: { allow: 'POST' } });
  t.match(await ask('DELETE', '/workers/1/restart'), { status: 405, headers: { allow: 'POST' } });
  t.match(await ask('GET', '/nothing'), { status: 404 });
});

t.test('a body is JSON, and not large', async (t) => {
  const { ask } = await start(t);
  const authorization = `Bearer ${token}`;
  t.match(await ask('POST', '/purge', { authorization, 'content-type': 'text/plain' }, '{"all":true}'), {
    status: 415,
  });
  t.match(await ask('POST', '/purge', { authorization, 'content-type': 'application/json' }, '{'), {
    status: 400,
  });
  t.match(
    await ask('POST', '/purge', { authorization, 'content-type': 'application/json' }, ' '.repeat(70_000)),
    { status: 413 },
  );
});

t.test('a failure inside is a problem document, its cause goes to the operator', async (t) => {
  const { ask, audited } = await start(t, { metrics: async () => await Promise.reject(new Error('broken')) });
  const { status, body } = await ask('GET', '/metrics');
  t.equal(status, 500);
  t.notMatch(body, /broken/);
  t.ok(audited.some((line) => line.includes('broken')));
});

t.test('a Unix socket takes the place of one that a killed process left', async (t) => {
  // A socket's path has at most 107 bytes.
  const path = join(temporaryFolder(t), 'admin.sock');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  t.ok(existsSync(path), 'a stale one is there');
  const make = () =>
    new AdminServer(
      {
        readiness: () => ({ isReady: true, detail: '' }),
        metrics: async () => '',
        config: () => ({}),
        reload: async () => ({ ok: true, value: { snapshot: 1 } }),
        purge: async () => ({ ok: true, value: { purged: 0 } }),
        cacheStats: () => ({}),
        explain: () => ({ ok: true, value: {} }),
        restartWorker: () => ({ ok: true, value: { worker: 0 } }),
        logStats: async () => ({}),
        logTail: () => ({ ok: false, problem: problems.notFound('tail') }),
        audit: () => {},
      },
      token,
    );
  const first = make();
  await first.listen({ kind: 'unix', path });
  t.match(await fetchRaw({ socketPath: path, path: '/healthz', headers: { host: 'localhost' } }, ''), {
    status: 200,
  });
  await t.rejects(make().listen({ kind: 'unix', path }), { code: 'EADDRINUSE' }, 'one that is alive stays');
  await first.close();
  t.notOk(existsSync(path));
});

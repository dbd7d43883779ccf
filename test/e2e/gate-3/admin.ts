/** The admin API, and what refuses to start. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { askAdmin, readMetrics } from '../../support/admin.ts';
import { siteConfig, writeConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { runCommand, startParapet } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { startScriptedOrigin } from '../../support/scripted-origin.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until, within } from '../../support/within.ts';

export async function adminApi(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  await fetchOnce(parapet.listener(), '/one');
  await t.test('healthz, readyz, metrics, config', async (t) => {
    t.equal((await askAdmin(parapet, 'GET', '/healthz')).status, 200);
    t.equal((await askAdmin(parapet, 'GET', '/readyz')).status, 200);
    const metrics = await askAdmin(parapet, 'GET', '/metrics');
    t.match(metrics.field('Content-Type'), /^text\/plain; version=0\.0\.4/);
    t.match(metrics.body.toString(), /^# TYPE parapet_exchanges_total counter$/m);
    const config = JSON.parse((await askAdmin(parapet, 'GET', '/config')).body.toString()) as object;
    t.match(JSON.stringify(config), /"site"/);
    t.notMatch(JSON.stringify(config), new RegExp(parapet.adminToken()));
  });
  await t.test('the token is in a file of its owner alone, and changes need it', async (t) => {
    t.equal(statSync(join(parapet.folder, 'var/log/admin.token')).mode & 0o777, 0o600);
    for (const path of ['/reload', '/purge', '/workers/0/restart']) {
      for (const Authorization of ['', 'Bearer wrong', `Basic ${parapet.adminToken()}`]) {
        const answer = await askAdmin(parapet, 'POST', path, { fields: { Authorization } });
        t.equal(answer.status, 401, `${path} with ${Authorization}`);
        t.equal(answer.field('Content-Type'), 'application/problem+json');
      }
    }
  });
  await t.test('a foreign Host, and any Origin, are refused', async (t) => {
    t.ok([403, 421].includes((await askAdmin(parapet, 'GET', '/config', { host: 'evil.test' })).status));
    const { host, port } = parapet.admin;
    const own = `http://${host}:${port}`;
    for (const Origin of ['http://evil.test', own, 'null'])
      t.equal((await askAdmin(parapet, 'GET', '/config', { fields: { Origin } })).status, 403);
    t.ok(
      [403, 421].includes((await askAdmin(parapet, 'POST', '/reload', { host: `evil.test:${port}` })).status),
    );
  });
  await t.test('what is not there, and the wrong method', async (t) => {
    t.equal((await askAdmin(parapet, 'GET', '/nothing')).status, 404);
    t.equal((await askAdmin(parapet, 'GET', '/reload')).status, 405);
    t.equal((await askAdmin(parapet, 'POST', '/purge', { json: { nonsense: 1 } })).status, 400);
    t.equal(
      (
        await askAdmin(parapet, 'POST', '/purge', {
          body: '{',
          fields: { 'Content-Type': 'application/json' },
        })
      ).status,
      400,
    );
  });
  t.equal(
    (await fetchOnce(parapet.listener(), '/healthz')).body.toString(),
    'origin\n',
    'the listener is not the admin API',
  );
}

export async function badConfigs(t: Test): Promise<void> {
  const folder = temporaryFolder(t);
  const path = join(folder, 'parapet.yaml');
  const good = siteConfig({ host: '127.0.0.1', port: 9 });
  const both = async (t: Test, expected: RegExp[]): Promise<void> => {
    for (const command of ['check', 'run']) {
      const result = await runCommand([command, '-c', path], { cwd: folder });
      t.equal(result.code, 1, command);
      for (const pattern of expected) t.match(result.stderr, pattern, `${command} says so`);
      t.equal(result.stdout, '', 'nothing was started');
    }
  };
  await t.test('an unknown key: file, line, column, caret, suggestion', async (t) => {
    writeFileSync(
      path,
      'listeners:\n  - adress: 127.0.0.1:0\nzones:\n  - name: a\n    hosts: ["*"]\n    origin: o\norigins:\n  o: { servers: [{ url: "http://127.0.0.1:9" }] }\n',
    );
    await both(t, [/parapet\.yaml:2:5: error: .*adress/, /^\s*\|\s+\^+/m, /did you mean "address"/]);
  });
  await t.test('one diagnostic per fault', async (t) => {
    writeConfig(path, {
      ...good,
      workers: 0,
      zones: [{ name: 'a', hosts: ['*'], origin: 'nowhere' }],
      listeners: [{ address: 'localhost' }],
    });
    const { stderr } = await runCommand(['check', '-c', path], { cwd: folder });
    t.equal(stderr.match(/: error: /g)?.length, 3, stderr);
  });
  await t.test('YAML that is none', async (t) => {
    writeFileSync(path, 'listeners: [\n  - a: b');
    await both(t, [/parapet\.yaml:\d+:\d+: error: /]);
  });
  await t.test('the same key twice', async (t) => {
    writeFileSync(path, 'workers: 1\nworkers: 2\n');
    await both(t, [/parapet\.yaml:2:1: error: /]);
  });
  await t.test('an origin that is the admin API', async (t) => {
    writeConfig(path, {
      ...siteConfig({ host: '127.0.0.1', port: 9901 }),
      admin: { address: '127.0.0.1:9901' },
    });
    await both(t, [/admin/]);
  });
  await t.test('a file that is not there', async (t) => {
    const result = await runCommand(['check', '-c', join(folder, 'none.yaml')], { cwd: folder });
    t.equal(result.code, 1);
    t.match(result.stderr, /none\.yaml/);
  });
  await t.test('a good one: exit 0', async (t) => {
    writeConfig(path, good);
    t.equal((await runCommand(['check', '-c', path], { cwd: folder })).code, 0);
  });
}

export async function refusedStarts(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const first = await startParapet(t, siteConfig(origin.address));
  await t.test('a second process on the same logs.directory exits 1 and names the holder', async (t) => {
    const second = await startParapet(t, siteConfig(origin.address), { folder: first.folder, failing: true });
    const exit = await within(20_000, 'the end of the second', second.exited);
    t.equal(exit.code, 1);
    t.match(second.stderr, /var\/log/);
    t.match(
      second.stderr,
      new RegExp(`\\b(${first.pid}|${await first.child()})\\b`),
      'the process id of the holder',
    );
    t.equal((await fetchOnce(first.listener(), '/')).status, 200, 'the first goes on');
  });
  await t.test('a port that another Parapet listens on is refused, though both could share it', async (t) => {
    const { port } = first.listener();
    const second = await startParapet(
      t,
      siteConfig(origin.address, { listeners: [{ address: `127.0.0.1:${port}` }] }),
      { failing: true },
    );
    t.equal((await within(20_000, 'the end of the second', second.exited)).code, 1);
    t.match(second.stderr, new RegExp(String(port)));
  });
  await t.test('a port that another program listens on', async (t) => {
    const { port } = origin.address;
    const second = await startParapet(
      t,
      siteConfig(origin.address, { listeners: [{ address: `127.0.0.1:${port}` }] }),
      { failing: true },
    );
    t.equal((await within(20_000, 'the end', second.exited)).code, 1);
    t.match(second.stderr, /listeners/);
    t.match(second.stderr, new RegExp(String(port)));
  });
}

/** A destination that takes no byte: /dev/full is a disk that is full for ever. */
export async function fullDisk(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  const config = siteConfig(origin.address, {
    logs: {
      jobs: [{ name: 'access', dataset: 'http_requests', destination: { type: 'file', path: '/dev/full' } }],
    },
  });
  const parapet = await startParapet(t, config);
  for (let turn = 0; turn < 500; turn += 1) {
    const { status } = await fetchOnce(parapet.listener(), `/full-${turn}`);
    if (status !== 200) t.fail(`request ${turn}: ${status}`);
  }
  await until(15_000, 'the trouble on stderr', () =>
    /full|ENOSPC|no space/i.test(parapet.stderr) ? true : undefined,
  );
  const metrics = await readMetrics(parapet);
  t.match(metrics, /parapet_log[a-z_]*(?:fail|error)[a-z_]*(?:\{[^}]*\})? [1-9]/, 'and in the metrics');
  t.equal((await fetchOnce(parapet.listener(), '/after')).status, 200, 'traffic goes on');
}

export async function unwritableFolder(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'sink'), { recursive: true });
  // A folder stands where the file should be: it can never be opened.
  mkdirSync(join(folder, 'sink/records.ndjson'));
  const config = siteConfig(origin.address, {
    logs: {
      jobs: [
        {
          name: 'access',
          dataset: 'http_requests',
          destination: { type: 'file', path: 'sink/records.ndjson' },
        },
      ],
    },
  });
  const parapet = await startParapet(t, config, { folder });
  for (let turn = 0; turn < 50; turn += 1) t.equal((await fetchOnce(parapet.listener(), '/')).status, 200);
  await until(15_000, 'the trouble on stderr', () =>
    /records\.ndjson/.test(parapet.stderr) ? true : undefined,
  );
}

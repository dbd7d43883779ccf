/** Ways to run a Parapet that the gates do not: alone, as another user, with a Unix socket, without a log folder, as a demo. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { siteConfig } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import { freeAddress } from '../support/dead-origins.ts';
import { runCommand, skipReason, startParapet } from '../support/parapet.ts';
import { fetchOnce } from '../support/raw-client.ts';
import { waitRecord } from '../support/records.ts';
import { patience } from '../support/scale.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until, within } from '../support/within.ts';

t.setTimeout(patience(120_000));
const options = { skip: skipReason, timeout: patience(60_000) };
const isRoot = process.getuid?.() === 0;

await t.test(
  'without a supervisor: reload, a listener more and one less, an orderly end',
  options,
  async (t) => {
    const origin = await startCountingOrigin(t);
    const [first, second] = [await freeAddress(), await freeAddress()];
    const config = (...ports: number[]) =>
      siteConfig(origin.address, { listeners: ports.map((port) => ({ address: `127.0.0.1:${port}` })) });
    const folder = temporaryFolder(t);
    const parapet = await startAlone(t, folder, config(first.port));
    t.equal((await fetchOnce(first, '/')).status, 200);
    parapet.rewrite(config(first.port, second.port));
    parapet.signal('SIGHUP');
    await until(
      10_000,
      'the second listener',
      async () =>
        await fetchOnce(second, '/').then(
          ({ status }) => status === 200 || undefined,
          () => undefined,
        ),
    );
    parapet.rewrite(config(second.port));
    parapet.signal('SIGHUP');
    await until(
      10_000,
      'the end of the first listener',
      async () =>
        await fetchOnce(first, '/').then(
          () => undefined,
          () => true,
        ),
    );
    parapet.signal('SIGTERM');
    t.same(await within(20_000, 'the end', parapet.exited), { code: 0, signal: null });
  },
);

/** Its own child in place of the supervisor's: the helper of the other tests waits for one. */
async function startAlone(t: Test, folder: string, config: ReturnType<typeof siteConfig>) {
  const parapet = await startParapet(t, config, { folder, args: ['--no-supervisor'], failing: true });
  await until(20_000, 'the ready line', () =>
    parapet.stdout.startsWith('parapet: ready') ? true : undefined,
  );
  return parapet;
}

await t.test(
  'as another user: low ports stay, the folder is theirs',
  { ...options, skip: skipReason || (isRoot ? false : 'needs root') },
  async (t) => {
    const origin = await startCountingOrigin(t);
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    const config = siteConfig(origin.address, {
      user: 'nobody',
      logs: {
        directory: 'own/log',
        jobs: [{ name: 'a', destination: { type: 'file', path: 'own/log/a.ndjson' } }],
      },
    });
    const parapet = await startParapet(t, config, { folder });
    const answer = await fetchOnce(parapet.listener(), '/');
    t.equal(answer.status, 200);
    const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    t.match(
      readFileSync(`/proc/${await parapet.child()}/status`, 'utf8'),
      new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}`, 'm'),
    );
    t.equal(statSync(join(folder, 'own/log/admin.token')).uid, uid);
    t.ok(await waitRecord(join(folder, 'own/log/a.ndjson'), answer.field('parapet-ray')));
    parapet.rewrite({ ...config, listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:77' }] });
    parapet.signal('SIGHUP');
    await until(10_000, 'the refusal', () =>
      /127\.0\.0\.1:77 needs the right[^]*nothing has changed/.test(parapet.stderr) ? true : undefined,
    );
    const child = await parapet.child();
    process.kill(child, 'SIGKILL');
    await parapet.child(child);
    t.equal(
      (await fetchOnce(parapet.listener(), '/', { timeoutMs: patience(10_000) })).status,
      200,
      'a child that is started again has all rights that it needs',
    );
  },
);

await t.test('the admin API on a Unix socket, found by the command', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(
    t,
    siteConfig(origin.address, { admin: { address: 'unix:admin.sock' } }),
  );
  const path = join(parapet.folder, 'admin.sock');
  t.match(parapet.readyText, ` admin=unix:${path}`);
  t.equal(statSync(path).mode & 0o777, 0o660);
  const status = await new Promise((resolve, reject) => {
    request({ socketPath: path, path: '/readyz', headers: { host: 'localhost' } }, (response) =>
      resolve(response.resume().statusCode),
    )
      .on('error', reject)
      .end();
  });
  t.equal(status, 200);
  t.match(await runCommand(['purge', '-c', parapet.config, '--all']), { code: 0, stdout: /^purged: 0/ });
});

await t.test('a log folder that cannot be made: traffic goes on, and it is told', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const parapet = await startParapet(t, siteConfig(origin.address, { logs: { directory: 'file/log' } }), {
    folder,
  });
  t.equal((await fetchOnce(parapet.listener(), '/')).status, 200);
  t.match(parapet.stderr, /logs\.directory .*file\/log cannot be used: E[A-Z]+:/);
  t.match(parapet.stderr, /has no log ring on disk/);
});

await t.test('what needs a restart refuses a reload, and check says so', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  parapet.rewrite(siteConfig(origin.address, { workers: 1, store: { bytesMax: '512MiB' } }));
  parapet.signal('SIGHUP');
  await until(10_000, 'the refusal', () =>
    /reload: a change of workers, store\.bytesMax needs a restart/.test(parapet.stderr) ? true : undefined,
  );
  const checked = await runCommand(['check', '-c', parapet.config]);
  t.equal(checked.code, 0);
  t.match(
    checked.stderr,
    /note: a change of workers needs a restart\n.*note: a change of store\.bytesMax needs a restart/,
  );
});

const hasCurl = ['/usr/bin/curl', '/bin/curl', '/usr/local/bin/curl'].some((path) => existsSync(path));

await t.test(
  'the demo: its three lines work',
  { ...options, skip: skipReason || (hasCurl ? false : 'needs curl') },
  async (t) => {
    const folder = temporaryFolder(t);
    const [listener, origin] = [await freeAddress(), await freeAddress()];
    const config = siteConfig(origin, {
      listeners: [{ address: `127.0.0.1:${listener.port}` }],
      origins: undefined,
      zones: [{ name: 'demo', hosts: ['*'], origin: 'demo' }],
    });
    const whole = { ...config, origins: { demo: { servers: [{ url: `http://127.0.0.1:${origin.port}` }] } } };
    const parapet = await startParapet(t, whole, { folder, command: 'demo' });
    const text = await until(10_000, 'the lines', () =>
      parapet.stdout.includes('Log records') ? parapet.stdout : undefined,
    );
    const lines = text.split('\n').filter((line) => line.startsWith('  curl '));
    t.equal(lines.length, 3);
    const curl = (line: string) =>
      execFileSync('/bin/sh', ['-c', line.replace('curl -i', 'curl -s -i')], { encoding: 'utf8' });
    t.match(curl(lines[0] ?? ''), /^HTTP\/1\.1 200[^]*cache-status: parapet; fwd=uri-miss[^]*Parapet demo/i);
    t.match(curl(lines[0] ?? ''), /cache-status: parapet; hit/i);
    t.match(curl(lines[1] ?? ''), /NOT-STORABLE[^]*"requests"/);
    t.match(curl(lines[2] ?? ''), /echo this$/);
    t.ok(existsSync(join(folder, 'var/log')));
  },
);

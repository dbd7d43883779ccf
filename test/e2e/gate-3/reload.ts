/** A reload changes data, not connections; the end is orderly. */
import { existsSync, renameSync } from 'node:fs';
import type { Test } from 'tap';
import { askAdmin, waitMetric } from '../../support/admin.ts';
import { type ConfigObject, merge, siteConfig } from '../../support/config.ts';
import { freeAddress } from '../../support/dead-origins.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { readRecords, waitRecord } from '../../support/records.ts';
import { ok, type ScriptedOrigin, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { Deferred, until, within } from '../../support/within.ts';

async function twoOrigins(t: Test): Promise<[ScriptedOrigin, ScriptedOrigin]> {
  const [one, two] = [await startScriptedOrigin(t), await startScriptedOrigin(t)];
  one.fallback = (connection) => connection.write(ok('one', { 'Cache-Control': 'no-store' }));
  two.fallback = (connection) => connection.write(ok('two', { 'Cache-Control': 'no-store' }));
  return [one, two];
}

async function isRefused(parapet: Parapet): Promise<true | undefined> {
  try {
    (await RawClient.connect(parapet.listener())).destroy();
    return undefined;
  } catch {
    return true;
  }
}

const served = async (parapet: Parapet): Promise<string> =>
  (await fetchOnce(parapet.listener(), '/which')).body.toString();

export async function reloads(t: Test): Promise<void> {
  const [one, two] = await twoOrigins(t);
  const release = new Deferred<void>();
  one.scripts.set('/long', async (connection) => {
    await release.promise;
    await connection.write(ok('long one', { 'Cache-Control': 'no-store' }));
  });
  const config = siteConfig(one.address);
  const parapet = await startParapet(t, config);
  const idle = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(parapet.listener())));
  for (const client of idle) t.equal((await client.request('/which')).body.toString(), 'one');
  const busy = await RawClient.connect(parapet.listener());
  const long = busy.request('/long');
  await until(5_000, 'the long request at the origin', () => one.requestsOf('/long')[0]);

  await t.test('SIGHUP: the new config is in force for new requests on old connections', async (t) => {
    parapet.rewrite(siteConfig(two.address));
    parapet.signal('SIGHUP');
    await until(10_000, 'the new origin', async () => ((await served(parapet)) === 'two' ? true : undefined));
    for (const client of idle) {
      const answer = await client.request('/which');
      t.equal(answer.body.toString(), 'two');
      t.notMatch(answer.field('Connection') ?? '', /close/i);
    }
  });
  await t.test('an exchange that began under the old config ends under it', async (t) => {
    release.resolve();
    t.equal((await long).body.toString(), 'long one');
    t.equal((await busy.request('/which')).body.toString(), 'two');
  });
  await t.test('POST /reload says what came of it', async (t) => {
    parapet.rewrite(config);
    const answer = await askAdmin(parapet, 'POST', '/reload');
    t.equal(answer.status, 200, answer.body.toString());
    t.equal(await served(parapet), 'one', 'in force in every worker once it is answered');
    for (const client of idle) t.equal((await client.request('/which')).body.toString(), 'one');
  });
  await t.test('an invalid config changes nothing, and says where it is wrong', (t) =>
    refusedReload(t, parapet, config),
  );
  for (const client of [...idle, busy]) client.destroy();
}

async function refusedReload(t: Test, parapet: Parapet, config: ConfigObject): Promise<void> {
  parapet.rewrite(merge(config, { limits: { bodyBytesMaxx: 5 } }));
  const answer = await askAdmin(parapet, 'POST', '/reload');
  t.equal(answer.status, 422);
  t.equal(answer.field('Content-Type'), 'application/problem+json');
  t.match(answer.body.toString(), /bodyBytesMaxx/);
  t.match(answer.body.toString(), /bodyBytesMax\b/);
  const before = parapet.stderr.length;
  parapet.signal('SIGHUP');
  await until(10_000, 'the diagnostic on stderr', () =>
    /parapet\.yaml:\d+:\d+: error: .*bodyBytesMaxx/.test(parapet.stderr.slice(before)) ? true : undefined,
  );
  t.equal(await served(parapet), 'one');
  parapet.rewrite(config);
}

export async function listenersComeAndGo(t: Test): Promise<void> {
  const [one] = await twoOrigins(t);
  const [first, second] = [await freeAddress(), await freeAddress()];
  const listeners = (...ports: number[]): ConfigObject => ({
    listeners: ports.map((port) => ({ address: `127.0.0.1:${port}` })),
  });
  const parapet = await startParapet(t, siteConfig(one.address, listeners(first.port)));
  const client = await RawClient.connect(first);
  t.equal((await client.request('/which')).status, 200);

  parapet.rewrite(siteConfig(one.address, listeners(first.port, second.port)));
  t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  t.equal((await fetchOnce(second, '/which')).body.toString(), 'one', 'a listener that was added accepts');

  parapet.rewrite(siteConfig(one.address, listeners(second.port)));
  t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  await until(10_000, 'the removed listener refuses', () =>
    fetchOnce(first, '/which').then(
      () => undefined,
      () => true,
    ),
  );
  t.equal((await client.request('/which')).status, 200, 'its connections live on');
  t.equal((await fetchOnce(second, '/which')).status, 200);

  const taken = await startScriptedOrigin(t);
  parapet.rewrite(siteConfig(one.address, listeners(second.port, taken.address.port)));
  const refused = await askAdmin(parapet, 'POST', '/reload');
  t.ok(refused.status >= 400, 'a port that is taken refuses the whole reload');
  t.match(refused.body.toString(), new RegExp(`${taken.address.port}`));
  t.equal((await fetchOnce(second, '/which')).status, 200);
  client.destroy();
}

export async function drains(t: Test): Promise<void> {
  await t.test(
    'SIGTERM: what is in flight ends with Connection: close, idle connections are closed, exit 0',
    async (t) => {
      const release = new Deferred<void>();
      const origin = await startScriptedOrigin(t, {
        '/slow': async (connection) => {
          await release.promise;
          await connection.write(ok('slow', { 'Cache-Control': 'no-store' }));
        },
      });
      const parapet = await startParapet(t, siteConfig(origin.address));
      const idle = await RawClient.connect(parapet.listener());
      await idle.request('/idle');
      const busy = await RawClient.connect(parapet.listener());
      const answer = busy.request('/slow');
      await until(5_000, 'the slow request at the origin', () => origin.requestsOf('/slow')[0]);
      parapet.signal('SIGTERM');
      t.equal(await idle.waitClosed(), 'end');
      await until(10_000, 'new connections are refused', () => isRefused(parapet));
      t.equal(parapet.process.exitCode, null, 'it waits for what is in flight');
      release.resolve();
      const slow = await answer;
      t.equal(slow.body.toString(), 'slow');
      t.match(slow.field('Connection'), /close/i);
      t.same(await within(15_000, 'the end', parapet.exited), { code: 0, signal: null });
      const records = await readRecords(parapet.recordsFile);
      t.ok(
        records.some(({ RayID }) => RayID === slow.field('parapet-ray')),
        'the last record is delivered too',
      );
    },
  );
  await t.test(
    'requests that lie unread when the end begins are answered, and have their records',
    async (t) => {
      const origin = await startScriptedOrigin(t);
      const parapet = await startParapet(t, siteConfig(origin.address));
      const clients = await Promise.all(
        Array.from({ length: 64 }, () => RawClient.connect(parapet.listener())),
      );
      for (const client of clients) t.equal((await client.request('/before')).status, 200);
      const child = await parapet.child();
      process.kill(child, 'SIGSTOP');
      const answers = clients.map((client) => client.request('/unread'));
      const isWritten = () => clients.every(({ socket }) => socket.writableLength === 0);
      await until(10_000, 'the requests to be in the kernel', () => isWritten() || undefined);
      parapet.signal('SIGTERM');
      process.kill(child, 'SIGCONT');
      const rays = new Set<string>();
      for (const answer of await Promise.all(answers)) {
        t.equal(answer.status, 200);
        rays.add(answer.field('parapet-ray') ?? '');
      }
      t.same(await within(15_000, 'the end', parapet.exited), { code: 0, signal: null });
      const records = await readRecords(parapet.recordsFile);
      t.equal(records.filter(({ RayID }) => rays.has(RayID)).length, clients.length);
    },
  );
  await t.test('drainMs bounds it', async (t) => {
    const origin = await startScriptedOrigin(t, { '/never': (connection) => connection.silence() });
    const parapet = await startParapet(t, siteConfig(origin.address, { drainMs: 500 }));
    const busy = await RawClient.connect(parapet.listener());
    busy.request('/never').catch(() => {});
    await waitMetric(parapet, 'parapet_exchanges_live', (value) => value === 1);
    parapet.signal('SIGTERM');
    t.same(await within(10_000, 'the end', parapet.exited), { code: 0, signal: null });
    const records = await readRecords(parapet.recordsFile);
    t.ok(
      records.some(({ ClientRequestPath }) => ClientRequestPath === '/never'),
      'what was cut off has a record',
    );
  });
  await t.test('a second signal ends at once', async (t) => {
    const origin = await startScriptedOrigin(t, { '/never': (connection) => connection.silence() });
    const parapet = await startParapet(t, siteConfig(origin.address));
    const busy = await RawClient.connect(parapet.listener());
    busy.request('/never').catch(() => {});
    await waitMetric(parapet, 'parapet_exchanges_live', (value) => value === 1);
    parapet.signal('SIGTERM');
    await until(10_000, 'a drain that has begun', () =>
      fetchOnce(parapet.listener(), '/').then(
        () => undefined,
        () => true,
      ),
    );
    parapet.signal('SIGINT');
    await within(5_000, 'the end at once', parapet.exited);
    t.pass();
  });
  await t.test('the supervisor dies alone: the proxy drains and ends', async (t) => {
    const origin = await startScriptedOrigin(t);
    const parapet = await startParapet(t, siteConfig(origin.address));
    const answer = await fetchOnce(parapet.listener(), '/last');
    parapet.process.kill('SIGKILL');
    // The child holds the pipes of the supervisor: they close when both are gone.
    await within(20_000, 'the end of the proxy', parapet.exited);
    t.ok((await readRecords(parapet.recordsFile)).some(({ RayID }) => RayID === answer.field('parapet-ray')));
  });
}

export async function reopensLogs(t: Test): Promise<void> {
  const [one] = await twoOrigins(t);
  const parapet = await startParapet(t, siteConfig(one.address));
  const before = await fetchOnce(parapet.listener(), '/which');
  await waitRecord(parapet.recordsFile, before.field('parapet-ray'));
  renameSync(parapet.recordsFile, `${parapet.recordsFile}.1`);
  parapet.signal('SIGUSR1');
  await until(10_000, 'a new file', async () => {
    await fetchOnce(parapet.listener(), '/which');
    return existsSync(parapet.recordsFile) ? true : undefined;
  });
  const after = await fetchOnce(parapet.listener(), '/which');
  t.ok(await waitRecord(parapet.recordsFile, after.field('parapet-ray')), 'records go to the new file');
}

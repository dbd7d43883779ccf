/** The country of the client as a part of keys: `user.geo`, in a running proxy behind a trusted one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { askAdmin, waitMetric } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { type CountingOrigin, startCountingOrigin } from '../../support/counting-origin.ts';
import { countryRecord, writeMmdb } from '../../support/mmdb.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { Deferred, until } from '../../support/within.ts';

const german = '192.0.2.7';
const french = '198.51.100.7';
const databaseName = 'country.mmdb';

/** `hit` or `miss` of a request that came by a trusted proxy for this client. */
async function ask(parapet: Parapet, target: string, client: string): Promise<string> {
  const fields = { 'X-Forwarded-For': client };
  const answer = await fetchOnce(parapet.listener(), target, { host: 'geo.test', fields });
  const status = answer.field('cache-status') ?? '';
  return `${status.startsWith('parapet; hit') ? 'hit' : 'miss'} ${answer.body.toString()}`;
}

/** Whether a stale response has been refreshed beside the one who got it, for no other country. */
async function refreshed(t: Test, parapet: Parapet, bodyOf: { now: string }): Promise<void> {
  const target = '/stale';
  t.equal(await ask(parapet, target, french), 'miss before');
  bodyOf.now = 'after';
  await until(10_000, 'the refreshed response', async () =>
    (await ask(parapet, target, french)) === 'hit after' ? true : undefined,
  );
  bodyOf.now = 'later';
  t.equal(await ask(parapet, target, '203.0.113.1'), 'miss later', 'nothing was put where nobody is known');
}

/** A client that leaves before the origin answers: what comes is stored for its country. */
async function left(t: Test, parapet: Parapet, origin: CountingOrigin): Promise<void> {
  const target = '/slow';
  const asked = new Deferred<void>();
  const release = new Deferred<void>();
  const answered = new Deferred<void>();
  origin.handlers.set(target, async (_request, response) => {
    asked.resolve();
    await release.promise;
    response.setHeader('Cache-Control', 'max-age=600');
    response.end('slow', () => answered.resolve());
  });
  const client = await RawClient.connect(parapet.listener());
  await client.write(`GET ${target} HTTP/1.1\r\nHost: geo.test\r\nX-Forwarded-For: ${french}\r\n\r\n`);
  await asked.promise;
  client.reset();
  await waitMetric(parapet, 'parapet_connections_open', (open) => open === 0);
  release.resolve();
  await answered.promise;
  await until(10_000, 'the stored response', async () =>
    (await ask(parapet, target, french)) === 'hit slow' ? true : undefined,
  );
  t.equal(origin.count(target), 1);
  t.equal(await ask(parapet, target, german), 'miss slow');
}

export async function geo(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t, {});
  const bodyOf = { now: 'before' };
  origin.fallback = (_request, response, { path }) => {
    const isStale = path === '/stale';
    response.setHeader('Cache-Control', isStale ? 'max-age=0, stale-while-revalidate=600' : 'max-age=600');
    response.setHeader('ETag', `"${bodyOf.now}"`);
    response.end(isStale ? bodyOf.now : '');
  };
  const folder = temporaryFolder(t);
  const database = join(folder, databaseName);
  const write = (networks: Parameters<typeof writeMmdb>[0]) => writeFileSync(database, writeMmdb(networks));
  write({
    '192.0.2.0/24': countryRecord('DE'),
    '198.51.100.0/24': countryRecord('FR'),
    '2001:db8::/32': countryRecord('DE'),
  });
  const config = siteConfig(origin.address, {
    geo: { databases: [databaseName] },
    trusted_proxies: ['127.0.0.0/8'],
  });
  const zones = [
    {
      name: 'geo',
      hosts: ['geo.test'],
      origin: 'site',
      cache: { cache_key: { custom_key: { user: { geo: true } } } },
    },
  ];
  const parapet = await startParapet(t, { ...config, zones }, { folder });

  t.equal(await ask(parapet, '/', german), 'miss ');
  t.equal(await ask(parapet, '/', '2001:db8::7'), 'hit ', 'the same country');
  t.equal(await ask(parapet, '/', french), 'miss ', 'another one');
  t.equal(await ask(parapet, '/', '203.0.113.1'), 'miss ', 'none that is known');
  t.equal(await ask(parapet, '/', '203.0.113.2'), 'hit ');

  const explained = await askAdmin(parapet, 'POST', '/explain', {
    json: { url: 'http://geo.test/', ip: german },
  });
  t.match(explained.body.toString(), '"geo":"DE"');

  await refreshed(t, parapet, bodyOf);
  await left(t, parapet, origin);

  const purge = await askAdmin(parapet, 'POST', '/purge', { json: { url: 'http://geo.test/' } });
  t.equal(purge.status, 200);
  for (const client of [german, french, '203.0.113.1'])
    t.equal(await ask(parapet, '/', client), 'miss ', `purged: ${client}`);

  write({ '192.0.2.0/24': countryRecord('FR') });
  t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  t.equal(await ask(parapet, '/', german), 'hit ', 'in another country by the new database');
  t.equal(await ask(parapet, '/', french), 'hit ', 'not known any more');

  writeFileSync(database, 'half a file');
  const refused = await askAdmin(parapet, 'POST', '/reload');
  t.equal(refused.status, 422, 'what cannot be used changes nothing');
  t.match(refused.body.toString(), 'no database in the format of MaxMind');
  t.equal(await ask(parapet, '/', german), 'hit ');
  const child = await parapet.child();
  process.kill(child, 'SIGKILL');
  await parapet.child(child);
  await until(20_000, 'an answer of the proxy that was started again', async () => {
    const answer = await ask(parapet, '/again', german).catch(() => undefined);
    return answer === undefined ? undefined : true;
  });
  const warned = /warning.*country.mmdb cannot be used/s;
  await until(20_000, 'the word that it goes on without the database', () =>
    warned.test(parapet.stderr) ? true : undefined,
  );
}

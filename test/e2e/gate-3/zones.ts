/** Which zone takes a host, and what an origin learns of the client. */
import type { Test } from 'tap';
import { type ConfigObject, siteConfig, url } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { startParapet } from '../../support/parapet.ts';
import { exchangeRaw, fetchOnce } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { patience } from '../../support/scale.ts';
import { ok, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { until } from '../../support/within.ts';

const names = ['exact', 'wide', 'deep', 'rest'] as const;
const hosts: Record<(typeof names)[number], string[]> = {
  exact: ['example.com', 'www.example.com'],
  wide: ['*.example.com'],
  deep: ['*.deep.example.com'],
  rest: ['*'],
};
const expected: [host: string, zone: string][] = [
  ['example.com', 'exact'],
  ['EXAMPLE.com', 'exact'],
  ['example.com:8080', 'exact'],
  ['example.com.', 'exact'],
  ['www.example.com', 'exact'],
  ['a.example.com', 'wide'],
  ['a.b.example.com', 'wide'],
  ['deep.example.com', 'wide'],
  ['a.deep.example.com', 'deep'],
  ['notexample.com', 'rest'],
  ['example.org', 'rest'],
  ['127.0.0.1', 'rest'],
  ['[::1]:80', 'rest'],
];

async function zoneConfig(t: Test, zones: readonly (typeof names)[number][]): Promise<ConfigObject> {
  const origins = await Promise.all(
    names.map(async (name) => {
      const origin = await startScriptedOrigin(t);
      origin.fallback = (connection) => connection.write(ok(name, { 'Cache-Control': 'max-age=60' }));
      return [name, { servers: [{ url: url(origin.address) }] }] as const;
    }),
  );
  return {
    ...siteConfig({ host: '127.0.0.1', port: 9 }),
    origins: Object.fromEntries(origins),
    zones: zones.map((name) => ({ name, hosts: hosts[name], origin: name })),
  };
}

export async function zoneTable(t: Test): Promise<void> {
  const parapet = await startParapet(t, await zoneConfig(t, names));
  for (const [host, zone] of expected) {
    const answer = await fetchOnce(parapet.listener(), '/zone', { host });
    t.equal(answer.body.toString(), zone, host);
    t.equal((await waitRecord(parapet.recordsFile, answer.field('parapet-ray')))['ZoneName'], zone);
  }
  const { answer } = await exchangeRaw(parapet.listener(), 'GET /old HTTP/1.0\r\n\r\n');
  t.equal(answer.body.toString(), 'rest', 'HTTP/1.0 without Host goes to the catch-all');
}

export async function noZone(t: Test): Promise<void> {
  const parapet = await startParapet(t, await zoneConfig(t, ['exact', 'wide']));
  const answer = await fetchOnce(parapet.listener(), '/', { host: 'unknown.test' });
  t.ok([404, 421].includes(answer.status), `${answer.status}`);
  t.equal(
    (await waitRecord(parapet.recordsFile, answer.field('parapet-ray')))['EdgeResponseStatus'],
    answer.status,
  );
  const { answer: old } = await exchangeRaw(parapet.listener(), 'GET / HTTP/1.0\r\n\r\n');
  t.ok([400, 404, 421].includes(old.status), `${old.status}`);
}

export async function forwarding(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const direct = await startParapet(t, siteConfig(origin.address));
  const behind = await startParapet(t, siteConfig(origin.address, { trusted_proxies: ['127.0.0.0/8'] }));
  const spoofed = {
    'X-Forwarded-For': '203.0.113.7',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'spoofed.test',
    Forwarded: 'for=203.0.113.7;proto=https',
    'X-Real-IP': '203.0.113.7',
  };
  const last = () => origin.seen.at(-1)?.fields ?? {};

  await t.test('the client as it is seen here', async (t) => {
    const answer = await fetchOnce(direct.listener(), '/plain');
    t.equal(last()['x-forwarded-for'], '127.0.0.1');
    t.equal(last()['x-forwarded-proto'], 'http');
    t.equal(last()['x-forwarded-host'], 'site.test');
    t.match(last()['forwarded'], /for="?127\.0\.0\.1"?/);
    t.match(last()['forwarded'], /proto=http/);
    t.match(last()['via'], /^1\.1 \S+/);
    t.equal(last()['host'], 'site.test', 'Host goes to the origin unchanged');
    t.match(answer.field('Via'), /1\.1 /);
  });
  await t.test('what a client claims is not believed', async (t) => {
    await fetchOnce(direct.listener(), '/spoofed', { fields: spoofed });
    t.equal(last()['x-forwarded-for'], '127.0.0.1');
    t.equal(last()['x-forwarded-proto'], 'http');
    t.notMatch(last()['forwarded'], /203\.0\.113\.7/);
  });
  await t.test('a trusted proxy is believed', async (t) => {
    const answer = await fetchOnce(behind.listener(), '/trusted', { fields: spoofed });
    t.match(last()['x-forwarded-for'], /^203\.0\.113\.7/);
    t.equal(last()['x-forwarded-proto'], 'https');
    const record = await waitRecord(behind.recordsFile, answer.field('parapet-ray'));
    t.equal(record['ClientIP'], '203.0.113.7', 'and the record has the client, not the proxy');
  });
  await t.test('of a chain, the last address that is not trusted is the client', async (t) => {
    const answer = await fetchOnce(behind.listener(), '/chain', {
      fields: { 'X-Forwarded-For': '198.51.100.1, 203.0.113.7, 127.0.0.9' },
    });
    t.equal((await waitRecord(behind.recordsFile, answer.field('parapet-ray')))['ClientIP'], '203.0.113.7');
  });
  await t.test('a request that has passed here too often is a loop', async (t) => {
    const itself = await startParapet(t, siteConfig(origin.address));
    itself.rewrite(siteConfig(itself.listener()));
    itself.signal('SIGHUP');
    const status = await until(patience(20_000), 'the reload', async () => {
      const answer = await fetchOnce(itself.listener(), '/loop', { timeoutMs: 15_000 });
      return answer.status === 200 ? undefined : answer.status;
    });
    t.ok([502, 508].includes(status), `${status}`);
  });
}

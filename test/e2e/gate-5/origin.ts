/** HTTPS to origins: whom the proxy believes, what a client is told of one that it does not, and what is kept. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { askAdmin, readMetric } from '../../support/admin.ts';
import { makeCertificate, makeRoot } from '../../support/certificates.ts';
import { type ConfigObject, merge, siteConfig } from '../../support/config.ts';
import { type Parapet, runCommand, startParapet } from '../../support/parapet.ts';
import { type Address, fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { ok } from '../../support/scripted-origin.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { startTcpOrigin, startTlsOrigin, tlsOver } from './origins.ts';
import { place, root } from './site.ts';

const day = 86_400_000;
const atHome = ['127.0.0.1', 'origin.test'];

interface OriginSite {
  parapet: Parapet;
  folder: string;
  config: ConfigObject;
}

/** A Parapet in front of `https` servers, which believes the root of the tests unless `tls` says otherwise. */
async function startSite(
  t: Test,
  servers: Address[],
  tls: ConfigObject = {},
  more: ConfigObject = {},
): Promise<OriginSite> {
  const folder = temporaryFolder(t);
  place(folder, 'root', root);
  const urls = servers.map(({ host, port }) => ({ url: `https://${host}:${port}` }));
  const config = siteConfig(servers[0] as Address, {
    origins: { site: { servers: urls, tls: { ca: 'tls/root.crt', ...tls }, ...more } },
  });
  return { parapet: await startParapet(t, config, { folder }), folder, config };
}

export async function believed(t: Test): Promise<void> {
  await t.test('own CA, an address in the certificate; the record, resumption', async (t) => {
    const origin = await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }));
    origin.scripts.set('/close', (connection) => {
      connection.write(ok('bye', { Connection: 'close' })).catch(() => {});
      connection.end();
    });
    const { parapet } = await startSite(t, [origin.address], {}, { pool: { idleMax: 0 } });
    const client = await RawClient.connect(parapet.listener());
    const first = await client.request('/');
    t.equal(first.status, 200);
    t.equal(first.body.toString(), 'from the origin');
    const record = await waitRecord(parapet.recordsFile, first.field('parapet-ray'));
    t.match(record, { OriginSSLProtocol: 'TLSv1.3', FailCause: 'none', FailDetail: '' });
    t.equal((await client.request('/close')).status, 200);
    for (let turn = 0; turn < 10; turn += 1) t.equal((await client.request(`/${turn}`)).status, 200);
    const resumed = origin.resumed();
    const connections = origin.sockets.length;
    t.ok(resumed >= 10, `${resumed} of ${connections} connections were resumed`);
    t.equal(await readMetric(parapet, 'parapet_origin_tls_resumed_total'), resumed);
    t.equal(origin.sockets[0]?.alpnProtocol, false, 'ALPN is offered; this origin knows none');
    client.destroy();
  });
  await t.test('TLS 1.2 alone, an intermediate, an RSA key', async (t) => {
    const middle = makeCertificate({ subject: 'middle', isCa: true, issuer: root });
    const issued = makeCertificate({ names: atHome, issuer: middle, kind: 'rsa' });
    const origin = await startTlsOrigin(t, issued, { maxVersion: 'TLSv1.2' });
    const { parapet } = await startSite(t, [origin.address]);
    const answer = await fetchOnce(parapet.listener(), '/');
    t.equal(answer.status, 200);
    const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
    t.match(record, { OriginSSLProtocol: 'TLSv1.2' });
  });
  await t.test('a connection is used again, tickets on it and all', async (t) => {
    const origin = await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }));
    const { parapet } = await startSite(t, [origin.address], {}, {});
    const client = await RawClient.connect(parapet.listener());
    for (let turn = 0; turn < 20; turn += 1) t.equal((await client.request(`/${turn}`)).status, 200);
    t.equal(origin.sockets.length, 1);
    client.destroy();
  });
  await t.test('serverName, and verify: false with its warning', async (t) => {
    const origin = await startTlsOrigin(t, makeCertificate({ names: ['other.test'], issuer: root }));
    const named = await startSite(t, [origin.address], { serverName: 'other.test' });
    t.equal((await fetchOnce(named.parapet.listener(), '/')).status, 200);
    t.equal(origin.sockets[0]?.servername, 'other.test');
    const trusting = await startSite(t, [origin.address], { verify: false });
    t.equal((await fetchOnce(trusting.parapet.listener(), '/')).status, 200);
    const check = await runCommand(['check', '-c', trusting.parapet.config]);
    t.equal(check.code, 0);
    t.match(check.stderr, /parapet\.yaml:\d+:\d+: warning: .*not verified/);
  });
  await t.test('a client certificate', async (t) => {
    const clients = makeRoot('Clients');
    const origin = await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }), {
      requestCert: true,
      rejectUnauthorized: true,
      ca: clients.cert,
    });
    const shown = makeCertificate({ subject: 'parapet at the edge', issuer: clients });
    const folder = temporaryFolder(t);
    place(folder, 'client', shown);
    const files = { cert: join(folder, 'tls/client.crt'), key: join(folder, 'tls/client.key') };
    const { parapet } = await startSite(t, [origin.address], files);
    t.equal((await fetchOnce(parapet.listener(), '/')).status, 200);
    t.equal(origin.sockets[0]?.getPeerCertificate().subject.CN, 'parapet at the edge');
    const without = await startSite(t, [origin.address]);
    const refused = await fetchOnce(without.parapet.listener(), '/');
    t.equal(refused.status, 502);
    t.equal(
      refused.field('proxy-status'),
      'parapet; error=tls_alert_received; alert-id=116; alert-message=certificate_required',
    );
  });
}

export async function refused(t: Test): Promise<void> {
  const stranger = makeRoot('Stranger');
  const now = Date.now();
  const certificate = (details: string) => `parapet; error=tls_certificate_error; details="${details}"`;
  const rows: [
    what: string,
    origin: (t: Test) => Promise<Address>,
    proxyStatus: string,
    more?: ConfigObject,
  ][] = [
    [
      'expired',
      async (t) =>
        (
          await startTlsOrigin(
            t,
            makeCertificate({
              names: atHome,
              issuer: root,
              notBefore: new Date(now - 9 * day),
              notAfter: new Date(now - day),
            }),
          )
        ).address,
      certificate('certificate has expired'),
    ],
    [
      'not yet valid',
      async (t) =>
        (
          await startTlsOrigin(
            t,
            makeCertificate({ names: atHome, issuer: root, notBefore: new Date(now + day) }),
          )
        ).address,
      certificate('certificate is not yet valid'),
    ],
    [
      'another address',
      async (t) =>
        (await startTlsOrigin(t, makeCertificate({ names: ['other.test'], issuer: root }))).address,
      certificate('IP address mismatch'),
    ],
    [
      'self-signed',
      async (t) => (await startTlsOrigin(t, makeCertificate({ names: atHome }))).address,
      certificate('self-signed certificate'),
    ],
    [
      'of an unknown CA',
      async (t) => (await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: stranger }))).address,
      certificate('unable to get local issuer certificate'),
    ],
    [
      'plain HTTP on the port',
      async (t) => await startTcpOrigin(t, (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'parapet; error=tls_protocol_error',
    ],
    [
      'an old version alone',
      async (t) =>
        (
          await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }), {
            minVersion: 'TLSv1',
            maxVersion: 'TLSv1.1',
            ciphers: 'DEFAULT@SECLEVEL=0',
          })
        ).address,
      'parapet; error=tls_alert_received; alert-id=70; alert-message=protocol_version',
    ],
    [
      'a connection that is closed at once',
      async (t) => await startTcpOrigin(t, (socket) => void socket.end()),
      'parapet; error=connection_terminated',
    ],
  ];
  const shared = await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }));
  rows.push(
    [
      'another host than the name that is asked for',
      async () => shared.address,
      certificate('hostname mismatch'),
      { tls: { serverName: 'else.test' } },
    ],
    [
      'a root that the system does not know',
      async () => shared.address,
      certificate('unable to get local issuer certificate'),
      { tls: { ca: undefined } },
    ],
    [
      'silence: a handshake has the time of a connect',
      async (t) => await startTcpOrigin(t, (socket) => void socket.resume()),
      'parapet; error=connection_timeout',
      { timeouts: { connectMs: 300 }, retry: { retriesMax: 0 } },
    ],
  );
  const folder = temporaryFolder(t);
  place(folder, 'root', root);
  const origins: ConfigObject = {};
  const zones: ConfigObject[] = [];
  for (const [index, [, start, , more]] of rows.entries()) {
    const { host, port } = await start(t);
    const base = {
      servers: [{ url: `https://${host}:${port}` }],
      tls: { ca: 'tls/root.crt' },
      ejection: { failures: 0 },
    };
    origins[`row-${index}`] = merge(base, more ?? {});
    zones.push({ name: `row-${index}`, hosts: [`row-${index}.test`], origin: `row-${index}` });
  }
  const config = { ...siteConfig(shared.address), origins, zones };
  const parapet = await startParapet(t, config, { folder });
  for (const [index, [what, , proxyStatus]] of rows.entries()) {
    await t.test(what, async (t) => {
      const failures = (await readMetric(parapet, 'parapet_origin_tls_failures_total')) ?? 0;
      const answer = await fetchOnce(parapet.listener(), '/', { host: `row-${index}.test` });
      t.equal(answer.status, proxyStatus.includes('timeout') ? 504 : 502);
      t.equal(answer.field('proxy-status'), proxyStatus);
      const [, cause, , details] = /error=(\w+)(; details="([^"]*)")?/.exec(proxyStatus) ?? [];
      const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
      t.match(record, { FailCause: cause, Outcome: 'origin_aborted', OriginSSLProtocol: 'none' });
      if (details !== undefined) t.equal(record['FailDetail'], details);
      t.ok(((await readMetric(parapet, 'parapet_origin_tls_failures_total')) ?? 0) > failures);
    });
  }
}

export async function nextServer(t: Test): Promise<void> {
  const bad = await startTlsOrigin(t, makeCertificate({ names: atHome }));
  const good = await startTlsOrigin(t, makeCertificate({ names: atHome, issuer: root }));
  const { parapet } = await startSite(t, [bad.address, good.address]);
  for (let turn = 0; turn < 6; turn += 1) {
    const answer = await fetchOnce(parapet.listener(), '/', { method: 'POST', body: 'once' });
    t.equal(answer.status, 200, 'nothing had been sent, so that even a POST may go to the next server');
  }
  t.equal(bad.log.length, 0);
  t.equal(good.log.length, 6);
}

export async function truncation(t: Test): Promise<void> {
  const issued = makeCertificate({ names: atHome, issuer: root });
  let asked = 0;
  const head = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\n';
  const address = await startTcpOrigin(t, (tcp) => {
    const socket = tlsOver(tcp, issued);
    socket.once('data', (piece) => {
      asked += 1;
      const isWhole = piece.toString().startsWith('GET /whole');
      socket.write(`${head}a body without a length`, () => (isWhole ? socket.end() : tcp.end()));
    });
  });
  const { parapet } = await startSite(t, [address]);
  for (let turn = 0; turn < 2; turn += 1)
    t.equal((await fetchOnce(parapet.listener(), '/whole')).status, 200);
  t.equal(asked, 1, 'what ended with a goodbye is stored');
  for (let turn = 0; turn < 2; turn += 1)
    await t.rejects(fetchOnce(parapet.listener(), '/cut'), 'the client sees that it is cut short');
  t.equal(asked, 3, 'what did not is not');
}

/** Connections and sessions under other settings are not used again. */
export async function changedTrust(t: Test): Promise<void> {
  const origin = await startTlsOrigin(t, makeCertificate({ names: atHome }));
  const { parapet, folder, config } = await startSite(t, [origin.address], { verify: false });
  const client = await RawClient.connect(parapet.listener());
  t.equal((await client.request('/a')).status, 200);
  const servers = [{ url: `https://${origin.address.host}:${origin.address.port}` }];
  parapet.rewrite({ ...config, origins: { site: { servers, tls: { ca: 'tls/root.crt' } } } });
  t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  const refused = await client.request('/b');
  t.equal(refused.status, 502);
  t.match(refused.field('proxy-status'), /self-signed certificate/);
  // The CA file alone changes, the YAML does not.
  writeFileSync(join(folder, 'tls/root.crt'), makeRoot('Another').cert);
  t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  t.equal((await client.request('/c')).status, 502);
  client.destroy();
}

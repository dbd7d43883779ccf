/** Certificates are read again by every reload; no connection notices. What cannot be used is refused, with its place. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { askAdmin } from '../../support/admin.ts';
import { type Issued, makeCertificate } from '../../support/certificates.ts';
import { runCommand } from '../../support/parapet.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/within.ts';
import { shake } from './handshake.ts';
import { place, root, siteCertificate, startTlsSite, type TlsSite } from './site.ts';

async function serial({ address }: TlsSite): Promise<string> {
  const socket = await shake(address);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

export async function reloads(t: Test): Promise<void> {
  const site = await startTlsSite(t);
  const { address, parapet, folder } = site;
  await t.test('a connection survives, a new one gets the new certificate', async (t) => {
    const before = await serial(site);
    const held = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(address)));
    for (const client of held) t.equal((await client.request('/')).status, 200);
    place(folder, 'site', siteCertificate());
    parapet.signal('SIGHUP');
    const after = await until(10_000, 'another certificate', async () => {
      const now = await serial(site);
      return now === before ? undefined : now;
    });
    t.not(after, before);
    for (const client of held) {
      t.equal((await client.request('/')).status, 200, 'the connection is the same');
      client.destroy();
    }
  });
  await t.test('what cannot be used changes nothing, and is told with its place', async (t) => {
    const before = await serial(site);
    const other = makeCertificate({ names: ['site.test'], issuer: root });
    const weak = makeCertificate({ names: ['site.test'], issuer: root, kind: 'rsa', rsaBits: 1024 });
    const good = siteCertificate();
    const rows: [what: string, issued: Pick<Issued, 'chain' | 'key'>, message: RegExp][] = [
      [
        'the key of another',
        { ...good, key: other.key },
        /tls\/site\.key is not the key of .*tls\/site\.crt/,
      ],
      [
        'no certificate',
        { ...good, chain: 'nothing\n' },
        /site\.crt cannot be used: there is no certificate in it/,
      ],
      ['no key', { ...good, key: 'nothing\n' }, /site\.key cannot be used: there is no private key in it/],
      [
        'a chain in the wrong order',
        { ...good, chain: root.cert + good.cert },
        /belongs to certificate 2 in it/,
      ],
      ['a weak key', weak, /the key has 1024 bits, at least 2048 are needed/],
    ];
    for (const [what, issued, message] of rows) {
      place(folder, 'site', issued as Issued);
      const answer = await askAdmin(parapet, 'POST', '/reload');
      t.equal(answer.status, 422, what);
      const text = answer.body.toString();
      t.match(text, message, what);
      t.match(text, /parapet\.yaml:\d+:\d+: error: /, 'file, line and column');
      t.notMatch(text + parapet.stderr, /PRIVATE KEY|[A-Za-z0-9+/]{48}/, 'nothing of a key is told');
      t.equal(await serial(site), before, what);
    }
    const check = await runCommand(['check', '-c', parapet.config]);
    t.equal(check.code, 1);
    t.match(check.stderr, /the key has 1024 bits/);
  });
  await t.test('an expired certificate is a warning', async (t) => {
    const day = 86_400_000;
    const expired = makeCertificate({
      names: ['site.test'],
      issuer: root,
      notBefore: new Date(Date.now() - 9 * day),
      notAfter: new Date(Date.now() - 2 * day),
    });
    place(folder, 'site', expired);
    const check = await runCommand(['check', '-c', parapet.config]);
    t.equal(check.code, 0);
    t.match(check.stderr, /warning: .*site\.crt: the certificate has expired/);
    t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
    place(folder, 'site', siteCertificate());
    t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  });
  await t.test('GET /config shows no key', async (t) => {
    const text = (await askAdmin(parapet, 'GET', '/config')).body.toString();
    t.notMatch(text, /PRIVATE|BEGIN/);
  });
  await t.test('after a crash, what was in force is in force, not what the files hold by then', async (t) => {
    const before = await serial(site);
    writeFileSync(join(folder, 'tls/site.key'), 'half written');
    const child = await parapet.child();
    process.kill(child, 'SIGKILL');
    await parapet.child(child);
    t.equal(
      await until(10_000, 'a handshake', async () => await serial(site).catch(() => undefined)),
      before,
    );
    t.equal((await fetchOnce(address, '/')).status, 200);
  });
}

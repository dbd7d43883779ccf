/** Others who use OpenSSL beside the engine, and other implementations on the far end. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { type EngineTables, loadBinding, ticketKeyBytes } from '../../../src/engine/native/binding.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { RawClient } from '../../support/raw-client.ts';
import { isSanitized } from '../../support/scale.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { Deferred, within } from '../../support/within.ts';
import { root, siteCertificate, startTlsSite } from './site.ts';

const run = promisify(execFile);

function tablesWith(cert: { chain: string; key: string }): EngineTables {
  return {
    limits: {
      headBytesMax: 32768,
      targetBytesMax: 16384,
      fieldsMax: 128,
      bodyBytesMax: 1 << 20,
      trailerBytesMax: 8192,
      pipelineBytesMax: 65536,
      sendBufferBytesMax: 262144,
      connectionsMax: 1000,
      connectionsPerAddressMax: 1000,
      exchangesPerConnectionMax: 1000,
      originHeadBytesMax: 65536,
      originFieldsMax: 256,
      originInterimMax: 8,
      followersMax: 10,
    },
    timeouts: {
      headMs: 2000,
      handshakeMs: 1000,
      bodyMs: 2000,
      idleMs: 2000,
      writeMs: 2000,
      answerMs: 2000,
      lingerMs: 200,
      drainMs: 100,
    },
    zones: { names: ['all'], keys: [1], exact: [], wildcard: [], catchAll: 0 },
    servers: [],
    tls: {
      listeners: [
        {
          id: 1,
          address: 'here',
          onlyTls13: false,
          sessionSeconds: 3600,
          certificates: [{ ...cert, names: ['site.test'] }],
        },
      ],
      trusts: [],
    },
    errorPages: { pages: [], choices: [] },
    serverField: 0,
  };
}

/**
 * The engine on the thread of this test, beside a server and clients of node:tls. An error that either left in the
 * thread's queue would end an unrelated connection of the other.
 */
export async function sameThread(t: Test): Promise<void> {
  if (isSanitized) {
    t.comment('the addon of a sanitizer build is loaded into proxies alone');
    return;
  }
  const binding = loadBinding();
  const issued = siteCertificate();
  binding.storeOpen({ bytesMax: 64 << 20, objectBytesMax: 1 << 20, secretHex: '00'.repeat(16) });
  let batches = 0;
  // No command is written: the engine answers each exchange with a 500 of its own.
  binding.engineCreate(
    {
      workerIndex: 0,
      workers: 1,
      arenaBytes: 128 << 20,
      ringPath: join(temporaryFolder(t), 'ring-1.ring'),
      ringBytes: 1 << 20,
      ringId: 1,
      bootIdHex: '00000000000000aa',
      rayFirstHex: '0000000000000001',
      ticketKeys: new Uint8Array(ticketKeyBytes),
    },
    () => void (batches += 1),
  );
  t.teardown(() => binding.engineStop());
  binding.engineSetTicketKeys(new Uint8Array(ticketKeyBytes).fill(7));
  binding.engineConfigure(1, tablesWith(issued));
  const { fd, port } = binding.listen('127.0.0.1', 0, 128);
  binding.engineSetListeners([{ id: 1, fd }]);

  const echo = createServer({ cert: issued.chain, key: issued.key }, (socket) => void socket.pipe(socket));
  echo.on('tlsClientError', () => {});
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.teardown(() => void echo.close());
  const { port: echoPort } = echo.address() as AddressInfo;

  const steady = await RawClient.connect({
    host: '127.0.0.1',
    port,
    tls: { ca: root.cert, servername: 'site.test' },
  });
  const held = connect({ host: '127.0.0.1', port: echoPort, ca: root.cert, servername: 'site.test' });
  await once(held, 'secureConnect');
  let echoed = 0;
  held.on('data', (piece: Buffer) => (echoed += piece.length));

  const faults: unknown[] = [];
  held.on('error', (error) => faults.push(error));
  let sent = 0;
  for (let round = 0; round < 60; round += 1) {
    const bad = connectTcp(port, '127.0.0.1');
    bad.on('error', () => {});
    bad.resume();
    const closed = new Promise((resolve) => bad.once('close', resolve));
    // Records of every kind of wrongness: each leaves an error in the queue unless it is cleared.
    bad.write(
      Buffer.from(
        [
          [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0],
          [0x16, 3, 9, 0xff, 0xff],
          [0x80, 1, 2, 3, 4],
        ][round % 3] as number[],
      ),
    );
    if (round % 3 === 1) bad.end();
    const unwilling = connect({
      host: '127.0.0.1',
      port,
      ca: root.cert,
      ALPNProtocols: ['h2'],
      servername: 'site.test',
    });
    unwilling.on('error', () => {});
    const left = new Promise((resolve) => unwilling.once('close', resolve));
    held.write(`round ${round}\n`);
    sent += `round ${round}\n`.length;
    const fresh = connect({ host: '127.0.0.1', port: echoPort, ca: root.cert, servername: 'site.test' });
    fresh.on('error', (error) => faults.push(error));
    const met = new Deferred<void>();
    fresh.once('data', () => met.resolve());
    fresh.write('hello');
    await within(5_000, 'an echo', met.promise);
    fresh.end();
    const answer = await steady.request(`/${round}`);
    if (answer.status !== 500) faults.push(answer.status);
    await within(5_000, 'the end of what was refused', Promise.all([closed, left]));
  }
  t.same(faults, []);
  t.ok(batches >= 60, `${batches} batches`);
  held.end();
  await within(5_000, 'the end of the echo', once(held, 'close'));
  t.equal(echoed, sent, 'all of it came back');
  steady.destroy();
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** `openssl s_client`, another implementation than the one that made the connection's other end. */
export async function sClient(t: Test): Promise<void> {
  if (!hasOpenssl()) {
    t.comment('skipped: openssl is not installed');
    return;
  }
  const { address, folder } = await startTlsSite(t, {
    certificates: {
      ec: siteCertificate(),
      rsa: makeCertificate({ names: ['site.test'], issuer: root, kind: 'rsa' }),
    },
  });
  writeFileSync(join(folder, 'root.pem'), root.cert);
  const rows: [args: string[], shows: RegExp][] = [
    [['-tls1_3'], /New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/],
    [['-tls1_2'], /New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/],
    [['-tls1_2', '-cipher', 'aRSA'], /Cipher is ECDHE-RSA-AES128-GCM-SHA256/],
    [['-alpn', 'h2,http/1.1'], /ALPN protocol: http\/1\.1/],
    [['-tls1_3', '-groups', 'P-256'], /P-256|prime256v1/],
  ];
  for (const [args, shows] of rows) {
    const words = ['s_client', '-connect', `${address.host}:${address.port}`, '-servername', 'site.test'];
    const child = run(
      'openssl',
      [...words, '-CAfile', join(folder, 'root.pem'), '-verify_return_error', '-ign_eof', ...args],
      { timeout: 20_000 },
    );
    child.child.stdin?.end('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
    const { stdout } = await child;
    t.match(stdout, shows, args.join(' '));
    t.match(stdout, /Verify return code: 0 \(ok\)|Verification: OK/, args.join(' '));
    t.match(stdout, /HTTP\/1\.1 200 OK/, args.join(' '));
    t.match(stdout, /Secure Renegotiation IS supported|TLSv1\.3/, args.join(' '));
    t.match(stdout, /Compression: NONE/, args.join(' '));
  }
}

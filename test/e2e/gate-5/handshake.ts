/** Which certificate, protocol and cipher a client gets, and what is refused. */
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { callbackify } from 'node:util';
import type { Test } from 'tap';
import { readMetric, waitMetric } from '../../support/admin.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { type Address, exchangeRaw, fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { Deferred, within } from '../../support/within.ts';
import { root, secure, siteCertificate, startTlsSite } from './site.ts';

/** A handshake to its end: the connection, or the error that ended it. */
export async function shake({ host, port, tls }: Address, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const done = new Deferred<TLSSocket>();
  const socket = connect({ host, port, ...tls, ...more }, () => done.resolve(socket));
  socket.on('error', (error) => done.reject(error));
  socket.on('close', () => done.reject(new Error('closed within the handshake')));
  return await within(10_000, 'a TLS handshake', done.promise);
}

async function refusal(address: Address, more: ConnectionOptions): Promise<string> {
  try {
    (await shake(address, more)).destroy();
    return 'accepted';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `${code ?? ''} ${message}`;
  }
}

const ecdsaOnly = 'ecdsa_secp256r1_sha256';
const rsaOnly = 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256';

export async function chosenCertificate(t: Test): Promise<void> {
  const certificates = {
    first: makeCertificate({ subject: 'first', names: ['first.test'], issuer: root }),
    exact: makeCertificate({ subject: 'exact', names: ['exact.test', 'www.wild.test'], issuer: root }),
    wild: makeCertificate({ subject: 'wild', names: ['*.wild.test'], issuer: root }),
    both: makeCertificate({ subject: 'both ec', names: ['both.test'], issuer: root }),
    bothRsa: makeCertificate({ subject: 'both rsa', names: ['both.test'], issuer: root, kind: 'rsa' }),
    wildRsa: makeCertificate({ subject: 'wild rsa', names: ['*.wild.test'], issuer: root, kind: 'rsa' }),
  };
  const { address } = await startTlsSite(t, { certificates });
  const rows: [servername: string, subject: string, more?: ConnectionOptions][] = [
    ['first.test', 'first'],
    ['exact.test', 'exact'],
    ['EXACT.test', 'exact'],
    ['a.wild.test', 'wild'],
    ['www.wild.test', 'exact'],
    ['a.b.wild.test', 'first'],
    ['wild.test', 'first'],
    ['unknown.test', 'first'],
    ['', 'first'],
    ['both.test', 'both ec', { sigalgs: ecdsaOnly }],
    ['both.test', 'both rsa', { sigalgs: rsaOnly }],
    ['both.test', 'both rsa', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
    ['both.test', 'both ec', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
    // The exact one has an ECDSA key alone: the wildcard helps out.
    ['www.wild.test', 'wild rsa', { sigalgs: rsaOnly }],
  ];
  for (const [servername, subject, more] of rows) {
    const socket = await shake(address, { servername, checkServerIdentity: () => undefined, ...more });
    t.equal(socket.getPeerCertificate().subject.CN, subject, `${servername} ${JSON.stringify(more ?? {})}`);
    t.equal(socket.authorized, true);
    socket.destroy();
  }
}

export async function protocols(t: Test): Promise<void> {
  const { address, parapet } = await startTlsSite(t, {
    certificates: {
      site: siteCertificate(),
      rsa: makeCertificate({ names: ['site.test'], issuer: root, kind: 'rsa' }),
    },
  });
  await t.test('ALPN: http/1.1 is taken, unknown protocols are refused, none is fine', async (t) => {
    const takes = await shake(address, { ALPNProtocols: ['h2', 'http/1.1'] });
    t.equal(takes.alpnProtocol, 'http/1.1');
    takes.destroy();
    const without = await shake(address);
    t.equal(without.alpnProtocol, false);
    without.destroy();
    t.match(await refusal(address, { ALPNProtocols: ['h2', 'spdy/3'] }), /no application protocol/i);
    t.equal(await readMetric(parapet, 'parapet_tls_failed_alpn_total'), 1);
  });
  await t.test('old versions and weak ciphers are refused, and counted', async (t) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    t.match(await refusal(address, old), /protocol version/i);
    const weak = ['ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-GCM-SHA256', 'AES256-SHA'];
    for (const ciphers of weak)
      t.match(await refusal(address, { maxVersion: 'TLSv1.2', ciphers }), /handshake failure/i, ciphers);
    t.equal(await readMetric(parapet, 'parapet_tls_failed_version_total'), 1);
    t.equal(await readMetric(parapet, 'parapet_tls_failed_cipher_total'), weak.length);
  });
  await t.test('the cipher, the group, and ChaCha20 for who prefers it', async (t) => {
    const rows: [ConnectionOptions, string, string][] = [
      [{}, 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
      [
        { ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256' },
        'TLSv1.3',
        'TLS_CHACHA20_POLY1305_SHA256',
      ],
      [{ maxVersion: 'TLSv1.2' }, 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ];
    for (const [more, version, cipher] of rows) {
      const socket = await shake(address, more);
      t.equal(socket.getProtocol(), version);
      t.equal(socket.getCipher().name, cipher);
      socket.destroy();
    }
    for (const [group, name] of [
      ['X25519', 'X25519'],
      ['P-256', 'prime256v1'],
      ['P-384', 'secp384r1'],
    ] as const) {
      const socket = await shake(address, { ecdhCurve: group, maxVersion: 'TLSv1.2' });
      t.match(socket.getEphemeralKeyInfo(), { name }, group);
      socket.destroy();
    }
    t.equal(await refusal(address, { ecdhCurve: 'X25519MLKEM768' }), 'accepted');
    t.match(await refusal(address, { ecdhCurve: 'P-521' }), /handshake failure/i);
  });
  await t.test('the record names protocol, cipher and scheme', async (t) => {
    for (const [more, protocol, cipher] of [
      [{}, 'TLSv1.3', 'AEAD-AES128-GCM-SHA256'],
      [{ maxVersion: 'TLSv1.2' }, 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ] as const) {
      const answer = await fetchOnce(secure(parapet.listener(1), more), '/');
      t.match(await waitRecord(parapet.recordsFile, answer.field('parapet-ray')), {
        ClientRequestScheme: 'https',
        ClientSSLProtocol: protocol,
        ClientSSLCipher: cipher,
      });
    }
    const plain = await fetchOnce(parapet.listener(0), '/');
    t.match(await waitRecord(parapet.recordsFile, plain.field('parapet-ray')), {
      ClientRequestScheme: 'http',
      ClientSSLProtocol: 'none',
      ClientSSLCipher: 'NONE',
    });
  });
  await t.test('minVersion TLSv1.3', async (t) => {
    const { address: strict } = await startTlsSite(t, { tls: { minVersion: 'TLSv1.3' } });
    t.match(await refusal(strict, { maxVersion: 'TLSv1.2' }), /protocol version/i);
    t.equal(await refusal(strict, {}), 'accepted');
  });
}

/** A TCP connection below a TLS client, whose output `send` puts on its way. */
async function wire(address: Address, send: (tcp: Socket, bytes: Buffer) => Promise<void>): Promise<Duplex> {
  const tcp = connectTcp(address.port, address.host);
  tcp.setNoDelay(true);
  const stream = new Duplex({
    read: () => tcp.resume(),
    write: (bytes: Buffer, _encoding, done) => {
      const sent = send(tcp, bytes);
      callbackify(() => sent)(done);
    },
    final: (done) => void tcp.end(done),
    destroy: (error, done) => {
      tcp.destroy();
      done(error);
    },
  });
  tcp.on('data', (piece) => stream.push(piece) || tcp.pause());
  tcp.on('end', () => stream.push(null));
  tcp.on('error', (error) => stream.destroy(error));
  await new Promise((resolve) => tcp.once('connect', resolve));
  return stream;
}

async function sendByteByByte(tcp: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    tcp.write(Buffer.from([byte]));
    await nextTurn();
  }
}

export async function oddClients(t: Test): Promise<void> {
  const { address, parapet } = await startTlsSite(t, { over: { timeouts: { handshakeMs: 1500 } } });
  await t.test('a handshake and a request that come byte by byte', async (t) => {
    const socket = await shake(address, { socket: await wire(address, sendByteByByte) });
    const answered = new Deferred<string>();
    socket.once('data', (piece: Buffer) => answered.resolve(piece.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    t.match(await within(20_000, 'the answer', answered.promise), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
  await t.test('plain HTTP is told that this is a TLS port', async (t) => {
    const { host, port } = address;
    const { answer, closing } = await exchangeRaw(
      { host, port },
      'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n',
    );
    t.equal(answer.status, 400);
    t.match(answer.body.toString(), /plain_http_on_tls_port/);
    t.equal(await closing, 'end');
    t.match(await waitRecord(parapet.recordsFile, answer.field('parapet-ray')), {
      Reason: 'plain_http_on_tls_port',
      EdgeResponseStatus: 400,
      ClientSSLProtocol: 'none',
    });
    t.equal(await readMetric(parapet, 'parapet_tls_failed_plain_http_total'), 1);
  });
  await t.test('garbage, truncated handshakes and silence end, and harm nobody', async (t) => {
    const before = (await readMetric(parapet, 'parapet_tls_handshake_failures_total')) ?? 0;
    const hello = await firstFlight(address);
    const pieces: Buffer[] = [
      Buffer.from([0x16, 3, 1, 0xff, 0xff, 1, 2, 3]),
      Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]),
      Buffer.from([0x15, 3, 1, 0, 2, 2, 40]),
      Buffer.from([0x17, 3, 3, 0, 16, ...Array.from({ length: 16 }, () => 7)]),
      Buffer.from([0, 0, 0, 0]),
      ...[6, 40, hello.length - 1].map((length) => hello.subarray(0, length)),
      ...[5, 9, 43, 80, hello.length - 3].map((at) => {
        const broken = Buffer.from(hello);
        broken[at] = (broken[at] as number) ^ 0xff;
        return broken;
      }),
      Buffer.concat([hello, hello]),
    ];
    const steady = await RawClient.connect(address);
    const ends = pieces.map(async (bytes, index) => {
      const tcp = connectTcp(address.port, address.host);
      tcp.on('error', () => {});
      const closed = new Promise((resolve) => tcp.once('close', resolve));
      tcp.resume();
      tcp.write(bytes);
      // Every second one leaves by itself; the others wait to be thrown out.
      if (index % 2 === 0) tcp.end();
      await within(10_000, `the end of connection ${index}`, closed);
    });
    const silent = connectTcp(address.port, address.host);
    silent.on('error', () => {});
    silent.resume();
    ends.push(
      within(
        10_000,
        'the end of a silent one',
        new Promise<void>((done) => void silent.once('close', () => done())),
      ),
    );
    await Promise.all(ends);
    t.equal((await steady.request('/')).status, 200, 'another connection goes on');
    steady.destroy();
    const failures = await waitMetric(
      parapet,
      'parapet_tls_handshake_failures_total',
      (value) => value >= before + pieces.length + 1,
    );
    t.equal(failures, before + pieces.length + 1, 'each was counted');
    t.ok(((await readMetric(parapet, 'parapet_tls_failed_timeout_total')) ?? 0) >= 1, 'the silent one too');
    t.equal(await readMetric(parapet, 'parapet_tls_handshakes_open'), 0);
  });
}

/** The bytes of a ClientHello. */
async function firstFlight(address: Address): Promise<Buffer> {
  const flight = new Deferred<Buffer>();
  const stream = await wire(address, async (tcp, bytes) => {
    flight.resolve(bytes);
    tcp.write(bytes);
  });
  (await shake(address, { socket: stream })).destroy();
  return await flight.promise;
}

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HttpDestination } from '../../../src/logs/sinks/http/config.ts';
import { HttpSink } from '../../../src/logs/sinks/http/index.ts';
import { cleanText, failureOfError, readRetryAfter } from '../../../src/logs/sinks/http/request.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { within } from '../../support/within.ts';
import { batchOf, closeSink, openSink, sendBatch, sinkContract, TestPorts } from './contract.ts';
import { answer, Ingest, type Misbehave } from './ingest.ts';

const timeouts = { connectMs: 5000, headersMs: 5000, bodyMs: 5000, totalMs: 20_000 };

function destinationOf(url: string, options: Partial<HttpDestination> = {}): HttpDestination {
  return {
    type: 'http',
    url,
    headers: {},
    header_files: {},
    compression: 'none',
    timeouts,
    tls: {},
    ...options,
  };
}

function sinkTo(t: Test, url: string, options: Partial<HttpDestination> = {}) {
  const ports = new TestPorts();
  const sink = new HttpSink(destinationOf(url, options), ports.bound);
  t.teardown(() => closeSink(sink));
  return { sink, ports };
}

const hang: Misbehave = () => {};

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  sinkContract(`http ${compression}`, async (t) => {
    const ingest = await Ingest.start(t);
    return {
      sink: (ports) => new HttpSink(destinationOf(ingest.url, { compression }), ports),
      delivered: () => ingest.delivered,
      refuse: () => {
        ingest.script = [answer(503)];
      },
      accept: () => {
        ingest.script = [];
      },
      hang: () => {
        ingest.script = [hang];
      },
    };
  });
}

t.test('the request: one POST on a connection that is kept', async (t) => {
  const ingest = await Ingest.start(t);
  const file = join(temporaryFolder(t), 'token');
  writeFileSync(file, 'Bearer from-a-file\nmore\n');
  const { sink } = sinkTo(t, ingest.url, {
    headers: { 'X-Source': 'edge 1' },
    header_files: { Authorization: file },
  });
  t.equal(await openSink(sink), null);
  for (let n = 1; n <= 3; n++) t.equal((await sendBatch(sink, batchOf(n, `{"n":${n}}\n`))).failure, null);
  t.equal(ingest.connections, 1);
  t.match(ingest.asked[0], {
    method: 'POST',
    url: '/ingest?source=a',
    text: '{"n":1}\n',
    headers: {
      'content-type': 'application/x-ndjson',
      'content-length': '8',
      'idempotency-key': '00000000000000000000000000000001',
      'x-source': 'edge 1',
      authorization: 'Bearer from-a-file',
    },
  });
  writeFileSync(file, 'Bearer renewed');
  sink.reopen();
  t.equal((await sendBatch(sink, batchOf(4, '{"n":4}\n'))).failure, null);
  t.equal(ingest.asked.at(-1)?.headers.authorization, 'Bearer renewed', 'SIGUSR1 reads it again');
  t.notMatch(sink.description, /source/, 'a query may hold a secret');
});

t.test('the same batch has the same bytes each time', async (t) => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const lengths = new Set<string | undefined>();
    const ingest = await Ingest.start(t);
    ingest.script = [answer(500), answer(500), null];
    const { sink } = sinkTo(t, ingest.url, { compression });
    const batch = batchOf(7, '{"a":"bbbbbbbbbbbbbbbbbbbbbbbb"}\n'.repeat(500));
    for (let attempt = 0; attempt < 3; attempt++) await sendBatch(sink, batch);
    for (const { headers } of ingest.asked) lengths.add(headers['content-length']);
    t.equal(lengths.size, 1);
    t.equal(new Set(ingest.asked.map(({ id }) => id)).size, 1);
    t.equal(ingest.asked[2]?.headers['content-encoding'], compression);
    t.equal(ingest.delivered, batch.bytes.toString());
  }
});

t.test('what a server answers, and what it means', async (t) => {
  const ingest = await Ingest.start(t);
  const { sink, ports } = sinkTo(t, ingest.url);
  const inTen = new Date(ports.atMs + 11_000).toUTCString();
  const rows: [string, Misbehave | null, object | null][] = [
    ['200', null, null],
    ['201', (_q, response, taken) => ingest.accept(response, taken, 201), null],
    ['204', (_q, response, taken) => ingest.accept(response, taken, 204), null],
    ['500', answer(500, {}, 'oh\n no'), { code: 'HTTP_500', message: 'it answered 500: oh no' }],
    ['503', answer(503), { code: 'HTTP_503', message: 'it answered 503', retryAfterMs: undefined }],
    ['429 seconds', answer(429, { 'retry-after': '7' }), { code: 'HTTP_429', retryAfterMs: 7000 }],
    ['429 date', answer(429, { 'retry-after': inTen }), { code: 'HTTP_429', retryAfterMs: 10_001 }],
    ['503 with nonsense', answer(503, { 'retry-after': 'soon' }), { retryAfterMs: undefined }],
    ['503 for ages', answer(503, { 'retry-after': '99999999' }), { retryAfterMs: 3_600_000 }],
    ['408', answer(408), { code: 'HTTP_408' }],
    ['400', answer(400, {}, 'bad field'), { code: 'HTTP_400', message: /bad field \(it refuses this batch/ }],
    ['413', answer(413), { code: 'HTTP_413', message: /kept and sent again/ }],
    ['401', answer(401), { code: 'HTTP_401', message: /secret/ }],
    ['redirect', answer(302, { location: '/other' }), { code: 'HTTP_302', message: /not followed/ }],
    ['304', answer(304), { code: 'HTTP_304' }],
  ];
  let accepted = 0;
  for (const [name, script, expected] of rows) {
    ingest.script = [script];
    const { failure } = await sendBatch(sink, batchOf(accepted, `{"n":${accepted}}\n`));
    if (expected === null) {
      t.equal(failure, null, name);
      accepted += 1;
    } else {
      t.match(failure, expected, name);
    }
  }
  t.equal(ingest.asked.length, rows.length, 'each was asked once, and no redirect was followed');
  ingest.script = [answer(503), null];
  t.match((await sendBatch(sink, batchOf(90, '{}\n'))).failure, { code: 'HTTP_503' });
  t.equal((await sendBatch(sink, batchOf(90, '{}\n'))).failure, null);
});

t.test('answers that never come, stop or break off are failures', async (t) => {
  const ingest = await Ingest.start(t);
  const short = { connectMs: 500, headersMs: 150, bodyMs: 150, totalMs: 10_000 };
  const rows: [string, Misbehave, object][] = [
    ['nothing', hang, { code: 'UND_ERR_HEADERS_TIMEOUT', message: /no answer in time/ }],
    [
      'half of it, then nothing',
      (_q, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half');
      },
      { code: 'UND_ERR_BODY_TIMEOUT' },
    ],
    [
      'half of it, then the end',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half', () => request.socket.end());
      },
      { code: 'UND_ERR_SOCKET', message: /before the answer was complete/ },
    ],
    [
      'chunks without the last',
      (request, response) => {
        response.writeHead(200);
        response.write('half', () => request.socket.destroy());
      },
      { message: /before the answer was complete/ },
    ],
    [
      'a reset in the middle',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half', () => request.socket.resetAndDestroy());
      },
      { message: /before the answer was complete/ },
    ],
    ['a reset before the head', (request) => request.socket.resetAndDestroy(), { message: /reset|closed/ }],
    [
      'drops for ever',
      (_q, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(drip));
      },
      { code: 'TimeoutError', message: /totalMs/ },
    ],
    ['no HTTP', (request) => request.socket.write('hello\r\n\r\n'), { message: 'its answer is not HTTP' }],
  ];
  for (const [name, script, expected] of rows) {
    const totalMs = name === 'drops for ever' ? 300 : short.totalMs;
    const { sink } = sinkTo(t, ingest.url, { timeouts: { ...short, totalMs } });
    ingest.script = [script];
    t.match((await sendBatch(sink, batchOf(1, '{}\n'))).failure, expected, name);
    ingest.script = [];
    t.equal((await sendBatch(sink, batchOf(1, '{}\n'))).failure, null, `${name}, then all is well`);
  }
});

t.test('nobody there, a name that is none, and a server that does not read', async (t) => {
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const refused = sinkTo(t, `http://127.0.0.1:${port}/`).sink;
  t.match((await sendBatch(refused, batchOf(1, '{}\n'))).failure, { code: 'ECONNREFUSED', message: /.+/ });
  const nameless = sinkTo(t, 'http://no-such-host.invalid/').sink;
  t.match((await sendBatch(nameless, batchOf(1, '{}\n'))).failure, { code: /ENOTFOUND|EAI_AGAIN/ });

  const sockets: Socket[] = [];
  const deaf = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
  deaf.listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    deaf.close();
  });
  const { sink } = sinkTo(t, `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`, {
    timeouts: { ...timeouts, headersMs: 300, totalMs: 1500 },
  });
  const large = batchOf(1, 'x'.repeat(16 * 1024 * 1024));
  const { failure } = await within(5000, 'a failure', sendBatch(sink, large));
  t.match(failure, { message: /in time|too long/ });
});

t.test('a connection that the server closed meanwhile is no failure', async (t) => {
  const ingest = await Ingest.start(t);
  const { sink } = sinkTo(t, ingest.url);
  t.equal((await sendBatch(sink, batchOf(1, '{"n":1}\n'))).failure, null);
  // It closes in the moment in which the next one comes.
  ingest.script = [(request) => request.socket.destroy(), null];
  t.equal((await sendBatch(sink, batchOf(2, '{"n":2}\n'))).failure, null);
  t.equal(ingest.delivered, '{"n":1}\n{"n":2}\n');
  t.equal(ingest.connections, 2);
  ingest.script = [(request) => request.socket.destroy()];
  t.match((await sendBatch(sink, batchOf(3, '{"n":3}\n'))).failure, { message: /before the answer/ });
  ingest.script = [];
  ingest.closeConnections();
  t.equal((await sendBatch(sink, batchOf(3, '{"n":3}\n'))).failure, null);
});

t.test('secrets that a server repeats, and what a terminal would obey, are not shown', async (t) => {
  const ingest = await Ingest.start(t);
  const { sink } = sinkTo(t, ingest.url, { headers: { authorization: 'Bearer s3cret-value' } });
  ingest.script = [answer(403, {}, 'no access for Bearer s3cret-value \u001B[31mred\u0007\n\n\tat all')];
  const { failure } = await sendBatch(sink, batchOf(1, '{}\n'));
  t.match(failure?.message ?? '', /no access for \[redacted\] \[31mred at all \(its headers/);
  t.equal(cleanText(Buffer.from('é'.repeat(500)), []).length, 200);
  t.equal(cleanText(Buffer.from([0xff, 0xfe, 0x41]), []), '\uFFFD\uFFFDA');
});

t.test('Retry-After', (t) => {
  const now = Date.UTC(2027, 0, 1);
  t.equal(readRetryAfter(undefined, now), undefined);
  t.equal(readRetryAfter('0', now), 0);
  t.equal(readRetryAfter(' 12 ', now), 12_000);
  t.equal(readRetryAfter('-1', now), undefined);
  t.equal(readRetryAfter('1.5', now), undefined);
  t.equal(readRetryAfter('Fri, 01 Jan 2027 00:01:00 GMT', now), 60_000);
  t.equal(readRetryAfter('Friday, 01-Jan-27 00:01:00 GMT', now), 60_000);
  t.equal(readRetryAfter('Thu, 31 Dec 2026 00:01:00 GMT', now), 0, 'it is past');
  t.end();
});

t.test('a file of a field that cannot be read', async (t) => {
  const ingest = await Ingest.start(t);
  const file = join(temporaryFolder(t), 'token');
  const { sink } = sinkTo(t, ingest.url, { header_files: { authorization: file } });
  t.match(await openSink(sink), { code: 'ENOENT', message: /token/ });
  writeFileSync(file, 'x');
  t.equal(await openSink(sink), null);
  t.equal((await sendBatch(sink, batchOf(1, '{}\n'))).failure, null);
});

function certificate(t: Test): { key: string; cert: string; file: string } {
  const folder = temporaryFolder(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const options = ['-x509', ...curve, '-days', '2', '-keyout', key, '-out', cert, ...name];
  execFileSync('openssl', ['req', ...options], { stdio: 'pipe' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert };
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

t.test(
  'TLS: the certificate is verified, also its name',
  {
    skip: hasOpenssl ? false : 'needs the program openssl',
  },
  async (t) => {
    const made = certificate(t);
    const ingest = await Ingest.start(t, { key: made.key, cert: made.cert });
    const named = ingest.url.replace('127.0.0.1', 'localhost');
    const rows: [string, string, Partial<HttpDestination>, object | null][] = [
      ['an own authority', named, { tls: { ca: made.file } }, null],
      ['nobody that is trusted', named, {}, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
      ['another name', ingest.url, { tls: { ca: made.file } }, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
      ['no file', named, { tls: { ca: '/nowhere/ca.pem' } }, { code: 'ENOENT' }],
      ['TLS where there is none', named.replace('https', 'http'), {}, { message: /.+/ }],
    ];
    for (const [name, url, options, expected] of rows) {
      const { sink } = sinkTo(t, url, options);
      const { failure } = await sendBatch(sink, batchOf(1, '{}\n'));
      if (expected === null) t.equal(failure, null, name);
      else t.match(failure, expected, name);
    }
  },
);

t.test('what TLS says becomes a sentence in one line', async (t) => {
  const error = (code: string, message: string) => Object.assign(new Error(message), { code });
  t.equal(
    failureOfError(error('ERR_SSL_WRONG_VERSION_NUMBER', 'C0F6:error:0A00010B:SSL routines:x.c:77:\n'))
      .message,
    'it does not speak TLS at this port: the URL may have to begin with http://',
  );
  t.match(failureOfError(error('DEPTH_ZERO_SELF_SIGNED_CERT', 'x')).message, /tls\.ca/);
  t.equal(failureOfError(error('ERR_SSL_OTHER', 'routines:\n x.c:77:\n')).message, 'routines: x.c:77:');
});

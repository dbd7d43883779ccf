/** Every limit and timeout towards the client: its status, its record, and that the connection ends where it must. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { readMetric, waitMetric } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { type Answer, exchangeRaw, fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { patience } from '../../support/scale.ts';
import { ok, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { until, within } from '../../support/within.ts';

const head = (lines: string): string => `GET /limits HTTP/1.1\r\nHost: site.test\r\n${lines}\r\n`;
const limits = {
  headBytesMax: '8KiB',
  targetBytesMax: '2KiB',
  fieldsMax: 32,
  bodyBytesMax: '64KiB',
  trailerBytesMax: '1KiB',
  exchangesPerConnectionMax: 5,
};

interface LimitCase {
  name: string;
  bytes: string;
  status: number;
}

const limitCases: LimitCase[] = [
  {
    name: 'a head beyond limits.headBytesMax: 431',
    bytes: head(`Long: ${'x'.repeat(9000)}\r\n`),
    status: 431,
  },
  {
    name: 'a head that never ends: 431',
    bytes: `GET / HTTP/1.1\r\nHost: site.test\r\n${'Name: value\r\n'.repeat(28)}Long: ${'x'.repeat(9000)}`,
    status: 431,
  },
  { name: 'more fields than limits.fieldsMax: 431', bytes: head('Name: value\r\n'.repeat(40)), status: 431 },
  {
    name: 'a target beyond limits.targetBytesMax: 414',
    bytes: `GET /${'x'.repeat(3000)} HTTP/1.1\r\nHost: site.test\r\n\r\n`,
    status: 414,
  },
  { name: 'a target that never ends: 414', bytes: `GET /${'x'.repeat(9000)}`, status: 414 },
  {
    name: 'a Content-Length beyond limits.bodyBytesMax: 413',
    bytes: 'POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 65537\r\n\r\n',
    status: 413,
  },
  {
    name: 'a chunked body beyond limits.bodyBytesMax: 413',
    bytes: `POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5)}0\r\n\r\n`,
    status: 413,
  },
  {
    name: 'one chunk beyond limits.bodyBytesMax: 413',
    bytes: 'POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\nx',
    status: 413,
  },
  {
    name: 'trailers beyond limits.trailerBytesMax: 431',
    bytes: `POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nLong: ${'x'.repeat(2000)}\r\n\r\n`,
    status: 431,
  },
];

export async function limitStatuses(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, { limits }));
  for (const row of limitCases) {
    await t.test(row.name, async (t) => {
      const { answer, closing, client } = await exchangeRaw(parapet.listener(), row.bytes);
      t.equal(answer.status, row.status);
      t.equal(await within(5_000, 'the close', closing), 'end');
      client.destroy();
      const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
      t.equal(record['EdgeResponseStatus'], row.status);
    });
  }
  await t.test('what is just within the limits is served', async (t) => {
    const { status } = await fetchOnce(parapet.listener(), `/${'x'.repeat(2000)}`, {
      method: 'POST',
      fields: {
        Long: 'x'.repeat(5000),
        ...Object.fromEntries(Array.from({ length: 28 }, (_, index) => [`n${index}`, 'v'])),
      },
      body: 'x'.repeat(65_536),
    });
    t.equal(status, 200);
  });
  await t.test(
    'limits.exchangesPerConnectionMax: the last one is answered with Connection: close',
    async (t) => {
      const client = await RawClient.connect(parapet.listener());
      for (let turn = 1; turn <= 5; turn += 1) {
        const answer = await client.request('/limits');
        t.equal(answer.status, 200);
        t.equal(/close/i.test(answer.field('Connection') ?? ''), turn === 5, `exchange ${turn}`);
      }
      t.equal(await client.waitClosed(), 'end');
    },
  );
  await t.test('the limits are counted in the metrics', async (t) => {
    t.ok(((await readMetric(parapet, 'parapet_refused_total')) ?? 0) >= limitCases.length);
  });
}

const timeouts = { headMs: 500, bodyMs: 500, idleMs: 700, writeMs: 1000, lingerMs: 300 };

async function read408(client: RawClient): Promise<Answer> {
  const answer = await client.read({ timeoutMs: patience(6_000) });
  await client.waitClosed();
  client.destroy();
  return answer;
}

export async function clientTimeouts(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t, {
    '/large': (_request, response) => void response.end(Buffer.alloc(32 * 1024 * 1024)),
  });
  const parapet = await startParapet(t, siteConfig(origin.address, { timeouts }));
  const connect = (): Promise<RawClient> => RawClient.connect(parapet.listener());
  await t.test('a head that stops: 408', async (t) => {
    const client = await connect();
    await client.write('GET /slow HTTP/1.1\r\nHost: site');
    const answer = await read408(client);
    t.equal(answer.status, 408);
    t.equal((await waitRecord(parapet.recordsFile, answer.field('parapet-ray')))['EdgeResponseStatus'], 408);
  });
  await t.test('a head that drips: 408, since the time counts from its first byte', async (t) => {
    const client = await connect();
    const answer = read408(client);
    const bytes = Buffer.from(head('Name: value\r\n'.repeat(20)));
    let sent = 0;
    for (; sent < bytes.length && !client.socket.destroyed && !client.socket.readableEnded; sent += 1) {
      await client.writePieces([bytes.subarray(sent, sent + 1)]);
      await delay(25);
    }
    t.equal((await answer).status, 408);
    t.ok(sent < bytes.length, 'it did not wait for the whole head');
  });
  await t.test('a body that stops: 408', async (t) => {
    const client = await connect();
    await client.write('POST /slow HTTP/1.1\r\nHost: site.test\r\nContent-Length: 100\r\n\r\nhalf');
    t.equal((await read408(client)).status, 408);
  });
  await t.test('a chunked body that stops: 408', async (t) => {
    const client = await connect();
    await client.write(
      'POST /slow HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
    );
    t.equal((await read408(client)).status, 408);
  });
  await t.test('a connection without a request is closed without an answer', async (t) => {
    const client = await connect();
    t.equal(await client.waitClosed(patience(5_000)), 'end');
    t.equal(client.bytesRead, 0);
  });
  await t.test('an idle keep-alive connection is closed', async (t) => {
    const client = await connect();
    t.equal((await client.request('/idle')).status, 200);
    t.equal(await client.waitClosed(patience(5_000)), 'end');
    t.equal(client.excess.length, 0);
  });
  await t.test('a client that does not read its response is dropped', async (t) => {
    const before = (await readMetric(parapet, 'parapet_timeouts_total')) ?? 0;
    const client = await connect();
    await client.write(head('').replace('/limits', '/large'));
    client.socket.pause();
    await waitMetric(parapet, 'parapet_timeouts_total', (value) => value > before);
    t.equal(await waitMetric(parapet, 'parapet_exchanges_live', (value) => value === 0), 0);
    client.destroy();
  });
}

export async function connectionLimits(t: Test): Promise<void> {
  await t.test(
    'limits.connectionsPerAddressMax counts over all workers, and each address for itself',
    async (t) => {
      const origin = await startCountingOrigin(t);
      const parapet = await startParapet(
        t,
        siteConfig(origin.address, { limits: { connectionsPerAddressMax: 4 } }),
      );
      const clients = await openAndAsk(parapet, 4);
      t.equal(await refusal(parapet), true, 'the fifth is closed at once');
      const other = await RawClient.connect(parapet.listener(), { localAddress: '127.0.0.2' });
      t.equal((await other.request('/')).status, 200, 'another address is served');
      other.destroy();
      clients[0]?.destroy();
      await until(5_000, 'room again', async () => ((await refusal(parapet)) ? undefined : true));
      for (const client of clients) client.destroy();
    },
  );
  await t.test('limits.connectionsMax', async (t) => {
    const origin = await startCountingOrigin(t);
    const parapet = await startParapet(
      t,
      siteConfig(origin.address, { limits: { connectionsMax: 3, connectionsPerAddressMax: 3 } }),
    );
    const clients = await openAndAsk(parapet, 3);
    t.equal(await refusal(parapet), true);
    for (const client of clients) client.destroy();
    await until(5_000, 'room again', async () => ((await refusal(parapet)) ? undefined : true));
  });
  await t.test('running out of descriptors is survived', (t) => fewDescriptors(t));
}

async function openAndAsk(parapet: Parapet, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = await RawClient.connect(parapet.listener());
    await client.request('/held');
    clients.push(client);
  }
  return clients;
}

/** True when a new connection is not served: closed without an answer, or answered with 429 or 503. */
async function refusal(parapet: Parapet): Promise<boolean> {
  const client = await RawClient.connect(parapet.listener());
  try {
    return [429, 503].includes((await client.request('/one-more')).status);
  } catch {
    return true;
  } finally {
    client.destroy();
  }
}

async function fewDescriptors(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const limit = 300;
  const parapet = await startParapet(t, siteConfig(origin.address), {
    prefix: ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'],
  });
  const clients: RawClient[] = [];
  const opened = Array.from({ length: limit * 2 }, async () =>
    clients.push(await RawClient.connect(parapet.listener())),
  );
  await Promise.all(opened);
  const first = await parapet.child();
  for (const client of clients) client.destroy();
  const answer = await until(15_000, 'service after the flood', () =>
    fetchOnce(parapet.listener(), '/after', { timeoutMs: 3_000 }).catch(() => undefined),
  );
  t.equal(answer.status, 200);
  t.equal(await parapet.child(), first, 'the proxy lives on');
  t.ok(((await readMetric(parapet, 'parapet_accept_paused_total')) ?? 0) > 0);
}

export async function pipelineBound(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t, {
    '/held': async (connection) => {
      await delay(300);
      await connection.write(ok('held'));
    },
  });
  const parapet = await startParapet(
    t,
    siteConfig(origin.address, {
      limits: { headBytesMax: '2KiB', targetBytesMax: '1KiB', pipelineBytesMax: '4KiB' },
    }),
  );
  const client = await RawClient.connect(parapet.listener());
  // Far more than the bound: what is not read stays in the kernel, and every request is answered in the end.
  const text = 'GET /held HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n';
  const many = `GET /quick HTTP/1.1\r\nHost: site.test\r\nPadding: ${'x'.repeat(400)}\r\n\r\n`.repeat(500);
  const written = client.write(`GET /held HTTP/1.1\r\nHost: site.test\r\n\r\n${many}${text}`);
  t.equal((await client.read()).body.toString(), 'held');
  for (let index = 0; index < 500; index += 1) {
    const answer = await client.read();
    if (answer.status !== 200 || answer.body.toString() !== 'fallback')
      t.fail(`answer ${index} is ${answer.status}`);
  }
  t.equal((await client.read()).body.toString(), 'held');
  await written;
  t.equal(await client.waitClosed(), 'end');
}

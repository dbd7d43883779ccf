/** Bodies both ways, pipelining, interim responses, half-close and aborts: what a careful HTTP/1.1 peer does. */
import { randomInt } from 'node:crypto';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { patternBody } from '../../support/pattern.ts';
import { exchangeRaw, fetchOnce, RawClient, requestText, sha256 } from '../../support/raw-client.ts';
import { waitRecordWhere } from '../../support/records.ts';
import { scaled } from '../../support/scale.ts';
import {
  type OriginConnection,
  ok,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '../../support/scripted-origin.ts';
import { Deferred, within } from '../../support/within.ts';

const chunk = (data: string): string => `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;

async function setUp(t: Test): Promise<{ origin: ScriptedOrigin; parapet: Parapet }> {
  const origin = await startScriptedOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  return { origin, parapet };
}

export async function uploads(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const received: { hash: string; bytes: number; trailers: string[]; framing: string }[] = [];
  origin.fallback = async (connection, request) => {
    const whole = await connection.readBody(request);
    if (whole === undefined) return;
    received.push({
      hash: sha256(whole.body),
      bytes: whole.body.length,
      trailers: whole.trailers,
      framing: request.value('transfer-encoding') ?? request.value('content-length') ?? '',
    });
    await connection.write(ok('got it'));
  };
  await t.test('with Content-Length', async (t) => {
    const body = patternBody(300_000);
    t.equal((await fetchOnce(parapet.listener(), '/up', { method: 'POST', body })).status, 200);
    t.match(received.at(-1), { hash: sha256(body), framing: '300000' });
  });
  await t.test('chunked, in odd pieces, with a trailer', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    const body = patternBody(100_000);
    const pieces: Buffer[] = [
      Buffer.from(
        'POST /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
      ),
    ];
    for (let at = 0; at < body.length; ) {
      const bytes = Math.min(randomInt(1, 9_000), body.length - at);
      pieces.push(
        Buffer.from(`${bytes.toString(16)}\r\n`),
        body.subarray(at, at + bytes),
        Buffer.from('\r\n'),
      );
      at += bytes;
    }
    pieces.push(Buffer.from('0\r\nX-Sum: 42\r\n\r\n'));
    const answer = client.read();
    await client.writePieces(pieces);
    t.equal((await answer).status, 200);
    t.match(received.at(-1), { hash: sha256(body), bytes: 100_000, framing: /chunked/ });
    client.destroy();
  });
  await t.test('Upgrade is stripped, the body still arrives', async (t) => {
    const answer = await fetchOnce(parapet.listener(), '/up', {
      method: 'POST',
      body: 'x',
      fields: { Connection: 'Upgrade', Upgrade: 'websocket' },
    });
    t.equal(answer.status, 200);
    t.equal(origin.log.at(-1)?.request.value('upgrade'), undefined);
  });
  await t.test('an empty chunked body, and Content-Length: 0', async (t) => {
    for (const fields of [{ 'Transfer-Encoding': 'chunked' }, { 'Content-Length': '0' }]) {
      const body = 'Transfer-Encoding' in fields ? '0\r\n\r\n' : '';
      t.equal((await fetchOnce(parapet.listener(), '/up', { method: 'POST', body, fields })).status, 200);
      t.equal(received.at(-1)?.bytes, 0);
    }
  });
}

export async function expectations(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  origin.scripts.set('/refuse', async (connection) => {
    await connection.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    connection.end();
  });
  origin.fallback = async (connection, request) => {
    if (request.value('expect') !== undefined) await connection.write('HTTP/1.1 100 Continue\r\n\r\n');
    const whole = await connection.readBody(request);
    await connection.write(ok(whole?.body.toString() ?? 'cut'));
  };
  const expecting = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  await t.test('the client waits for 100 before it sends', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    const answer = client.read();
    const interim = new Deferred<void>();
    client.socket.on('data', () => interim.resolve());
    await client.write(expecting('/wait'));
    await within(5_000, 'the 100', interim.promise);
    await client.write('hello');
    t.same(
      (await answer).interim.map(({ status }) => status),
      [100],
    );
    t.equal((await answer).body.toString(), 'hello');
    client.destroy();
  });
  await t.test('a client that does not wait is served too', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    const answer = client.read();
    await client.write(`${expecting('/now')}hello`);
    t.equal((await answer).body.toString(), 'hello');
    t.equal(
      (await client.request('/again', { method: 'POST', body: 'x' })).body.toString(),
      'x',
      'the connection is still in step',
    );
    client.destroy();
  });
  await t.test('a final answer in place of 100 ends the exchange', async (t) => {
    const { answer, client } = await exchangeRaw(parapet.listener(), expecting('/refuse'));
    t.equal(answer.status, 403);
    // The body may still come: either the connection is closed, or what follows is read as the body.
    t.match(answer.field('Connection') ?? 'close', /close|keep-alive/i);
    client.destroy();
  });
  await t.test('HTTP/1.0 gets no interim response', async (t) => {
    const text =
      'POST /old HTTP/1.0\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello';
    const { answer, client } = await exchangeRaw(parapet.listener(), text);
    t.same(answer.interim, []);
    t.equal(answer.body.toString(), 'hello');
    client.destroy();
  });
}

export async function pipelining(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const release = new Deferred<void>();
  origin.scripts.set('/first', async (connection) => {
    await release.promise;
    await connection.write(ok('first'));
  });
  origin.fallback = async (connection, request) => {
    const whole = await connection.readBody(request);
    await connection.write(
      ok(`${request.target} ${whole?.body.toString() ?? ''}`, { 'Cache-Control': 'max-age=60' }),
    );
  };
  await t.test('answers come in the order of the requests, whichever is ready first', async (t) => {
    await fetchOnce(parapet.listener(), '/stored');
    const client = await RawClient.connect(parapet.listener());
    await client.write(
      Buffer.concat([
        requestText('/first'),
        requestText('/stored'),
        requestText('/post', { method: 'POST', body: 'body' }),
        requestText('/stored', { method: 'HEAD' }),
        requestText('/chunked', {
          method: 'POST',
          body: `${chunk('ab')}${chunk('cd')}0\r\n\r\n`,
          fields: { 'Transfer-Encoding': 'chunked' },
        }),
        requestText('/last'),
      ]),
    );
    release.resolve();
    t.equal((await client.read()).body.toString(), 'first');
    t.equal((await client.read()).body.toString(), '/stored ');
    t.equal((await client.read()).body.toString(), '/post body');
    t.equal((await client.read({ method: 'HEAD' })).status, 200);
    t.equal((await client.read()).body.toString(), '/chunked abcd');
    t.equal((await client.read()).body.toString(), '/last ');
    client.destroy();
  });
  await t.test('a fault behind good requests: they are answered first', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    await client.write(
      Buffer.concat([
        requestText('/a'),
        requestText('/b'),
        Buffer.from('GET / HTTP/1.1\r\nBad Name: x\r\n\r\n'),
      ]),
    );
    t.equal((await client.read()).body.toString(), '/a ');
    t.equal((await client.read()).body.toString(), '/b ');
    t.equal((await client.read()).status, 400);
    t.equal(await client.waitClosed(), 'end');
  });
  await t.test('a hundred at once', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    await client.write(Buffer.concat(Array.from({ length: 100 }, (_, index) => requestText(`/n${index}`))));
    for (let index = 0; index < 100; index += 1)
      t.equal((await client.read()).body.toString(), `/n${index} `);
    client.destroy();
  });
}

/** The same bytes cut at every place: the same answers. */
export async function everySplit(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  origin.fallback = async (connection, request) => {
    const whole = await connection.readBody(request);
    await connection.write(ok(`${request.method} ${request.target} ${whole?.body.toString()}`));
  };
  const text = Buffer.from(
    'POST /split?q HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n0\r\nT: v\r\n\r\nGET /next HTTP/1.1\r\nHost: site.test\r\n\r\n',
  );
  const ask = async (pieces: Buffer[]): Promise<string> => {
    const client = await RawClient.connect(parapet.listener());
    const sent = client.writePieces(pieces, 2);
    const first = await client.read();
    const second = await client.read();
    await sent;
    client.destroy();
    return `${first.body.toString()}, ${second.body.toString()}`;
  };
  const expected = 'POST /split?q body, GET /next ';
  const step = scaled(3, 1);
  const wrong: number[] = [];
  for (let at = 1; at < text.length; at += step) {
    if ((await ask([text.subarray(0, at), text.subarray(at)])) !== expected) wrong.push(at);
  }
  t.same(wrong, [], 'cut in two at every place');
  t.equal(await ask([...text].map((byte) => Buffer.from([byte]))), expected, 'byte by byte');
}

export async function downloads(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const head = 'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n';
  origin.scripts.set('/chunked', (c) =>
    c.write(
      `${head}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${chunk('hello ')}${chunk('world')}0\r\nX-Sum: 42\r\n\r\n`,
    ),
  );
  origin.scripts.set('/until-close', async (c) => {
    await c.write(`${head}Connection: close\r\n\r\nhello world`);
    c.end();
  });
  origin.scripts.set('/nothing', (c) => c.write('HTTP/1.1 204 No Content\r\n\r\n'));
  origin.scripts.set('/unchanged', (c) =>
    c.write('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 500\r\n\r\n'),
  );
  origin.scripts.set('/length', (c, request) =>
    c.write(`${head}Content-Length: 11\r\n\r\n${request.method === 'HEAD' ? '' : 'hello world'}`),
  );
  const client = await RawClient.connect(parapet.listener());
  t.teardown(() => client.destroy());
  await t.test('chunked', async (t) => {
    const answer = await client.request('/chunked', { fields: { TE: 'trailers', Connection: 'TE' } });
    t.equal(answer.body.toString(), 'hello world');
    t.equal(answer.framing, 'chunked');
  });
  await t.test('chunked to an HTTP/1.0 client is taken apart', async (t) => {
    const { answer } = await exchangeRaw(
      parapet.listener(),
      'GET /chunked HTTP/1.0\r\nHost: site.test\r\n\r\n',
    );
    t.equal(answer.body.toString(), 'hello world');
    t.not(answer.framing, 'chunked');
  });
  await t.test('delimited by close: the client can tell that it is whole', async (t) => {
    const answer = await client.request('/until-close');
    t.equal(answer.body.toString(), 'hello world');
    t.not(answer.framing, 'close', 'HTTP/1.1 clients keep their connection');
  });
  await t.test('204, 304 and HEAD have no body, and the connection stays in step', async (t) => {
    t.equal((await client.request('/nothing')).status, 204);
    t.equal((await client.request('/unchanged', { fields: { 'If-None-Match': '"a"' } })).status, 304);
    const answer = await client.request('/length', { method: 'HEAD' });
    t.equal(answer.field('Content-Length'), '11');
    t.equal((await client.request('/length')).body.toString(), 'hello world');
  });
}

async function reached(connection: Promise<OriginConnection>): Promise<OriginConnection> {
  return await within(5_000, 'the request reaches the origin', connection);
}

export async function aborts(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const asked = (
    path: string,
    act: (connection: OriginConnection) => Promise<void> | void,
  ): Promise<OriginConnection> => {
    const at = new Deferred<OriginConnection>();
    origin.scripts.set(path, async (connection) => {
      at.resolve(connection);
      await act(connection);
    });
    return at.promise;
  };
  await t.test('a client that half-closes gets its response', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    const answer = client.read();
    await client.write(requestText('/half'));
    client.halfClose();
    t.equal((await answer).body.toString(), 'fallback');
    t.equal(await client.waitClosed(), 'end');
  });
  await t.test(
    'a client that leaves within a response: the origin connection is given up, the record says so',
    async (t) => {
      const connection = asked('/leave', async (c) => {
        await c.write('HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 100000000\r\n\r\nbegin');
        await c.closed;
      });
      const client = await RawClient.connect(parapet.listener());
      const begun = new Deferred<void>();
      client.read({ onBody: () => begun.resolve() }).catch(() => {});
      await client.write(requestText('/leave'));
      await within(5_000, 'the first bytes', begun.promise);
      client.reset();
      await within(5_000, 'the origin connection is closed', (await reached(connection)).closed);
      const record = await waitRecordWhere(
        parapet.recordsFile,
        '/leave',
        ({ ClientRequestPath }) => ClientRequestPath === '/leave',
      );
      t.match(JSON.stringify(record), /client_?aborted/i);
    },
  );
  await t.test('a client that leaves within its upload: the origin sees no whole request', async (t) => {
    let whole: unknown = 'not yet';
    const connection = asked('/cut', async (c) => {
      whole = await c.readBytes(1_000_000);
    });
    const client = await RawClient.connect(parapet.listener());
    await client.write(
      Buffer.concat([
        Buffer.from('POST /cut HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000000\r\n\r\n'),
        Buffer.alloc(1000),
      ]),
    );
    await reached(connection);
    client.reset();
    await within(5_000, 'the end of the upload', (await connection).closed);
    t.equal(whole, false);
  });
  await t.test('a method that nobody knows goes through', async (t) => {
    const answer = await fetchOnce(parapet.listener(), '/brew', { method: 'BREW', body: 'x' });
    t.equal(answer.status, 200);
    t.equal(origin.log.at(-1)?.request.method, 'BREW');
  });
}

export async function ipv6(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t, {}, '::1');
  const config = siteConfig(origin.address, {
    listeners: [{ address: '127.0.0.1:0' }, { address: '[::1]:0' }],
    origins: { site: { servers: [{ url: `http://[::1]:${origin.address.port}` }] } },
  });
  const parapet = await startParapet(t, config);
  for (const listener of [parapet.listener(0), parapet.listener(1)]) {
    t.equal((await fetchOnce(listener, '/six')).body.toString(), 'origin\n');
  }
  t.equal(origin.count('/six'), 2);
  t.match(origin.of('/six').at(-1)?.fields['x-forwarded-for'], /::1/);
}

/** The origin misbehaves in every way: the client gets a defined answer, and the next client gets the right one. */
import type { Test } from 'tap';
import { type ConfigObject, siteConfig, url } from '../../support/config.ts';
import { freeAddress, neverAcceptingAddress } from '../../support/dead-origins.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { type Address, type Answer, fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecordWhere } from '../../support/records.ts';
import { patience } from '../../support/scale.ts';
import { ok, type ScriptedOrigin, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { casePath, type OriginCase, originCases } from './origin-cases.ts';

const quick = { connectMs: 500, firstByteMs: 600, betweenBytesMs: 600, writeMs: 1000 };
const impatient: ConfigObject = { origins: { site: { timeouts: quick } } };
const uploadBytes = 4_000_000;

/** A whole answer, or undefined where the response was seen to be cut short. */
async function ask(address: Address, path: string, row: OriginCase): Promise<Answer | undefined> {
  const options =
    row.method === 'POST'
      ? { method: 'POST', body: Buffer.alloc(uploadBytes) }
      : { method: row.method ?? 'GET' };
  const client = await RawClient.connect(address);
  try {
    return await client.request(path, { ...options, timeoutMs: patience(8_000) });
  } catch (error) {
    if ((error as Error).name === 'DeadlineError') throw error;
    return undefined;
  } finally {
    client.destroy();
  }
}

export async function misbehaviour(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, impatient));
  for (const [index, row] of originCases.entries()) {
    const path = `${casePath}${index}`;
    origin.scripts.set(path, row.script);
    await t.test(`an origin that ${row.name}`, async (t) => {
      const answer = await ask(parapet.listener(), path, row);
      if (row.truncated === true) {
        t.equal(answer?.status === 502 || answer === undefined ? 'cut' : `whole ${answer.status}`, 'cut');
      } else {
        t.ok(
          answer !== undefined && row.status?.includes(answer.status),
          `${answer?.status} is one of ${row.status?.join(' ')}`,
        );
        if (row.body !== undefined && answer?.status === row.status?.[0])
          t.equal(answer?.body.toString(), row.body);
        if (row.error !== undefined) t.match(answer?.field('Proxy-Status'), row.error);
      }
      const next = await fetchOnce(parapet.listener(), `/after-${index}`);
      t.equal(next.body.toString(), 'fallback', 'the next request gets its own answer');
      const record = await waitRecordWhere(
        parapet.recordsFile,
        path,
        ({ ClientRequestPath }) => ClientRequestPath === path,
      );
      if (row.truncated === true) t.not(record['Outcome'], 'ok');
      if (row.error !== undefined) t.match(record['FailCause'], row.error);
    });
  }
}

export async function deadOrigins(t: Test): Promise<void> {
  const never = await neverAcceptingAddress(t);
  const refusing = await freeAddress();
  const resetting = await startScriptedOrigin(t);
  resetting.onConnection = (connection) => {
    connection.reset();
    return true;
  };
  const closing = await startScriptedOrigin(t);
  closing.onConnection = (connection) => {
    connection.end();
    return true;
  };
  const rows: [name: string, url: string, status: number[], error: RegExp][] = [
    ['refuses connections', url(refusing), [502, 503], /connection_refused/],
    ['never accepts', url(never), [504], /connection_timeout/],
    [
      'resets every connection',
      url(resetting.address),
      [502],
      /connection_terminated|http_response_incomplete|connection_refused/,
    ],
    [
      'closes every connection',
      url(closing.address),
      [502],
      /connection_terminated|http_response_incomplete/,
    ],
    [
      'has a name that does not exist',
      'http://nowhere.invalid:80',
      [502, 503, 504],
      /dns_error|dns_timeout|destination_not_found/,
    ],
  ];
  const names = rows.map((_, index) => `dead-${index}`);
  const config: ConfigObject = {
    ...siteConfig(refusing),
    origins: Object.fromEntries(
      rows.map(([, server], index) => [names[index], { servers: [{ url: server }], timeouts: quick }]),
    ),
    zones: names.map((name) => ({ name, hosts: [`${name}.test`], origin: name })),
    dns: { timeoutMs: 500, retrySeconds: 1 },
  };
  const parapet = await startParapet(t, config);
  for (const [index, [name, , status, error]] of rows.entries()) {
    for (const method of ['GET', 'POST']) {
      await t.test(`${method} to an origin that ${name}`, async (t) => {
        const host = `${names[index]}.test`;
        const answer = await fetchOnce(parapet.listener(), `/${method}`, {
          method,
          host,
          ...(method === 'POST' ? { body: 'x' } : {}),
        });
        t.ok(status.includes(answer.status), `${answer.status}`);
        t.match(answer.field('Proxy-Status'), /^parapet/);
        t.match(answer.field('Proxy-Status'), error);
        const record = await waitRecordWhere(
          parapet.recordsFile,
          host,
          (each) => each['ClientRequestHost'] === host && each['ClientRequestMethod'] === method,
        );
        t.equal(record['EdgeResponseStatus'], answer.status);
        t.equal(record['OriginResponseStatus'], 0);
      });
    }
  }
}

export async function poolRace(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, { workers: 1 }));
  // The first request of a connection is served; the second is read and then dropped: the race as it looks from here.
  const dropOnReuse = (path: string): void => {
    origin.scripts.set(path, async (connection, request) => {
      await connection.readBody(request);
      if (connection.requests > 1) connection.reset();
      else await connection.write(ok('served', { 'Cache-Control': 'no-store' }));
    });
  };
  const warm = async (): Promise<RawClient> => {
    const client = await RawClient.connect(parapet.listener());
    await client.request('/warm');
    return client;
  };
  await t.test('GET on a pooled connection that dies is sent again, once, on a fresh one', async (t) => {
    dropOnReuse('/get');
    const client = await warm();
    const answer = await client.request('/get');
    t.equal(answer.status, 200);
    t.equal(answer.body.toString(), 'served');
    t.equal(origin.requestsOf('/get').length, 2);
    client.destroy();
  });
  await t.test('PUT too: it is idempotent, and its small body can be sent again', async (t) => {
    dropOnReuse('/put');
    const client = await warm();
    const answer = await client.request('/put', { method: 'PUT', body: 'x' });
    t.ok([200, 502].includes(answer.status));
    t.ok(origin.requestsOf('/put').length <= 2);
    client.destroy();
  });
  await t.test('POST that may have been acted upon is not sent again: 502', async (t) => {
    dropOnReuse('/post');
    const client = await warm();
    const answer = await client.request('/post', { method: 'POST', body: 'x' });
    t.equal(answer.status, 502);
    t.equal(origin.requestsOf('/post').length, 1, 'the origin saw it once');
    client.destroy();
  });
  await t.test('a retry that fails as well is the end: 502', async (t) => {
    origin.scripts.set('/always', (connection) => connection.reset());
    const client = await warm();
    t.equal((await client.request('/always')).status, 502);
    t.ok(origin.requestsOf('/always').length <= 2);
    client.destroy();
  });
  await t.test('an origin that closes after every answer, saying nothing of it', async (t) => {
    origin.scripts.set('/closes', async (connection, request) => {
      await connection.readBody(request);
      await connection.write(ok('served', { 'Cache-Control': 'no-store' }));
      connection.end();
    });
    const client = await warm();
    for (let turn = 0; turn < 30; turn += 1) {
      const isPost = turn % 2 === 1;
      const answer = await client.request('/closes', isPost ? { method: 'POST', body: 'x' } : {});
      // A POST may meet the closing connection; a GET never fails.
      t.ok(answer.status === 200 || (isPost && answer.status === 502), `turn ${turn}: ${answer.status}`);
    }
    client.destroy();
  });
  await t.test('connections are reused', async (t) => {
    const before = origin.connections.length;
    const client = await warm();
    for (let turn = 0; turn < 20; turn += 1) await client.request('/reused');
    t.ok(origin.connections.length - before <= 1, `${origin.connections.length - before} new connections`);
    client.destroy();
  });
}

export async function slowReader(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t, {
    '/deaf': (connection) => {
      connection.socket.pause();
      return connection.silence();
    },
  });
  const parapet: Parapet = await startParapet(t, siteConfig(origin.address, impatient));
  const client = await RawClient.connect(parapet.listener());
  const answer = client.read({ timeoutMs: patience(10_000) });
  client
    .writePieces([
      `POST /deaf HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${64 << 20}\r\n\r\n`,
      ...Array.from({ length: 64 }, () => Buffer.alloc(1 << 20)),
    ])
    .catch(() => {});
  t.equal((await answer).status, 504, 'an origin that does not read its request');
  client.destroy();
}

/** The servers of an origin, each of which says its own name. */
export async function startServers(t: Test, count: number): Promise<ScriptedOrigin[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const origin = await startScriptedOrigin(t);
      origin.fallback = async (connection, request) => {
        await connection.readBody(request);
        await connection.write(ok(`server ${index}`, { 'Cache-Control': 'no-store' }));
      };
      return origin;
    }),
  );
}

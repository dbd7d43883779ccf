/**
 * One fetch per process for a cold key, over two workers: followers stream along, and whatever becomes of the leader,
 * its worker or its origin, the followers get what is promised.
 */
import type { Test } from 'tap';
import { waitMetric } from '../../support/admin.ts';
import { type ConfigObject, siteConfig } from '../../support/config.ts';
import { faultFlag, withFault } from '../../support/faults.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { patternBlocks, patternBody, patternHash } from '../../support/pattern.ts';
import { fetchOnce, RawClient, sha256 } from '../../support/raw-client.ts';
import {
  type OriginConnection,
  type Script,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '../../support/scripted-origin.ts';
import { ask, followed } from '../../support/waiting.ts';
import { Deferred, until, within } from '../../support/within.ts';
import { spread } from '../../support/workers.ts';

const body = patternBody(40_000);
const storable = `HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n`;
const wholeHead = `${storable}Content-Length: ${body.length}\r\n\r\n`;

async function setUp(
  t: Test,
  over: ConfigObject = {},
): Promise<{ origin: ScriptedOrigin; parapet: Parapet }> {
  const origin = await startScriptedOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, over), { args: [faultFlag] });
  return { origin, parapet };
}

export async function manyClients(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const clients = 200;
  const allBegun = new Deferred<void>();
  origin.scripts.set('/cold', async (connection) => {
    await connection.write(wholeHead);
    await connection.write(body.subarray(0, 1000));
    // The last bytes wait until every follower has had its first.
    await within(20_000, 'the first byte at every client', allBegun.promise);
    await connection.write(body.subarray(1000));
  });
  const connections = await Promise.all(
    Array.from({ length: clients }, () => RawClient.connect(parapet.listener())),
  );
  t.teardown(() => {
    for (const client of connections) client.destroy();
  });
  const waiting = connections.map((client) => ask(client, '/cold'));
  await Promise.all(waiting.map(({ begun }) => begun));
  t.pass('every client had its first byte before the origin sent its last');
  allBegun.resolve();
  const answers = await Promise.all(waiting.map(({ answer }) => answer));
  t.equal(origin.requestsOf('/cold').length, 1, 'the origin sees exactly one request');
  t.ok(
    answers.every((answer) => answer.status === 200 && answer.body.equals(body)),
    'all got all of it',
  );
  const collapsed = answers.filter((answer) =>
    /fwd=uri-miss.*collapsed/.test(answer.field('Cache-Status') ?? ''),
  );
  t.equal(collapsed.length, clients - 1, 'all but one say that they followed');
  t.match((await fetchOnce(parapet.listener(), '/cold')).field('Cache-Status'), /^parapet; hit/);
}

export async function leaderLeaves(t: Test): Promise<void> {
  for (const moment of ['before the head', 'within the body'] as const) {
    await t.test(moment, async (t) => {
      const { origin, parapet } = await setUp(t);
      const arrived = new Deferred<void>();
      const go = new Deferred<void>();
      origin.scripts.set('/left', async (connection) => {
        if (moment === 'within the body') {
          await connection.write(wholeHead);
          await connection.write(body.subarray(0, 1000));
        }
        arrived.resolve();
        await go.promise;
        await connection.write(
          moment === 'within the body' ? body.subarray(1000) : Buffer.concat([Buffer.from(wholeHead), body]),
        );
      });
      const leader = await RawClient.connect(parapet.listener());
      const first = ask(leader, '/left');
      await within(5_000, 'the request at the origin', arrived.promise);
      if (moment === 'within the body') await first.begun;
      const followers = await Promise.all(
        Array.from({ length: 8 }, () => RawClient.connect(parapet.listener())),
      );
      const waiting = followers.map((client) => ask(client, '/left'));
      await followed(parapet, followers.length, 0);
      leader.reset();
      await waitMetric(parapet, 'parapet_connections_open', (value) => value <= followers.length);
      go.resolve();
      for (const { answer } of waiting) t.ok((await answer).body.equals(body));
      t.equal(origin.requestsOf('/left').length, 1, 'the fetch went on');
      for (const client of followers) client.destroy();
    });
  }
  await t.test('with nobody else waiting: the response is stored all the same', async (t) => {
    const { origin, parapet } = await setUp(t);
    const go = new Deferred<void>();
    origin.scripts.set('/alone', async (connection) => {
      await connection.write(wholeHead);
      await connection.write(body.subarray(0, 1000));
      await go.promise;
      await connection.write(body.subarray(1000));
    });
    const leader = await RawClient.connect(parapet.listener());
    await within(5_000, 'the first byte', ask(leader, '/alone').begun);
    leader.reset();
    await waitMetric(parapet, 'parapet_connections_open', (value) => value === 0);
    go.resolve();
    const answer = await fetchOnce(parapet.listener(), '/alone');
    t.ok(answer.body.equals(body));
    t.equal(origin.requestsOf('/alone').length, 1);
  });
}

export async function leadingWorkerDies(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t, { worker: { stallMs: 1000 } });
  const arrived = new Deferred<OriginConnection>();
  origin.scripts.set('/orphan', async (connection) => {
    if (!arrived.isSettled) {
      arrived.resolve(connection);
      // Its proxy worker is about to die: this request is never answered.
      return await connection.silence();
    }
    await connection.write(wholeHead);
    await connection.write(body);
  });
  const [dying = [], living = []] = await spread(parapet, 2, 6);
  const [leader, killer, ...doomed] = dying.map(({ client }) => client);
  ask(leader as RawClient, '/orphan').answer.catch(() => {});
  await within(5_000, 'the request at the origin', arrived.promise);
  const waiting = living.map(({ client }) => ask(client, '/orphan'));
  for (const client of doomed) ask(client, '/orphan');
  await followed(parapet, waiting.length + doomed.length, 0);
  const child = await parapet.child();
  (killer as RawClient).request('/loop', { fields: withFault('loop'), timeoutMs: 20_000 }).catch(() => {});
  for (const { answer } of waiting) {
    const each = await answer;
    t.equal(each.status, 200);
    t.ok(each.body.equals(body));
  }
  t.equal(origin.requestsOf('/orphan').length, 2, 'one follower took over');
  t.equal(await parapet.child(), child, 'the process lives on');
  for (const { client } of [...dying, ...living]) client.destroy();
}

/** A first answer that fails once the followers wait, and what the origin says after that. */
async function failing(t: Test, first: (connection: OriginConnection) => Promise<void>, after: Script) {
  const { origin, parapet } = await setUp(t);
  const go = new Deferred<void>();
  origin.scripts.set('/fails', async (connection, request) => {
    if (origin.requestsOf('/fails').length > 1) return await after(connection, request);
    await go.promise;
    await first(connection);
  });
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(parapet.listener())));
  const waiting = clients.map((client) => ask(client, '/fails'));
  await followed(parapet, clients.length - 1, 0);
  return { origin, parapet, clients, waiting, go };
}

export async function originFailsBeforeHead(t: Test): Promise<void> {
  const whole: Script = async (connection) => {
    await connection.write(wholeHead);
    await connection.write(body);
  };
  const { origin, parapet, clients, waiting, go } = await failing(
    t,
    async (connection) => connection.end(),
    whole,
  );
  go.resolve();
  const answers = await Promise.all(waiting.map(({ answer }) => answer));
  const statuses = answers.map(({ status }) => status);
  t.ok(
    statuses.filter((status) => status === 200).length >= clients.length - 1,
    `all but the leader got it: ${statuses.join(' ')}`,
  );
  t.ok(answers.every((answer) => answer.status !== 200 || answer.body.equals(body)));
  t.ok(origin.requestsOf('/fails').length <= 3, 'one follower took over, not all of them');
  t.match((await fetchOnce(parapet.listener(), '/fails')).field('Cache-Status'), /^parapet; hit/);
  for (const client of clients) client.destroy();
}

export async function originFailsAfterHead(t: Test): Promise<void> {
  const cut = async (connection: OriginConnection): Promise<void> => {
    await connection.write(wholeHead);
    await connection.write(body.subarray(0, 20_000));
    connection.end();
  };
  const { parapet, clients, waiting, go } = await failing(t, cut, (connection) =>
    connection.write(`${storable}Content-Length: 3\r\n\r\nnew`),
  );
  go.resolve();
  const results = await Promise.allSettled(waiting.map(({ answer }) => answer));
  t.ok(
    results.every(({ status }) => status === 'rejected'),
    'all are seen to be cut short',
  );
  t.equal((await fetchOnce(parapet.listener(), '/fails')).body.toString(), 'new', 'nothing was stored');
  for (const client of clients) client.destroy();
}

export async function outgrown(t: Test): Promise<void> {
  const bytes = 12 << 20;
  const { origin, parapet } = await setUp(t, { store: { objectBytesMax: '1MiB', bytesMax: '64MiB' } });
  const go = new Deferred<void>();
  origin.scripts.set('/large', async (connection) => {
    await connection.write(`${storable}Transfer-Encoding: chunked\r\n\r\n`);
    await go.promise;
    for (const block of patternBlocks(bytes))
      await connection.write(
        Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')]),
      );
    await connection.write('0\r\n\r\n');
  });
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(parapet.listener())));
  const waiting = clients.map((client) => ask(client, '/large'));
  await followed(parapet, clients.length - 1, 0);
  go.resolve();
  for (const { answer } of waiting) t.equal(sha256((await answer).body), patternHash(bytes));
  t.equal(origin.requestsOf('/large').length, 1, 'it went on for its followers');
  t.notMatch(
    (await fetchOnce(parapet.listener(), '/large')).field('Cache-Status'),
    /; hit/,
    'it is not stored',
  );
  for (const client of clients) client.destroy();
}

export async function notForSharing(t: Test): Promise<void> {
  const { origin, parapet } = await setUp(t);
  const go = new Deferred<void>();
  origin.scripts.set('/private', async (connection) => {
    await go.promise;
    const text = `mine ${origin.requestsOf('/private').length}`;
    await connection.write(
      `HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  });
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(parapet.listener())));
  const waiting = clients.map((client) => ask(client, '/private'));
  await followed(parapet, clients.length - 1, 0);
  // They may follow before the first request has reached the origin.
  await until(5_000, 'one of them at the origin', () =>
    origin.requestsOf('/private').length > 0 ? true : undefined,
  );
  t.equal(origin.requestsOf('/private').length, 1);
  go.resolve();
  await Promise.all(waiting.map(({ answer }) => answer));
  t.equal(origin.requestsOf('/private').length, clients.length, 'each fetched its own');
  // From now on nobody waits for anybody: the key is remembered.
  const held = new Deferred<void>();
  origin.scripts.set('/private', async (connection) => {
    await held.promise;
    await connection.write('HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 1\r\n\r\nx');
  });
  const again = clients.map((client) => ask(client, '/private'));
  await until(5_000, 'all of them at the origin', () =>
    origin.requestsOf('/private').length === 2 * clients.length ? true : undefined,
  );
  held.resolve();
  await Promise.all(again.map(({ answer }) => answer));
  for (const client of clients) client.destroy();
}

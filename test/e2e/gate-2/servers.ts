/** Several servers behind one origin: turns, ejection, the bound on connections and its queue, and names. */
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { readMetric } from '../../support/admin.ts';
import { siteConfig, url } from '../../support/config.ts';
import { freeAddress, neverAcceptingAddress } from '../../support/dead-origins.ts';
import { startParapet } from '../../support/parapet.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { ok, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { Deferred, until, within } from '../../support/within.ts';
import { startServers } from './origin.ts';

/** Stands for the origin where a config names its own servers. */
const nowhere = { host: '127.0.0.1', port: 9 };

export async function turns(t: Test): Promise<void> {
  const servers = await startServers(t, 3);
  const config = siteConfig(nowhere, {
    origins: { site: { servers: servers.map(({ address }) => ({ url: url(address) })) } },
  });
  const parapet = await startParapet(t, config);
  const client = await RawClient.connect(parapet.listener());
  for (let turn = 0; turn < 30; turn += 1) t.equal((await client.request('/turn')).status, 200);
  for (const server of servers) t.equal(server.requestsOf('/turn').length, 10, 'round robin is even');
  client.destroy();
}

export async function ejection(t: Test): Promise<void> {
  const [good] = await startServers(t, 1);
  const bad = await freeAddress();
  const config = siteConfig(nowhere, {
    workers: 1,
    origins: {
      site: {
        servers: [{ url: url(bad) }, { url: url((good as NonNullable<typeof good>).address) }],
        ejection: { failures: 3, ejectMs: 60_000 },
      },
    },
  });
  const parapet = await startParapet(t, config);
  const statuses: number[] = [];
  for (let turn = 0; turn < 30; turn += 1)
    statuses.push((await fetchOnce(parapet.listener(), '/eject')).status);
  t.same(new Set(statuses), new Set([200]), 'a request that was provably unsent goes to the other server');
  const failures = (await readMetric(parapet, 'parapet_origin_failures_total')) ?? 0;
  t.ok(failures >= 3 && failures <= 6, `${failures} attempts at the dead server before it was left out`);
}

export async function queue(t: Test): Promise<void> {
  const release = new Deferred<void>();
  const origin = await startScriptedOrigin(t, {
    '/held': async (connection) => {
      await release.promise;
      await connection.write(ok('held', { 'Cache-Control': 'no-store' }));
    },
  });
  const config = siteConfig(origin.address, {
    workers: 2,
    origins: {
      site: {
        servers: [{ url: url(origin.address), max_connections: 2 }],
        queue: { exchangesMax: 3, waitMs: 20_000 },
      },
    },
  });
  const parapet = await startParapet(t, config);
  // One after the other, so that it is known who is served, who waits and who is refused.
  const post = { method: 'POST', body: 'x' };
  const held = Array.from({ length: 2 }, () => fetchOnce(parapet.listener(), '/held', post));
  await until(5_000, 'two requests at the origin', () =>
    origin.requestsOf('/held').length === 2 ? true : undefined,
  );
  const more = Array.from({ length: 8 }, () => fetchOnce(parapet.listener(), '/held', post));
  const refused = await within(
    10_000,
    'five refusals',
    new Promise<number[]>((resolve) => {
      const statuses: number[] = [];
      for (const each of more)
        each.then(
          ({ status }) => statuses.push(status) === 5 && resolve([...statuses]),
          () => {},
        );
    }),
  );
  t.same(new Set(refused), new Set([503]), 'beyond the queue: 503 at once');
  t.equal(origin.connections.length, 2, 'never more connections than allowed, over all workers');
  release.resolve();
  const statuses = (await Promise.all([...held, ...more])).map(({ status }) => status);
  t.equal(statuses.filter((status) => status === 200).length, 5, 'two at once and three from the queue');
}

/** A name server that answers A and AAAA for every name, until it is told to be silent. */
async function startNameServer(
  t: Test,
): Promise<{ port: number; questions: string[]; answers: { value: boolean } }> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  const answers = { value: true };
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12);
    const type = query.readUInt16BE(end + 1);
    questions.push(`${type === 28 ? 'AAAA' : 'A'} ${query.toString('latin1', 13, end)}`);
    if (!answers.value) return;
    const question = query.subarray(12, end + 5);
    const header = Buffer.from([
      query[0] ?? 0,
      query[1] ?? 0,
      0x81,
      0x80,
      0,
      1,
      0,
      type === 1 ? 1 : 0,
      0,
      0,
      0,
      0,
    ]);
    // A: 127.0.0.1 for one second. AAAA: no such record.
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    socket.send(Buffer.concat([header, question, ...(type === 1 ? [record] : [])]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return { port: socket.address().port, questions, answers };
}

export async function names(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  const { port } = origin.address;
  await t.test('the hosts file comes before a name server', async (t) => {
    const server = await startNameServer(t);
    const hostsFile = join(temporaryFolder(t), 'hosts');
    writeFileSync(hostsFile, '127.0.0.1 origin.example another.example # both\n');
    const config = siteConfig(origin.address, {
      origins: { site: { servers: [{ url: `http://another.example:${port}` }] } },
      dns: { hostsFile, servers: [`127.0.0.1:${server.port}`] },
    });
    const parapet = await startParapet(t, config);
    t.equal((await fetchOnce(parapet.listener(), '/hosts')).status, 200);
    t.same(server.questions, []);
  });
  await t.test(
    'a name server is asked, once for the process, and its last good answer outlives it',
    async (t) => {
      const server = await startNameServer(t);
      const config = siteConfig(origin.address, {
        origins: { site: { servers: [{ url: `http://origin.example:${port}` }] } },
        dns: { servers: [`127.0.0.1:${server.port}`], timeoutMs: 300, retrySeconds: 1 },
      });
      const parapet = await startParapet(t, config);
      await until(5_000, 'a resolved name', async () =>
        (await fetchOnce(parapet.listener(), '/dns')).status === 200 ? true : undefined,
      );
      t.ok(
        server.questions.filter((question) => question.startsWith('A ')).length <= 2,
        server.questions.join(),
      );
      server.answers.value = false;
      const before = server.questions.length;
      await until(10_000, 'questions without answers', () =>
        server.questions.length >= before + 3 ? true : undefined,
      );
      t.equal((await fetchOnce(parapet.listener(), '/dns')).status, 200, 'the last good addresses are kept');
    },
  );
  await t.test(
    'happy eyeballs: an address that does not answer delays by attemptDelayMs, no more',
    async (t) => {
      const never = await neverAcceptingAddress(t, '::1');
      const live = await startScriptedOrigin(t, {}, never.port);
      const hostsFile = join(temporaryFolder(t), 'hosts');
      writeFileSync(hostsFile, '::1 eyes.example\n127.0.0.1 eyes.example\n');
      const config = siteConfig(live.address, {
        origins: {
          site: {
            servers: [{ url: `http://eyes.example:${never.port}` }],
            timeouts: { connectMs: 20_000, attemptDelayMs: 50 },
          },
        },
        dns: { hostsFile },
      });
      const parapet = await startParapet(t, config);
      const answer = await fetchOnce(parapet.listener(), '/eyes', { timeoutMs: 5_000 });
      t.equal(answer.status, 200, 'long before the connect timeout');
    },
  );
}

export async function keepAlive(t: Test): Promise<void> {
  const closed = new Deferred<void>();
  const origin = await startScriptedOrigin(t, {
    '/kept': async (connection) => {
      void connection.closed.then(() => closed.resolve());
      await connection.write(ok('kept', { 'Keep-Alive': 'timeout=2' }));
    },
  });
  const config = siteConfig(origin.address, { origins: { site: { timeouts: { idleMs: 600_000 } } } });
  const parapet = await startParapet(t, config);
  t.equal((await fetchOnce(parapet.listener(), '/kept')).status, 200);
  await within(60_000, 'the end of a connection whose origin keeps it for two seconds', closed.promise);
}

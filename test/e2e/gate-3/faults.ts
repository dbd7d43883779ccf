/** Faults of the policy, of a worker and of the process: each costs what it must, and nothing more. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { askAdmin, readMetric, waitMetric } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { type Fault, faultFlag, withFault } from '../../support/faults.ts';
import { Load } from '../../support/load.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { patternBody } from '../../support/pattern.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { patience } from '../../support/scale.ts';
import { ok, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { Deferred, within } from '../../support/within.ts';
import { spread } from '../../support/workers.ts';

const stallMs = 1000;

async function setUp(t: Test): Promise<Parapet> {
  const origin = await startCountingOrigin(t);
  const over = { worker: { stallMs, heapMb: 64 }, faults: { perMinuteMax: 1000 } };
  return await startParapet(t, siteConfig(origin.address, over), { args: [faultFlag] });
}

export async function policyFaults(t: Test): Promise<void> {
  const parapet = await setUp(t);
  const counted = async (): Promise<number> =>
    (await readMetric(parapet, 'parapet_policy_faults_total')) ?? 0;
  await t.test('an exception: 500 for that exchange, and the others go on', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    t.equal((await client.request('/before')).status, 200);
    const answer = await client.request('/fault', { fields: withFault('throw') });
    t.equal(answer.status, 500);
    t.equal((await fetchOnce(parapet.listener(), '/after')).status, 200);
    const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
    t.match(record, { EdgeResponseStatus: 500, Reason: 'policy_fault' });
    t.ok((await counted()) >= 1, 'it is counted');
    client.destroy();
  });
  await t.test('an exception in the middle of a batch', async (t) => {
    const client = await RawClient.connect(parapet.listener());
    const one = (name: string, field = ''): string =>
      `GET /${name} HTTP/1.1\r\nHost: site.test\r\n${field}\r\n`;
    const [[name, value]] = Object.entries(withFault('throw')) as [[string, string]];
    await client.write(`${one('a')}${one('b', `${name}: ${value}\r\n`)}`);
    t.equal((await client.read()).status, 200);
    t.equal((await client.read()).status, 500);
    client.destroy();
    const many = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        fetchOnce(parapet.listener(), `/many-${index}`, {
          fields: index % 3 === 0 ? withFault('throw') : {},
        }),
      ),
    );
    t.same(
      many.map(({ status }) => status),
      many.map((_, index) => (index % 3 === 0 ? 500 : 200)),
    );
  });
  await t.test('a rejection that nobody handles is logged and counted, and ends nothing', async (t) => {
    const before = await counted();
    const client = await RawClient.connect(parapet.listener());
    t.equal((await client.request('/fault', { fields: withFault('reject') })).status, 200);
    t.equal((await client.request('/after')).status, 200, 'the worker is the same');
    await waitMetric(parapet, 'parapet_policy_faults_total', (value) => value > before);
    t.match(parapet.stderr, /nobody handles/);
    client.destroy();
  });
  await t.test('without the flag the field is a field like any other', async (t) => {
    const origin = await startCountingOrigin(t);
    const other = await startParapet(t, siteConfig(origin.address));
    t.equal((await fetchOnce(other.listener(), '/', { fields: withFault('throw') })).status, 200);
  });
}

/** A fault that takes its worker along: the other worker's connections notice nothing. */
async function losesOnlyItsOwn(t: Test, fault: Fault): Promise<void> {
  const parapet = await setUp(t);
  const child = await parapet.child();
  const [dying = [], living = []] = await spread(parapet, 2, 4);
  const [killer, ...victims] = dying.map(({ client }) => client);
  const broken = Promise.all(
    victims.map((client) => within(20_000, 'the end of a connection of that worker', client.closed)),
  );
  (killer as RawClient).request('/fault', { fields: withFault(fault), timeoutMs: 30_000 }).catch(() => {});
  // While the worker dies, the other one serves, on the connections that it has.
  const isOver = { value: false };
  const serving = living.map(async ({ client }) => {
    let answers = 0;
    while (!isOver.value) {
      const answer = await client.request('/alive');
      if (answer.status !== 200) t.fail(`${answer.status} on the other worker`);
      answers += 1;
      await delay(5);
    }
    return answers;
  });
  await broken;
  // The slot is filled again: new connections are served by two workers.
  for (const { client } of (await spread(parapet, 2, 1)).flat()) client.destroy();
  isOver.value = true;
  for (const answers of await Promise.all(serving)) t.ok(answers > 0, `${answers} answers meanwhile`);
  t.equal(await parapet.child(), child, 'the process is the same');
  t.equal(parapet.process.exitCode, null);
  for (const { client } of [...dying, ...living]) client.destroy();
}

export async function workerFaults(t: Test): Promise<void> {
  await t.test('a heap that is overrun', (t) => losesOnlyItsOwn(t, 'heap'));
  await t.test('a loop that never ends, after worker.stallMs', (t) => losesOnlyItsOwn(t, 'loop'));
  await t.test('more faults than faults.perMinuteMax: the worker is drained and replaced', async (t) => {
    const origin = await startCountingOrigin(t);
    const config = siteConfig(origin.address, { workers: 1, faults: { perMinuteMax: 5 } });
    const parapet = await startParapet(t, config, { args: [faultFlag] });
    const child = await parapet.child();
    const before = await fetchOnce(parapet.listener(), '/before');
    for (let turn = 0; turn < 8; turn += 1)
      await fetchOnce(parapet.listener(), '/fault', { fields: withFault('throw') }).catch(() => {});
    const rayOf = (text: string | undefined): bigint => BigInt(`0x${text ?? '0'}`);
    await within(
      15_000,
      'another worker',
      (async () => {
        for (;;) {
          const after = await fetchOnce(parapet.listener(), '/after').catch(() => undefined);
          const distance = rayOf(after?.field('parapet-ray')) - rayOf(before.field('parapet-ray'));
          if (after?.status === 200 && (distance > 1n << 32n || distance < -(1n << 32n))) return;
          await delay(20);
        }
      })(),
    );
    t.equal(await parapet.child(), child);
  });
}

export async function killedChild(t: Test): Promise<void> {
  const body = patternBody(2048);
  const origin = await startCountingOrigin(t);
  origin.fallback = (_request, response) =>
    void response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(body);
  const parapet = await startParapet(t, siteConfig(origin.address));
  const load = new Load({
    address: parapet.listener(),
    connections: 16,
    targets: [
      { path: '/a', body },
      { path: '/b', body },
    ],
  });
  t.teardown(() => load.stop());
  for (let kill = 0; kill < 5; kill += 1) {
    await within(20_000, 'load', load.more(200));
    const child = await parapet.child();
    process.kill(child, 'SIGKILL');
    await parapet.child(child);
  }
  await within(20_000, 'load after the last kill', load.more(200));
  await load.stop();
  t.equal(load.refused, 0, 'no connection was refused');
  t.same(load.faults, []);
  t.equal(parapet.process.exitCode, null, 'the supervisor lives');
  t.comment(`${load.whole} responses, ${load.broken} connections broken`);
}

export async function replacedWorker(t: Test): Promise<void> {
  const release = new Deferred<void>();
  const origin = await startScriptedOrigin(t, {
    '/slow': async (connection) => {
      await release.promise;
      await connection.write(ok('slow', { 'Cache-Control': 'no-store' }));
    },
  });
  const parapet = await startParapet(t, siteConfig(origin.address));
  const groups = await spread(parapet, 2, 3);
  const inFlight = groups.map(([first]) => (first as { client: RawClient }).client.request('/slow'));
  await waitMetric(parapet, 'parapet_exchanges_live', (value) => value >= 2);
  t.equal((await askAdmin(parapet, 'POST', '/workers/0/restart')).status, 202);
  release.resolve();
  for (const answer of await Promise.all(inFlight))
    t.equal(answer.body.toString(), 'slow', 'what was in flight ended well');
  // One worker went, the other did not: all connections of one group live on.
  const survives = async ({ client }: { client: RawClient }): Promise<boolean> =>
    client.request('/still', { timeoutMs: patience(3_000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
  const alive = await Promise.all(
    groups.map(async (group) => (await Promise.all(group.slice(1).map(survives))).every(Boolean)),
  );
  t.ok(alive.includes(true), 'connections of the other worker were left alone');
  for (let turn = 0; turn < 40; turn += 1) t.equal((await fetchOnce(parapet.listener(), '/new')).status, 200);
  t.equal((await askAdmin(parapet, 'POST', '/workers/7/restart')).status, 404, 'a worker that is not there');
  for (const { client } of groups.flat()) client.destroy();
}

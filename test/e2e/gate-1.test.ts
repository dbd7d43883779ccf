/**
 * Gate 1: first light. The demo as a new operator meets it, requests proxied and served from the store with one record
 * each, and the promise about records across kills: every response that a client received whole has a record.
 */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { siteConfig } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import { freeAddress } from '../support/dead-origins.ts';
import { Load } from '../support/load.ts';
import {
  type Parapet,
  parapetEnvironment,
  repository,
  skipReason,
  startParapet,
} from '../support/parapet.ts';
import { patternBody } from '../support/pattern.ts';
import { RawClient } from '../support/raw-client.ts';
import { countRays, readRecords, waitRecord } from '../support/records.ts';
import { isFull, isSanitized, patience, scaled } from '../support/scale.ts';
import { temporaryFolder } from '../support/temp.ts';
import { Deferred, until, within } from '../support/within.ts';

const demoPort = 8080;
const demoTlsPort = 8443;
const demoAdminPort = 9901;

/** Takes a port of the demo, or says that somebody else has it. */
async function occupy(port: number): Promise<Server | undefined> {
  const server = createServer();
  const listening = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  return (await listening) ? server : undefined;
}

async function release(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

interface Spoken {
  text: () => string;
  errors: () => string;
  exited: Promise<number | null>;
  stop: () => void;
}

/** Runs a command line and keeps what it says; ended with the test. */
function speak(t: Test, words: string[], cwd: string, env = process.env): Spoken {
  const child = spawn(words[0] as string, words.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  const exited = new Deferred<number | null>();
  child.on('close', (code) => exited.resolve(code));
  const stop = (): void => void child.kill('SIGTERM');
  t.teardown(async () => {
    stop();
    await within(40_000, `the end of ${words.join(' ')}`, exited.promise);
  });
  return { text: () => text, errors: () => errors, exited: exited.promise, stop };
}

const demoWords = [process.execPath, join(repository, 'bin/parapet.mjs'), 'demo'];

t.test('the demo', { skip: skipReason }, async (t) => {
  const held = await occupy(demoPort);
  const folder = temporaryFolder(t);

  await t.test('a busy port: exit 1, and the key to change is named', async (t) => {
    const demo = speak(t, demoWords, folder, parapetEnvironment());
    t.equal(await within(20_000, 'the end of a demo without a port', demo.exited), 1);
    t.match(demo.errors(), /8080/);
    t.match(demo.errors(), /listeners/);
  });

  const secure = await occupy(demoTlsPort);
  const admin = await occupy(demoAdminPort);
  for (const server of [held, secure, admin]) if (server !== undefined) await release(server);
  if (held === undefined || secure === undefined || admin === undefined) {
    const taken = held === undefined ? demoPort : secure === undefined ? demoTlsPort : demoAdminPort;
    t.comment(`port ${taken} belongs to another process: the curl lines were not tried`);
    return;
  }

  await t.test('prints four curl lines that really work', async (t) => {
    const demo = speak(t, demoWords, folder, parapetEnvironment());
    const lines = await until(
      20_000,
      'four curl lines',
      () => {
        const found = `${demo.text()}\n${demo.errors()}`
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line.startsWith('curl '));
        return found.length >= 4 ? found : undefined;
      },
      () => demo.text() + demo.errors(),
    );
    t.equal(lines.length, 4);
    for (const line of lines) {
      const run = speak(t, ['sh', '-c', line], folder);
      t.equal(await within(20_000, line, run.exited), 0, line);
      t.not(run.text() + run.errors(), '', `${line} prints something`);
    }
    demo.stop();
    t.equal(await within(40_000, 'the end of the demo', demo.exited), 0);
  });
});

t.test('a request is proxied, a fresh one is a hit, each has one record', { skip: skipReason }, async (t) => {
  const body = patternBody(1024);
  const origin = await startCountingOrigin(t, {
    '/cached': (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=600' }).end(body);
    },
    '/plain': (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end(body);
    },
  });
  const parapet = await startParapet(t, siteConfig(origin.address));
  const client = await RawClient.connect(parapet.listener());
  t.teardown(() => client.destroy());

  const miss = await client.request('/cached?a=1');
  const hit = await client.request('/cached?a=1');
  const plain = await client.request('/plain', { fields: { 'User-Agent': 'gate-1' } });
  for (const answer of [miss, hit, plain]) {
    t.equal(answer.status, 200);
    t.ok(answer.body.equals(body));
    t.match(answer.field('parapet-ray'), /^[0-9a-f]{16}$/);
    t.match(answer.field('Via'), /1\.1/);
  }
  t.match(miss.field('Cache-Status'), /^parapet; fwd=uri-miss.*stored/);
  t.match(hit.field('Cache-Status'), /^parapet; hit/);
  t.match(plain.field('Cache-Status'), /^parapet; fwd=/);
  t.equal(origin.count('/cached'), 1, 'the hit did not reach the origin');

  const hitRecord = await waitRecord(parapet.recordsFile, hit.field('parapet-ray'));
  t.match(hitRecord, {
    ClientRequestMethod: 'GET',
    ClientRequestHost: 'site.test',
    ClientRequestPath: '/cached',
    ClientRequestURI: '/cached?a=1',
    ClientIP: '127.0.0.1',
    EdgeResponseStatus: 200,
    EdgeResponseBodyBytes: 1024,
    CacheCacheStatus: 'hit',
    OriginResponseStatus: 0,
  });
  const plainRecord = await waitRecord(parapet.recordsFile, plain.field('parapet-ray'));
  t.match(plainRecord, { OriginResponseStatus: 200, ClientRequestUserAgent: 'gate-1' });
});

t.test('as many records as requests, every ray id once', { skip: skipReason }, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  const lanes = 10;
  const each = 40;
  const rays: string[] = [];
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const client = await RawClient.connect(parapet.listener());
      for (let turn = 0; turn < each; turn += 1) {
        const method = turn % 5 === 4 ? 'HEAD' : 'GET';
        rays.push((await client.request(`/${lane % 3}/${turn % 4}`, { method })).field('parapet-ray') ?? '');
      }
      // One that is refused: it reached the door, so that it has a record too.
      rays.push(
        (await client.request('/refused', { fields: { 'Bad Name': 'x' } })).field('parapet-ray') ?? '',
      );
      client.destroy();
    }),
  );
  t.equal((await parapet.stop()).code, 0);
  const records = await readRecords(parapet.recordsFile);
  t.equal(records.length, lanes * (each + 1));
  t.same(new Set(records.map(({ RayID }) => RayID)), new Set(rays));
  t.equal(new Set(rays).size, rays.length);
  t.equal(records.filter(({ EdgeResponseStatus }) => EdgeResponseStatus === 400).length, lanes);
});

const kills = scaled(10, 100);

/** Kills the child, or both, again and again while the load runs; every second kill takes the supervisor along. */
async function killUnderLoad(
  t: Test,
  first: Parapet,
  load: Load,
  config: ReturnType<typeof siteConfig>,
): Promise<Parapet> {
  let parapet = first;
  for (let kill = 0; kill < kills; kill += 1) {
    // Not before the new life serves, and at a moment that differs from kill to kill.
    await within(30_000, `load after kill ${kill}`, load.more(50 + ((kill * 37) % 400)));
    if (kill % 2 === 0) {
      const child = await parapet.child();
      process.kill(child, 'SIGKILL');
      await parapet.child(child);
    } else {
      load.pause();
      await parapet.killBoth();
      parapet = await startParapet(t, config, { folder: parapet.folder });
      load.resume();
    }
  }
  await within(30_000, 'load after the last kill', load.more(200));
  return parapet;
}

t.test(
  `${kills} kills under load: every response received whole has a record`,
  { skip: skipReason, timeout: patience(isFull ? 800_000 : 100_000) },
  async (t) => {
    const bodies = [patternBody(1024), patternBody(16 * 1024)];
    const origin = await startCountingOrigin(t);
    origin.fallback = (request, response) => {
      const index = request.url?.includes('large') ? 1 : 0;
      const caching = request.url?.includes('cached') ? 'max-age=600' : 'no-store';
      response.writeHead(200, { 'Cache-Control': caching }).end(bodies[index]);
    };
    // Every life must come up where the clients look for it.
    const { host, port } = await freeAddress();
    const config = siteConfig(origin.address, { listeners: [{ address: `${host}:${port}` }] });
    const first = await startParapet(t, config);
    const load = new Load({
      address: first.listener(),
      connections: isSanitized ? 4 : 16,
      targets: [
        { path: '/cached', body: bodies[0] as Buffer },
        { path: '/plain', body: bodies[0] as Buffer },
        { path: '/cached-large', body: bodies[1] as Buffer },
      ],
    });
    t.teardown(() => load.stop());
    const last = await killUnderLoad(t, first, load, config);
    await load.stop();
    t.equal((await last.stop()).code, 0);
    t.same(load.faults, []);

    // What the last life had no time to deliver is delivered by the next.
    const after = await startParapet(t, config, { folder: last.folder });
    let missing: string[] = [];
    await until(30_000, 'every ray id in the file', async () => {
      const counts = await countRays(after.recordsFile);
      missing = [...load.rays].filter((ray) => !counts.has(ray));
      return missing.length === 0 ? true : undefined;
    }).catch((error: unknown) => t.comment(String(error)));
    const counts = await countRays(after.recordsFile);
    const repeats = [...counts.values()].filter((count) => count > 1).length;
    t.comment(
      `${kills} kills, ${load.rays.size} responses received whole, ${counts.size} records, ${repeats} repeated, ${load.broken} connections broken, statuses ${JSON.stringify([...load.statuses])}`,
    );
    t.ok(load.rays.size > kills * 50, 'the load was real');
    t.equal(missing.length, 0, `records missing for ${missing.slice(0, 5).join(' ')}`);
  },
);

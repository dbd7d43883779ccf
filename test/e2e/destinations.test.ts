/** Destinations of a running Parapet whose proxy is killed: every response has its line, once, over rotations too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { Ingest } from '../logs/sinks/ingest.ts';
import { type ConfigObject, siteConfig } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import { type Parapet, skipReason, startParapet } from '../support/parapet.ts';
import { fetchOnce } from '../support/raw-client.ts';
import { patience } from '../support/scale.ts';
import { until } from '../support/within.ts';

t.setTimeout(patience(120_000));
const options = { skip: skipReason, timeout: patience(100_000) };

async function start(t: Test, destination: ConfigObject): Promise<Parapet> {
  const origin = await startCountingOrigin(t);
  const job = { name: 'access', destination, output: { field_names: ['RayID', 'ClientRequestPath'] } };
  const jobs = [{ ...job, batch: { max_interval: 0.02 } }];
  return await startParapet(t, siteConfig(origin.address, { logs: { directory: 'var/log', jobs } }));
}

/** Asks until so many were answered whole, and kills the proxy now and then. Rays of the answers. */
async function askAndKill(parapet: Parapet, count: number, kills: number): Promise<string[]> {
  const rays: string[] = [];
  let killed = 0;
  while (rays.length < count) {
    if (rays.length > ((killed + 1) * count) / (kills + 1)) {
      killed += 1;
      const child = await parapet.child();
      process.kill(child, 'SIGKILL');
      await parapet.child(child);
    }
    try {
      const answer = await fetchOnce(parapet.listener(), `/${rays.length}`);
      rays.push(answer.field('parapet-ray') ?? '');
    } catch {
      // It was under way when the proxy was killed.
    }
  }
  return rays;
}

function countRays(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { RayID } = JSON.parse(line) as { RayID: string };
    counts.set(RayID, (counts.get(RayID) ?? 0) + 1);
  }
  return counts;
}

for (const compression of ['none', 'gzip']) {
  await t.test(`a file that is rotated all the time, ${compression}`, options, async (t) => {
    const rotate = { max_bytes: compression === 'none' ? 1500 : 400 };
    const parapet = await start(t, { type: 'file', path: 'out/requests.ndjson', rotate, compression });
    const rays = await askAndKill(parapet, 300, 2);
    t.same(await parapet.stop(), { code: 0, signal: null });
    const folder = join(parapet.folder, 'out');
    const names = readdirSync(folder);
    t.ok(names.length > 1, `${names.length} files`);
    const texts = names.map((name) => {
      const bytes = readFileSync(join(folder, name));
      return bytes.length === 0 || compression === 'none' ? bytes.toString() : gunzipSync(bytes).toString();
    });
    const counts = countRays(texts.join(''));
    for (const ray of rays) if (counts.get(ray) !== 1) t.equal(counts.get(ray), 1, ray);
    t.equal(rays.length, 300);
  });
}

await t.test('a server that fails now and then, and that knows a batch by its key', options, async (t) => {
  const ingest = await Ingest.start(t);
  let asked = 0;
  ingest.script = [
    (request, response, taken) => {
      asked += 1;
      // The first one fails whatever the number of batches, so that something always comes again.
      if (asked % 5 === 1) return response.writeHead(503).end('not now');
      if (asked % 5 === 2) return request.socket.resetAndDestroy();
      // Taken, but the answer is lost: it comes again with the same key.
      if (asked % 5 === 3) return ingest.lose(request, taken);
      return ingest.accept(response, taken);
    },
  ];
  const parapet = await start(t, { type: 'http', url: ingest.url, compression: 'zstd' });
  const rays = await askAndKill(parapet, 300, 2);
  const last = rays.at(-1) ?? '';
  await until(60_000, 'the last record', () => (ingest.delivered.includes(last) ? true : undefined));
  t.same(await parapet.stop(), { code: 0, signal: null });
  const counts = countRays(ingest.delivered);
  for (const ray of rays) if (counts.get(ray) !== 1) t.equal(counts.get(ray), 1, ray);
  const ids = new Set(ingest.asked.map(({ id }) => id));
  t.ok(ids.size < ingest.asked.length, 'some were sent again');
  for (const id of ids) {
    const texts = new Set(ingest.asked.filter((taken) => taken.id === id).map(({ text }) => text));
    t.equal(texts.size, 1, 'with the same bytes');
  }
});

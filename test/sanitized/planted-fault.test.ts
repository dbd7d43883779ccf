/**
 * The sanitizer build is itself checked. Built with PARAPET_PLANT_OFF_BY_ONE, the engine takes the byte behind a full
 * buffer for room: a whole Parapet on that build must be ended by AddressSanitizer, and say so, when a request arrives
 * in the two pieces that reach it. The same pieces do no harm to the build without the fault.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { siteConfig } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import { type Parapet, repository, startParapet } from '../support/parapet.ts';
import { RawClient } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/within.ts';

/** The smallest slab of the arena: the first piece of the head fills it, the second is one byte. */
const slabBytes = 1024;
const planted = process.env['PARAPET_ADDON'] ?? '';
const skip = planted.includes('PARAPET_PLANT_OFF_BY_ONE')
  ? false
  : 'runs on the build with the planted fault';

interface Life {
  parapet: Parapet;
  child: number;
  reports: () => string;
}

async function start(t: Test, addon: string): Promise<Life> {
  const origin = await startCountingOrigin(t);
  const folder = temporaryFolder(t);
  const options = `${process.env['ASAN_OPTIONS'] ?? ''}:log_path=${join(folder, 'report')}`;
  // One worker: the answer to another client then tells that it has read what came before.
  const parapet = await startParapet(t, siteConfig(origin.address, { workers: 1 }), {
    folder,
    env: { PARAPET_ADDON: addon, ASAN_OPTIONS: options },
  });
  const reports = (): string =>
    readdirSync(folder)
      .filter((name) => name.startsWith('report'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
  return { parapet, child: await parapet.child(), reports };
}

/** Sends a head whose first piece fills a slab; answers the client after the byte that is too much has been sent. */
async function overfill(t: Test, parapet: Parapet): Promise<RawClient> {
  const client = await RawClient.connect(parapet.listener());
  t.teardown(() => client.destroy());
  const begin = 'GET /whole HTTP/1.1\r\nHost: site.test\r\nFiller: ';
  await client.write(begin + 'x'.repeat(slabBytes - begin.length));
  const other = await RawClient.connect(parapet.listener());
  t.equal((await other.request('/other')).status, 200);
  other.destroy();
  await client.write('x');
  return client;
}

t.test('a byte behind a full buffer is caught', { skip }, async (t) => {
  const { parapet, child, reports } = await start(t, planted);
  await overfill(t, parapet);
  const report = await until(20_000, 'a report', () =>
    reports().includes('SUMMARY: AddressSanitizer') ? reports() : undefined,
  );
  t.match(report, /ERROR: AddressSanitizer: use-after-poison/);
  t.match(report, /WRITE of size 1/);
  t.match(report, /Engine::append/);
  await until(20_000, 'word of the end', () => (/SIGABRT/.test(parapet.stderr) ? true : undefined));
  t.not(await parapet.child(child), child, 'another child serves');
});

t.test('the same bytes do no harm without the fault', { skip }, async (t) => {
  const { parapet, child, reports } = await start(t, join(repository, 'build/asan/parapet.node'));
  const client = await overfill(t, parapet);
  await client.write('\r\n\r\n');
  t.equal((await client.read()).status, 200);
  t.equal((await parapet.stop()).code, 0);
  t.equal(reports(), '');
  t.notMatch(parapet.stderr, /SIGABRT|is started again/);
  t.ok(child > 0);
});

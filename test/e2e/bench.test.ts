/** The benchmark is a test first: its tiny form checks answers and counts records, and measures nothing. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { missing } from '../../bench/support/machine.ts';
import { hasTls } from '../../bench/support/parapet.ts';
import { rows as rowsOf } from '../../bench/support/rows.ts';
import { repository, skipReason } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';
import { temporaryFolder } from '../support/temp.ts';

const lacking = missing(['nginx', 'taskset', 'openssl'])[0];
const expected = rowsOf.filter(({ isTls }) => !isTls || hasTls).map(({ name }) => name);

t.test('npm run bench -- --tiny', { skip: skipReason || lacking || false }, async (t) => {
  const out = temporaryFolder(t);
  const args = [join(repository, 'bench/run.ts'), '--tiny', `--out=${out}`];
  const { output, failed } = await new Promise<{ output: string; failed: boolean }>((resolve) => {
    execFile(process.execPath, args, { timeout: patience(60_000) }, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, failed: error !== null });
    });
  });
  t.notOk(failed, output);
  const { rows } = JSON.parse(readFileSync(join(out, 'latest.json'), 'utf8')) as {
    rows: { name: string; medians: Record<string, { records: number; requests: number }> }[];
  };
  t.same(
    rows.map(({ name }) => name),
    expected,
  );
  t.ok(expected.length >= 6, `${expected.length} rows`);
  for (const { medians } of rows) {
    for (const name of ['nginx', 'parapet']) t.match(medians[name], { records: 200, requests: 200 });
  }
});

t.test('node bench/cache-traces.ts --tiny: the store hits more than LRU', { skip: skipReason }, async (t) => {
  const out = temporaryFolder(t);
  const args = [join(repository, 'bench/cache-traces.ts'), '--tiny', `--out=${out}`];
  const { output, failed } = await new Promise<{ output: string; failed: boolean }>((resolve) => {
    execFile(process.execPath, args, { timeout: patience(120_000) }, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, failed: error !== null });
    });
  });
  t.notOk(failed, output);
  interface Ratio {
    objects: number;
    bytes: number;
  }
  const { traces } = JSON.parse(readFileSync(join(out, 'cache-traces.json'), 'utf8')) as {
    traces: { trace: string; refused: number; store: Ratio; lru: Ratio }[];
  };
  t.ok(traces.length >= 9, `${traces.length} traces`);
  for (const { trace, store, lru } of traces)
    t.ok(store.objects > lru.objects, `${trace}: ${store.objects} against ${lru.objects}`);
});

t.test(
  'npm run bench:autocannon ends by itself, and tells what it measured',
  { skip: skipReason },
  async (t) => {
    const args = [join(repository, 'bench/autocannon.ts'), '-d', '1', '-c', '2'];
    const output = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, args, { timeout: patience(40_000) }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout + stderr);
        else reject(new Error(stdout + stderr));
      });
    });
    t.match(
      output,
      /Node v24[^]*one worker, hit, 1 KiB[^]*2 connections[^]*Latency[^]* ms [^]*requests in [\d.]+s/,
    );
  },
);

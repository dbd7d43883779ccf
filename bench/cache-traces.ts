/**
 * Hit ratios of the store on traces that `cache/trace.h` makes, beside models of other caches with the same budget:
 * `node bench/cache-traces.ts`, a minute of one core. See README.md here. `--tiny` replays short traces, for the tests.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machineLine } from './support/machine.ts';

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    requests: { type: 'string', default: '1000000' },
    name: { type: 'string', default: 'cache-traces' },
    out: { type: 'string' },
  },
});

interface Ratios {
  objects: number;
  bytes: number;
}

interface Replayed extends Record<'store' | 'lru' | 's3fifo' | 'tinylfu', Ratios> {
  trace: string;
  budgetMiB: number;
  /** Share of the budget that was in use at the end. */
  used: number;
  /** Responses that found no room. */
  refused: number;
}

const native = resolve(import.meta.dirname, '../native');
const caches = ['store', 'lru', 's3fifo', 'tinylfu'] as const;

function replay(folder: string): Replayed[] {
  const store = join(native, 'core/store');
  const sources = readdirSync(store).filter((file) => file.endsWith('.cc'));
  const program = join(folder, 'replay');
  const compiler = process.env['CXX'] ?? 'g++';
  execFileSync(compiler, [
    '-O2',
    '-std=c++20',
    '-fno-rtti',
    '-pthread',
    `-I${native}`,
    join(import.meta.dirname, 'cache/replay.cc'),
    ...sources.map((file) => join(store, file)),
    '-o',
    program,
  ]);
  const args = values.tiny ? ['30000', '16'] : [values.requests];
  const output = execFileSync(program, args, { encoding: 'utf8', timeout: 300_000 });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Replayed);
}

const percent = (ratio: number) => (ratio * 100).toFixed(1);

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-traces-'));
  try {
    const traces = replay(folder);
    for (const each of traces) {
      const cells = caches.map(
        (name) => `${name} ${percent(each[name].objects)} / ${percent(each[name].bytes)}`,
      );
      console.log(`${each.trace.padEnd(34)} ${cells.join('   ')}`);
    }
    const out = values.out ?? join(import.meta.dirname, 'results');
    mkdirSync(out, { recursive: true });
    const file = join(out, `${values.name}.json`);
    const requests = values.tiny ? 30_000 : Number(values.requests);
    const kept = { at: new Date().toISOString(), machine: machineLine(), requests, traces };
    writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
    console.log(`kept in ${file}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();

/**
 * Load with live progress, for watching rather than for figures: `npm run bench:autocannon -- [autocannon options] [URL]`.
 * Without a URL a Parapet is started in front of a small origin, and a 1 KiB hit is asked for.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLine } from './support/machine.ts';
import { startSubject } from './support/parapet.ts';
import { rows } from './support/rows.ts';

const args = process.argv.slice(2);

/** Bounded by itself: 64 connections for ten seconds, unless the arguments say otherwise. */
const defaults: readonly [long: string, short: string, value: string][] = [
  ['--connections', '-c', '64'],
  ['--duration', '-d', '10'],
];

function withDefaults(given: readonly string[]): string[] {
  const isGiven = (name: string) => given.some((arg) => arg === name || arg.startsWith(`${name}=`));
  // A number of requests is a bound too.
  const missing = defaults.filter(
    ([long, short]) =>
      !isGiven(long) && !isGiven(short) && !(short === '-d' && (isGiven('-a') || isGiven('--amount'))),
  );
  return [...missing.flatMap(([, short, value]) => [short, value]), ...given];
}

async function autocannon(words: string[]): Promise<number> {
  const program = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
  const child = spawn(process.execPath, [program, ...withDefaults(words)], { stdio: 'inherit' });
  return await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

async function withParapet(): Promise<number> {
  const [row] = rows;
  if (row === undefined) throw new Error('no rows');
  const origin = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': row.caching }).end(row.body);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
  try {
    const parapet = await startSubject(folder, (origin.address() as AddressInfo).port, undefined);
    try {
      const { host, port } = parapet.address;
      console.log(
        `${machineLine()}\nParapet with one worker, ${row.title}; autocannon and Parapet share the cores of this machine`,
      );
      return await autocannon([...args, `http://${host}:${port}/${row.resource}`]);
    } finally {
      await parapet.stop();
    }
  } finally {
    origin.closeAllConnections();
    origin.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = args.some((arg) => /^https?:/.test(arg)) ? await autocannon(args) : await withParapet();

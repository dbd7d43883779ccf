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
import { startSubject } from './support/parapet.ts';
import { rows } from './support/rows.ts';

const args = process.argv.slice(2);

async function autocannon(words: string[]): Promise<number> {
  const program = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
  const child = spawn(process.execPath, [program, ...words], { stdio: 'inherit' });
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
      return await autocannon(['-c', '64', '-d', '10', ...args, `http://${host}:${port}/${row.name}`]);
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

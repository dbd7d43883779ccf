/** The certificate of the demo: made on its first run, for this machine alone, and made again when it is about to expire. */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { loadBinding } from '../engine/native/binding.ts';
import type { Clock } from '../lib/clock.ts';

const names = ['localhost', '127.0.0.1', '::1'];
const days = 365;
const dayMs = 86_400_000;

/** Where the demo's config names them. */
export function demoCertificate(configFile: string): { cert: string; key: string } {
  const folder = join(dirname(resolve(configFile)), '../var/demo/tls');
  return { cert: join(folder, 'localhost.crt'), key: join(folder, 'localhost.key') };
}

function isGood(path: string, nowMs: number): boolean {
  try {
    return Date.parse(new X509Certificate(readFileSync(path)).validTo) > nowMs + dayMs;
  } catch {
    return false;
  }
}

/** Written beside its place and moved there, so that nobody reads half of it. */
function write(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}

export function ensureDemoCertificate(configFile: string, clock: Clock): void {
  const { cert, key } = demoCertificate(configFile);
  if (existsSync(key) && isGood(cert, clock.nowMs())) return;
  const made = loadBinding().makeCertificate(names, days);
  mkdirSync(dirname(key), { recursive: true, mode: 0o700 });
  write(key, made.key, 0o600);
  write(cert, made.certificate, 0o644);
}

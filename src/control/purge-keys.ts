/**
 * The keys that a URL is stored under: its own, and those that the rules and settings of its zone make of it. The policy of a worker
 * decides them, as for `explain`, for a GET without further fields.
 */
import type { Configuration } from './configuration.ts';
import { rehearse } from './explain.ts';
import { primaryKey, type RequestUrl } from './request-url.ts';

/** First byte of what extends a URL's key is below this: see `src/cache/key.ts`. */
const extensionBelow = 0x20;
const siteBytes = 5;
const colon = 0x3a;

export function keysOf(
  configuration: Configuration,
  url: RequestUrl,
  zone: number,
  nowMs: number,
): Uint8Array[] {
  const { zones } = configuration.compiled.tables;
  const own = primaryKey(zones.keys[zone] as number, url);
  const decided = decidedKeys(configuration, url, zone, nowMs).map(urlPart);
  const others = decided.filter((key) => Buffer.compare(key, own) !== 0);
  const keys: Uint8Array[] = [];
  for (const key of [own, ...others]) keys.push(key, ...withDot(key, url.host));
  return keys;
}

/** The same key for a host that is written with a dot at its end. */
function withDot(key: Uint8Array, host: string): Uint8Array[] {
  const end = siteBytes + host.length;
  const isOfHost = Buffer.from(key.subarray(siteBytes, end)).toString('latin1') === host;
  if (!isOfHost || (key[end] !== 0 && key[end] !== colon)) return [];
  return [Buffer.concat([key.subarray(0, end), Buffer.from('.'), key.subarray(end)])];
}

function decidedKeys(configuration: Configuration, url: RequestUrl, zone: number, nowMs: number): Buffer[] {
  const request = { method: 'GET', fields: [], ip: '192.0.2.1' };
  const { rehearsal, policy } = rehearse(configuration, url, zone, request, nowMs);
  rehearsal.request(() => policy.onBatch());
  return rehearsal.keys;
}

/** Without what request fields add: a purge reaches all that extends the URL's key. */
function urlPart(key: Buffer): Buffer {
  const path = key.indexOf(0, siteBytes) + 1;
  const end = key.subarray(path).findIndex((byte) => byte < extensionBelow);
  return path === 0 || end === -1 ? key : key.subarray(0, path + end);
}

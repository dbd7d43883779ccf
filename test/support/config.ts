/**
 * Configs for tests, as objects that are written as YAML. One place knows the names of the keys that the tests turn,
 * so that a test says what it wants and no more.
 */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { Address } from './raw-client.ts';

export type ConfigValue =
  | string
  | number
  | boolean
  | null
  | readonly ConfigValue[]
  | { [key: string]: ConfigValue | undefined };
export type ConfigObject = { [key: string]: ConfigValue | undefined };

function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` laid upon `base`: objects are joined, anything else is replaced; undefined removes. */
export function merge(base: ConfigObject, over: ConfigObject): ConfigObject {
  const result: ConfigObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    if (value === undefined) delete result[key];
    else result[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return result;
}

export const recordsPath = 'var/log/http_requests.ndjson';

export function url(address: Address): string {
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** A catch-all zone in front of one origin, with records in a file and two workers. */
export function siteConfig(origin: Address, over: ConfigObject = {}): ConfigObject {
  const base: ConfigObject = {
    listeners: [{ address: '127.0.0.1:0' }],
    origins: { site: { servers: [{ url: url(origin) }] } },
    zones: [{ name: 'site', hosts: ['*'], origin: 'site', cache: { mode: 'standard' } }],
    logs: {
      directory: 'var/log',
      jobs: [{ name: 'access', dataset: 'http_requests', destination: { type: 'file', path: recordsPath } }],
    },
    admin: { address: '127.0.0.1:0' },
    workers: 2,
    engine: 'native',
  };
  return merge(base, over);
}

export function writeConfig(path: string, config: ConfigObject | string): void {
  writeFileSync(path, typeof config === 'string' ? config : stringify(config));
}

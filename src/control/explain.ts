/** What would be decided for a request, phase by phase, as far as it can be said without asking store or origin. */
import { extname } from 'node:path/posix';
import { keyExtendingNames } from '../engine/contract.ts';
import type { Configuration } from './configuration.ts';
import { parseRequestUrl, type RequestUrl } from './request-url.ts';
import { zoneOf } from './zone-of.ts';

export interface ExplainedRequest {
  method: string;
  url: string;
  /** Names in lower case. */
  fields: readonly (readonly [name: string, value: string])[];
  ip: string;
}

export interface ExplainedPhase {
  phase: 'door' | 'zone' | 'cache' | 'origin';
  decision: string;
  detail: Readonly<Record<string, unknown>>;
}

/** The phases up to the one that answers. A message where the URL is none. */
export function explain(configuration: Configuration, request: ExplainedRequest): ExplainedPhase[] | string {
  const url = parseRequestUrl(request.url);
  if (url === undefined) return `"${request.url}" is not an absolute http or https URL`;
  if (request.method === 'TRACE' || request.method === 'CONNECT') {
    return [{ phase: 'door', decision: 'answered with 405', detail: { reason: 'method_not_allowed' } }];
  }
  const { zones } = configuration.compiled.tables;
  const index = zoneOf(zones, url.host);
  const door: ExplainedPhase = {
    phase: 'door',
    decision: 'goes on',
    detail: { method: request.method, ip: request.ip },
  };
  const zone = configuration.config.zones[index];
  if (zone === undefined) {
    return [
      door,
      { phase: 'zone', decision: 'answered with 421', detail: { host: url.host, reason: 'no_zone' } },
    ];
  }
  return [
    door,
    { phase: 'zone', decision: zone.name, detail: { host: url.host, hosts: zone.hosts } },
    explainCache(zone, request, url),
    explainOrigin(configuration, zone.origin, url),
  ];
}

type Zone = Configuration['config']['zones'][number];

function explainCache(zone: Zone, request: ExplainedRequest, url: RequestUrl): ExplainedPhase {
  const decision = eligibility(zone, request, url);
  const key = {
    zone: zone.name,
    scheme: url.isTls ? 'https' : 'http',
    host: authority(url),
    target: target(url),
    ...Object.fromEntries(extensions(request)),
  };
  return { phase: 'cache', decision, detail: { mode: zone.cache.mode, key } };
}

function eligibility(zone: Zone, { method }: ExplainedRequest, url: RequestUrl): string {
  if (zone.cache.mode === 'off') return 'not looked up: caching is off';
  if (method !== 'GET' && method !== 'HEAD') return `not looked up: ${method} is not stored`;
  const extension = extname(url.path).slice(1).toLowerCase();
  const isListed = url.path === '/robots.txt' || zone.cache.extensions.includes(extension);
  if (zone.cache.mode === 'cdn' && !isListed)
    return 'not looked up: the extension is not in the list of mode cdn';
  return 'looked up under the key; fetched and perhaps stored where there is nothing fresh';
}

/** Request fields that are part of the key by default. */
function extensions({ fields }: ExplainedRequest): [string, string][] {
  return keyExtendingNames.flatMap((name) => {
    const values = fields.filter(([key]) => key === name).map(([, value]) => value);
    const isPlain = name === 'x-forwarded-scheme' && /^https?$/i.test(values[0] ?? '');
    return values.length === 0 || isPlain ? [] : [[name, values.join(',')]];
  });
}

function explainOrigin({ config, compiled }: Configuration, name: string, url: RequestUrl): ExplainedPhase {
  const origin = config.origins[name];
  const settings = compiled.policy.origins.find((one) => one.name === name);
  const servers = (origin?.servers ?? []).map((server, index) => ({
    url: server.url,
    host: settings?.servers[index]?.hostHeader || authority(url),
  }));
  return {
    phase: 'origin',
    decision: name,
    detail: { balance: origin?.balance, servers, target: target(url) },
  };
}

const authority = ({ host, port }: RequestUrl) => (port === 0 ? host : `${host}:${port}`);
const target = ({ path, query }: RequestUrl) => (query === undefined ? path : `${path}?${query}`);

export function formatExplained(phases: readonly ExplainedPhase[]): string {
  const lines: string[] = [];
  for (const { phase, decision, detail } of phases) {
    lines.push(`${phase.padEnd(8)}${decision}`);
    for (const [key, value] of Object.entries(detail)) lines.push(...formatDetail(key, value));
  }
  return `${lines.join('\n')}\n`;
}

function formatDetail(key: string, value: unknown): string[] {
  const indent = ' '.repeat(8);
  if (Array.isArray(value) && typeof value[0] === 'object')
    return value.flatMap((one) => formatDetail(key.replace(/s$/, ''), one));
  if (Array.isArray(value)) return [`${indent}${key}: ${value.join(', ')}`];
  if (typeof value !== 'object' || value === null) return [`${indent}${key}: ${String(value)}`];
  const parts = Object.entries(value).map(([name, inner]) => `${name}=${String(inner)}`);
  return [`${indent}${key}: ${parts.join(' ')}`];
}

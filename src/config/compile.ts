/**
 * From a checked config to what the threads work by: the policy's snapshot, the engine's tables, the listeners to open
 * and the names to resolve. Pure: the same config and ids give the same result.
 */
import {
  type EnginePages,
  type EngineServer,
  type EngineServerTls,
  type EngineTables,
  type EngineTlsListener,
  type EngineZones,
  serverFields,
} from '../engine/native/binding.ts';
import { isUnspecified, parseAddress } from '../lib/address.ts';
import { type OriginUrl, parseOriginUrl } from '../lib/origin-url.ts';
import {
  defaultPolicyLimits,
  type OriginSettings,
  type PolicySnapshot,
  type ZoneSnapshot,
} from '../pipeline/protocol.ts';
import { type CompiledRules, noRules } from './check/rules.ts';
import type { Config } from './schema.ts';
import { noTls, type OriginTls, type ReadTls } from './tls.ts';

/**
 * Numbers given so far. They stay with a name while the process lives, so that pools, stored responses and listeners
 * outlive a reload; a refused reload leaves them as they were.
 */
export interface Ids {
  snapshot: number;
  zones: ReadonlyMap<string, number>;
  servers: ReadonlyMap<string, number>;
  listeners: ReadonlyMap<string, number>;
}
export const noIds: Ids = { snapshot: 0, zones: new Map(), servers: new Map(), listeners: new Map() };

export interface CompiledListener {
  id: number;
  /** Names it over reloads: its address, and which one of several with that address it is. */
  key: string;
  /** As configured; with port 0 the system chooses one. */
  address: string;
  host: string;
  port: number;
  backlog: number;
}

/** A server whose host is a name. */
export interface NamedServer {
  id: number;
  origin: string;
  host: string;
  port: number;
  family: 'any' | 'ipv4' | 'ipv6';
}

export interface Compiled {
  policy: PolicySnapshot;
  /** Servers by name have no addresses yet. */
  tables: EngineTables;
  listeners: CompiledListener[];
  names: NamedServer[];
}

export function compile(
  config: Config,
  before: Ids,
  options: {
    testFaults: boolean;
    pages?: EnginePages;
    rules?: CompiledRules;
    tls?: ReadTls;
    geo?: readonly SharedArrayBuffer[];
  },
): { compiled: Compiled; ids: Ids } {
  const ids = {
    snapshot: before.snapshot + 1,
    zones: new Map(before.zones),
    servers: new Map(before.servers),
    listeners: new Map(before.listeners),
  };
  const { rules = noRules, tls = noTls } = options;
  const { origins, servers, names } = compileOrigins(config, tls, ids.servers);
  const listeners = compileListeners(config, ids.listeners);
  const zones = compileZones(config, rules, ids.zones);
  const rulesets = [rules.shared, ...rules.zones].filter((one) => one !== undefined);
  const policy: PolicySnapshot = {
    id: ids.snapshot,
    listeners: listeners.map(({ id, host, port }) => ({
      id,
      address: isUnspecified(host) ? '' : host,
      port,
    })),
    zones,
    rulesets,
    origins,
    trustedProxies: config.trusted_proxies,
    geo: options.geo ?? [],
    limits: defaultPolicyLimits,
    testFaults: options.testFaults,
  };
  const tables: EngineTables = {
    limits: { ...config.limits },
    timeouts: { ...config.timeouts, drainMs: config.drainMs },
    zones: zoneTable(config, zones),
    servers,
    tls: { listeners: tlsListeners(config, tls, listeners), trusts: tls.trusts },
    errorPages: options.pages ?? { pages: [], choices: [] },
    serverField: serverFields.indexOf(config.server_header),
  };
  return { compiled: { policy, tables, listeners, names }, ids };
}

/** The number that a key has, or the next free one. */
function numberOf(numbers: Map<string, number>, key: string): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  const next = numbers.size + 1;
  numbers.set(key, next);
  return next;
}

/** Tells apart entries of one config that are written alike (two servers with one URL, two listeners on port 0). */
function counter(): (key: string) => string {
  const seen = new Map<string, number>();
  return (key) => {
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return `${key} ${nth}`;
  };
}

function compileListeners(config: Config, numbers: Map<string, number>): CompiledListener[] {
  const distinct = counter();
  return config.listeners.map(({ address, backlog }) => {
    const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
    const key = distinct(address);
    return { id: numberOf(numbers, key), key, address, host, port, backlog };
  });
}

/** A ticket is opened by the key that sealed it for two more of its periods; one lives a week at most (RFC 8446 4.6.1). */
const ticketPeriods = 2;
const ticketSecondsMax = 604_800;

function tlsListeners(
  config: Config,
  tls: ReadTls,
  listeners: readonly CompiledListener[],
): EngineTlsListener[] {
  return config.listeners.flatMap((listener, index) => {
    const { id, address } = listeners[index] as CompiledListener;
    if (listener.tls === undefined) return [];
    return {
      id,
      address,
      onlyTls13: listener.tls.minVersion === 'TLSv1.3',
      sessionSeconds: Math.min(ticketSecondsMax, ticketPeriods * config.tls.ticketKeySeconds),
      certificates: tls.certificates.get(index) ?? [],
    };
  });
}

function compileOrigins(config: Config, tls: ReadTls, numbers: Map<string, number>) {
  const origins: OriginSettings[] = [];
  const servers: EngineServer[] = [];
  const names: NamedServer[] = [];
  for (const [name, origin] of Object.entries(config.origins)) {
    const distinct = counter();
    const ofOrigin: { id: number; hostHeader: string }[] = [];
    for (const server of origin.servers) {
      const url = parseOriginUrl(server.url) as OriginUrl;
      const secure = url.scheme === 'https' ? tls.origins.get(name) : undefined;
      const mark = secure === undefined ? '' : ` ${secure.fingerprint}`;
      const id = numberOf(numbers, `${name} ${distinct(server.url)}${mark}`);
      servers.push({
        ...engineServer(id, url, origin, server.max_connections),
        ...(secure && { tls: serverTls(secure, url) }),
      });
      if (!url.isLiteral)
        names.push({ id, origin: name, host: url.host, port: url.port, family: origin.dns.family });
      ofOrigin.push({ id, hostHeader: hostHeader(origin.host_header, url) });
    }
    origins.push({
      name,
      servers: ofOrigin,
      balance: origin.balance,
      retriesMax: origin.retry.retriesMax,
      firstByteMs: origin.timeouts.firstByteMs,
      ejectFailures: origin.ejection.failures,
      ejectMs: origin.ejection.ejectMs,
    });
  }
  return { origins, servers, names };
}

function serverTls({ settings, serverName }: OriginTls, url: OriginUrl): EngineServerTls {
  return { ...settings, serverName: serverName ?? url.host };
}

function hostHeader(setting: string, url: OriginUrl): string {
  if (setting === 'client') return '';
  return setting === 'server' ? url.authority : setting;
}

function engineServer(
  id: number,
  url: OriginUrl,
  origin: Config['origins'][string],
  maxConnections: number,
): EngineServer {
  return {
    id,
    host: url.host,
    port: url.port,
    authority: url.authority,
    addresses: url.isLiteral ? [url.host] : [],
    maxConnections,
    queueMax: origin.queue.exchangesMax,
    queueMs: origin.queue.waitMs,
    ...origin.timeouts,
    idleMax: origin.pool.idleMax,
  };
}

function compileZones(config: Config, rules: CompiledRules, numbers: Map<string, number>): ZoneSnapshot[] {
  const origins = new Map(Object.keys(config.origins).map((name, index) => [name, index]));
  const ofAll = rules.shared === undefined ? [] : [0];
  let rulesets = ofAll.length;
  return config.zones.map((zone, index) => {
    const own = rules.zones[index] === undefined ? [] : [rulesets];
    rulesets += own.length;
    return {
      name: zone.name,
      key: numberOf(numbers, zone.name),
      origin: origins.get(zone.origin) ?? 0,
      // A slice is an object like others.
      cache: { ...zone.cache, sliceBytes: Math.min(zone.cache.sliceBytes, config.store.objectBytesMax) },
      rulesets: [...ofAll, ...own],
    };
  });
}

function zoneTable(config: Config, zones: readonly ZoneSnapshot[]): EngineZones {
  const table: EngineZones = {
    names: zones.map(({ name }) => name),
    keys: zones.map(({ key }) => key),
    exact: [],
    wildcard: [],
    catchAll: -1,
  };
  for (const [index, { hosts }] of config.zones.entries()) {
    for (const host of hosts) {
      if (host === '*') table.catchAll = index;
      else if (host.startsWith('*.')) table.wildcard.push([host.slice(2), index]);
      else table.exact.push([host, index]);
    }
  }
  return table;
}

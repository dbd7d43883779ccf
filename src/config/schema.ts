/** The whole config as one schema, assembled from the parts that each module describes itself. */
import { adminConfig } from '../admin/config.ts';
import { cacheConfig, storeConfig } from '../cache/config.ts';
import { arenaConfig, limitsConfig, listenerTlsConfig, timeoutsConfig, tlsConfig } from '../engine/config.ts';
import { geoConfig } from '../geo/config.ts';
import { count, list, milliseconds, oneOf, optional, type Static, section, text } from '../lib/schema.ts';
import { logsConfig } from '../logs/config.ts';
import { dnsConfig, originsConfig } from '../origin/config.ts';
import { errorPagesConfig, serverHeaderConfig } from '../pipeline/config.ts';
import { listsConfig, rulesConfig } from '../rules/config.ts';

const listenerConfig = section(
  {
    address: text({
      expected: 'an address such as 127.0.0.1:8080 or [::]:8080',
      description:
        'IP address and port; port 0 takes any free one. `[::]` is IPv6 alone, `0.0.0.0` IPv4 alone.',
    }),
    backlog: count({
      default: 4096,
      minimum: 1,
      maximum: 65535,
      description: 'Connections that the system may hold before they are accepted.',
    }),
    tls: optional(listenerTlsConfig),
  },
  { description: 'One address to accept connections on.' },
);

const zoneConfig = section(
  {
    name: text({ description: 'Name of the zone, in logs and metrics.' }),
    hosts: list(
      text({
        description:
          'A host in lower case, `*.example.com` for all names below it, or `*` for every other host.',
      }),
      {
        minItems: 1,
        description:
          'The hosts of this zone: names without port, `*.example.com` for all names below one, `*` for every other host.',
      },
    ),
    origin: text({ description: 'Name of the origin that its requests go to.' }),
    cache: cacheConfig,
    error_pages: errorPagesConfig,
    rules: rulesConfig('Rules of this zone, by phase; in each phase they run behind those of all zones.'),
  },
  { description: 'Hosts that share settings and an origin.' },
);

const workerConfig = section(
  {
    stallMs: milliseconds({
      default: 10000,
      minimum: 100,
      description: 'A worker whose loop has not turned for this long is replaced.',
    }),
    heapMb: count({
      default: 256,
      minimum: 16,
      maximum: 65536,
      description: 'JavaScript heap of one worker, in MiB; a worker that overruns it is replaced.',
    }),
  },
  { default: {}, description: 'What a worker may use before it is replaced.' },
);

const faultsConfig = section(
  {
    perMinuteMax: count({
      default: 60,
      minimum: 1,
      description: 'Faults of the policy within a minute beyond which a worker is drained and replaced.',
    }),
  },
  {
    default: {},
    description: 'Faults of the policy: each costs one exchange (500), and is logged and counted.',
  },
);

export const configSchema = section(
  {
    listeners: list(listenerConfig, { minItems: 1, description: 'Where clients connect.' }),
    origins: originsConfig,
    zones: list(zoneConfig, { minItems: 1, description: 'Which hosts are served, and how.' }),
    logs: logsConfig,
    admin: optional(adminConfig),
    workers: optional(
      count({
        minimum: 1,
        maximum: 128,
        description: 'Worker threads. Default: one per core. A change needs a restart.',
      }),
    ),
    engine: oneOf(['auto', 'native', 'uws'], {
      default: 'auto',
      description: 'What moves the bytes: `auto` takes the native engine where its addon loads.',
    }),
    user: optional(
      text({
        description:
          'User to run as once the sockets are open; needs a start as root. A change needs a restart.',
      }),
    ),
    trusted_proxies: list(
      text({ expected: 'an address or a prefix such as 10.0.0.0/8', description: 'An address or a prefix.' }),
      {
        default: [],
        description:
          'Addresses of proxies in front of this one, whose X-Forwarded-For and Forwarded are believed.',
      },
    ),
    geo: geoConfig,
    error_pages: errorPagesConfig,
    server_header: serverHeaderConfig,
    limits: limitsConfig,
    timeouts: timeoutsConfig,
    tls: tlsConfig,
    arena: arenaConfig,
    store: storeConfig,
    dns: dnsConfig,
    worker: workerConfig,
    faults: faultsConfig,
    drainMs: milliseconds({ default: 30000, description: 'For exchanges in flight to end after SIGTERM.' }),
    rules: rulesConfig('Rules of all zones, by phase. The phases are listed in the order in which they run.'),
    lists: listsConfig,
  },
  { description: 'Configuration of Parapet.' },
);
/** The config as it is after reading: defaults filled in, bytes as numbers, paths absolute. */
export type Config = Static<typeof configSchema>;
export type ZoneConfig = Config['zones'][number];
export type ListenerConfig = Config['listeners'][number];

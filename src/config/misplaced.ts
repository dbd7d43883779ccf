/** What to say of a key that is not known where it stands: the word of another proxy, or a key of another place. */
import type { SchemaNode } from './normalise.ts';

/** Words of other proxies at the top of a config, and the key that does it here; empty: not yet. */
const otherWords: Readonly<Record<string, string>> = {
  server: 'zones',
  servers: 'zones',
  sites: 'zones',
  virtual_hosts: 'zones',
  vhosts: 'zones',
  frontends: 'listeners and zones',
  backends: 'origins',
  clusters: 'origins',
  upstream: 'origins',
  upstreams: 'origins',
  routes: 'zones',
  locations: 'zones, and rules by path',
  listen: 'listeners',
  bind: 'listeners',
  ports: 'listeners',
  http: 'listeners, origins and zones',
  ssl: 'listeners[].tls',
  certificates: 'listeners[].tls',
  access_log: 'logs.jobs',
  log_format: 'logs.jobs[].output',
  worker_processes: 'workers',
  server_tokens: 'server_header',
  real_ip: 'trusted_proxies',
  resolver: 'dns.servers',
  resolvers: 'dns.servers',
  metrics: 'admin, which serves /metrics',
  health_checks: '',
  gzip: '',
  brotli: '',
  compression: '',
  rate_limits: '',
  plugins: '',
  http2: '',
  acme: '',
};

const placesMax = 3;

function* placesOf(schema: SchemaNode, key: string, place: string): Generator<string> {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (name === key && place !== '' && inner.notYet !== true) yield place;
    yield* placesOf(inner, key, place === '' ? name : `${place}.${name}`);
  }
  for (const inner of Object.values(schema.patternProperties ?? {}))
    yield* placesOf(inner, key, `${place}.*`);
  if (schema.items !== undefined) yield* placesOf(schema.items, key, `${place}[]`);
  for (const inner of schema.oneOf ?? []) yield* placesOf(inner, key, place);
}

export interface Misplaced {
  /** Stands behind "unknown key ...". */
  message?: string;
  expected?: string;
}

/** @param isTop the key stands at the top of the config */
export function misplaced(key: string, isTop: boolean, root: SchemaNode): Misplaced | undefined {
  const word = isTop && Object.hasOwn(otherWords, key) ? otherWords[key] : undefined;
  if (word === '') return { message: ': there is nothing like it yet in this version' };
  if (word !== undefined) return { expected: word };
  if (!isTop && root.properties?.[key]?.notYet === undefined && root.properties?.[key] !== undefined)
    return { message: ': it is a key of the top of the config' };
  const places = [...new Set(placesOf(root, key, ''))];
  if (places.length === 0 || places.length > placesMax) return undefined;
  return { message: `: it is a key of ${places.join(' and of ')}` };
}

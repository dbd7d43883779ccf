/** Config of origins: groups of servers, how one is chosen, and what bounds the connections to them. */
import {
  count,
  flag,
  list,
  milliseconds,
  named,
  oneOf,
  optional,
  path,
  type Static,
  seconds,
  section,
  text,
} from '../lib/schema.ts';
import { balances, defaultOriginSettings } from './protocol.ts';

const serverConfig = section(
  {
    url: text({
      expected: 'a URL such as http://127.0.0.1:9100',
      description:
        'Scheme, host and port of the server: `http://HOST[:PORT]` or `https://HOST[:PORT]`, without a path.',
    }),
    max_connections: count({
      default: 1024,
      minimum: 1,
      description: 'Connections of the whole process to this server. Beyond it exchanges queue.',
    }),
  },
  { description: 'One server.' },
);

const timeouts = section(
  {
    connectMs: milliseconds({
      default: 5000,
      minimum: 1,
      description: 'For a connection to be opened, its TLS handshake included. Then: 504.',
    }),
    firstByteMs: milliseconds({
      default: 60000,
      minimum: 1,
      description: 'From the end of the request to the first byte of the response. Then: 504.',
    }),
    betweenBytesMs: milliseconds({
      default: 30000,
      minimum: 1,
      description:
        'Between two reads of a response. Then: 504, or a truncated response where its head had been sent.',
    }),
    writeMs: milliseconds({
      default: 30000,
      minimum: 1,
      description: 'Between two writes to a server that does not read. Then: 504.',
    }),
    idleMs: milliseconds({
      default: 30000,
      minimum: 1,
      description:
        'How long a pooled connection is kept without use, or a second less than the server says in Keep-Alive where that is shorter. Keep it below what the server itself allows.',
    }),
    attemptDelayMs: milliseconds({
      default: 250,
      minimum: 10,
      description:
        'Before the next address of a server is tried beside one that has not answered (RFC 8305).',
    }),
  },
  { default: {}, description: 'How long a server may take.' },
);

const retry = section(
  {
    retriesMax: count({
      default: defaultOriginSettings.retriesMax,
      maximum: 16,
      description: 'Further servers that are tried for one exchange, where its request may be sent again.',
    }),
  },
  { default: {}, description: 'When a server fails.' },
);

const queue = section(
  {
    exchangesMax: count({
      default: 1024,
      description: 'Exchanges that may wait for a connection to one server. Beyond it: 503.',
    }),
    waitMs: milliseconds({
      default: 5000,
      minimum: 1,
      description: 'How long an exchange may wait in the queue. Then: 503.',
    }),
  },
  { default: {}, description: 'When all connections to a server are in use.' },
);

const ejection = section(
  {
    failures: count({
      default: defaultOriginSettings.ejectFailures,
      description: 'Failures in a row after which a server is left out for a while; 0: never.',
    }),
    ejectMs: milliseconds({
      default: defaultOriginSettings.ejectMs,
      minimum: 1,
      description: 'How long it is left out.',
    }),
  },
  {
    default: {},
    description: 'Passive health: a server that fails again and again is left out for a while.',
  },
);

const tls = section(
  {
    verify: flag({
      default: true,
      description:
        'Whether the certificate of a server must be valid and carry its name. Without it anybody on the way can pose as the origin.',
    }),
    ca: optional(
      path({
        description:
          'PEM file of the certificates that those of the servers must lead to. Default: the roots of the system.',
      }),
    ),
    serverName: optional(
      text({
        expected: 'a host name or an IP address',
        description: 'The name that is asked for (SNI) and checked. Default: the host of the URL.',
      }),
    ),
    cert: optional(
      path({ description: 'PEM file of a certificate to show to the servers, with its chain.' }),
    ),
    key: optional(path({ description: 'PEM file of its private key, not encrypted.' })),
    minVersion: oneOf(['TLSv1.2', 'TLSv1.3'], {
      default: 'TLSv1.2',
      description: 'The oldest version that a server may use.',
    }),
  },
  { default: {}, description: 'How servers with an `https` URL are connected to.' },
);

const originConfig = section(
  {
    servers: list(serverConfig, { minItems: 1, description: 'The servers of this origin.' }),
    balance: oneOf(balances, {
      default: defaultOriginSettings.balance,
      description: 'How a server is chosen.',
    }),
    host_header: text({
      default: 'client',
      description:
        'The Host that the origin sees: `client` leaves it as the client sent it, `server` takes it from the URL, anything else is sent as it stands.',
    }),
    tls,
    timeouts,
    retry,
    queue,
    pool: section(
      {
        idleMax: count({
          default: 256,
          description: 'Idle connections that one worker keeps to one server.',
        }),
      },
      { default: {}, description: 'Connections that are kept for the next request.' },
    ),
    ejection,
    dns: section(
      {
        family: oneOf(['any', 'ipv4', 'ipv6'], {
          default: 'any',
          description: 'Which addresses of a name are used.',
        }),
      },
      { default: {}, description: 'How the names of the servers are resolved.' },
    ),
  },
  { description: 'An origin: servers that answer alike.' },
);
export type OriginConfig = Static<typeof originConfig>;

export const originsConfig = named(originConfig, {
  default: {},
  description: 'Where content comes from, by a name that zones refer to.',
});

export const dnsConfig = section(
  {
    servers: list(
      text({
        expected: 'an address such as 192.0.2.53 or 127.0.0.1:5353',
        description: 'IP address, with a port unless it is 53.',
      }),
      { default: [], description: 'Name servers to ask; empty: those of the system.' },
    ),
    hostsFile: path({
      default: '/etc/hosts',
      description: 'Names that are looked up before a name server is asked; read again when it changes.',
    }),
    timeoutMs: milliseconds({ default: 2000, minimum: 1, description: 'For a name server to answer.' }),
    ttlSecondsMin: seconds({
      default: 1,
      minimum: 1,
      maximum: 300,
      description: 'A shorter time to live counts as this.',
    }),
    ttlSecondsMax: seconds({
      default: 300,
      minimum: 1,
      maximum: 300,
      description: 'A longer time to live counts as this.',
    }),
    retrySeconds: seconds({
      default: 5,
      minimum: 1,
      maximum: 300,
      description: 'When a name is asked for again after a failure; the last good addresses stay in use.',
    }),
  },
  { default: {}, description: 'How names of origin servers are resolved.' },
);
export type DnsConfig = Static<typeof dnsConfig>;

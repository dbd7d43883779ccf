/** Config of the engine: what bounds a client connection, and the memory that engine and policy share. */
import {
  bytes,
  count,
  list,
  milliseconds,
  oneOf,
  path,
  type Static,
  seconds,
  section,
} from '../lib/schema.ts';

export const limitsConfig = section(
  {
    headBytesMax: bytes({
      default: '32KiB',
      minimum: 256,
      maximum: 1048576,
      description: 'Bytes of a request head, request line included. Beyond it: 431.',
    }),
    targetBytesMax: bytes({
      default: '16KiB',
      minimum: 64,
      maximum: 1048576,
      description: 'Bytes of a request target. Beyond it: 414.',
    }),
    fieldsMax: count({
      default: 128,
      minimum: 1,
      maximum: 4096,
      description: 'Field lines of a request head. Beyond it: 431.',
    }),
    bodyBytesMax: bytes({
      default: '4GiB',
      description: 'Bytes of a request body, after chunk decoding. Beyond it: 413.',
    }),
    trailerBytesMax: bytes({
      default: '8KiB',
      maximum: 1048576,
      description: 'Bytes of the trailer section of a chunked request. Beyond it: 431.',
    }),
    pipelineBytesMax: bytes({
      default: '64KiB',
      minimum: 4096,
      maximum: 16777216,
      description:
        'Bytes that a client may send ahead of its answers. Beyond it reading from that client stops.',
    }),
    sendBufferBytesMax: bytes({
      default: '256KiB',
      minimum: 16384,
      maximum: 67108864,
      description:
        'Bytes of a response held for a client that reads slowly. Beyond it reading from the origin stops.',
    }),
    connectionsMax: count({
      default: 65536,
      minimum: 1,
      description:
        'Client connections of the whole process. Beyond it a new one is answered with 503 and closed.',
    }),
    connectionsPerAddressMax: count({
      default: 4096,
      minimum: 1,
      description:
        'Client connections of one IPv4 address, or one IPv6 /64. Beyond it a new one is answered with 429 and closed.',
    }),
    exchangesPerConnectionMax: count({
      default: 100000,
      minimum: 1,
      description: 'Requests on one client connection; the last one is answered with `Connection: close`.',
    }),
    originHeadBytesMax: bytes({
      default: '64KiB',
      minimum: 256,
      maximum: 1048576,
      description: 'Bytes of a response head from an origin. Beyond it: 502.',
    }),
    originFieldsMax: count({
      default: 256,
      minimum: 1,
      maximum: 4096,
      description: 'Field lines of a response head from an origin. Beyond it: 502.',
    }),
    originInterimMax: count({
      default: 8,
      maximum: 1000,
      description: 'Interim (1xx) responses that an origin may send before the final one. Beyond it: 502.',
    }),
    followersMax: count({
      default: 4096,
      minimum: 1,
      description:
        'Requests that may share one fetch of the same key. Beyond it a request fetches on its own.',
    }),
  },
  {
    default: {},
    description:
      'What a client or an origin may ask of the proxy. Each has a defined answer when it is reached.',
  },
);
export type LimitsConfig = Static<typeof limitsConfig>;

export const timeoutsConfig = section(
  {
    headMs: milliseconds({
      default: 10000,
      minimum: 1,
      description: 'From the first byte of a request to the end of its head. Then: 408.',
    }),
    handshakeMs: milliseconds({
      default: 10000,
      minimum: 1,
      description: 'From the connection to the end of its TLS handshake. Then the connection is closed.',
    }),
    bodyMs: milliseconds({
      default: 30000,
      minimum: 1,
      description: 'Between two reads of a request body. Then: 408.',
    }),
    idleMs: milliseconds({
      default: 75000,
      minimum: 1,
      description: 'How long a client connection may wait for its next request.',
    }),
    writeMs: milliseconds({
      default: 60000,
      minimum: 1,
      description: 'Between two writes to a client that does not read. Then the connection is closed.',
    }),
    answerMs: milliseconds({
      default: 60000,
      minimum: 1,
      description: 'For the policy to answer an exchange that it told to wait. Then: 500.',
    }),
    lingerMs: milliseconds({
      default: 2000,
      description:
        'How long a connection that is being closed is still read, so that a reset does not destroy the response.',
    }),
  },
  { default: {}, description: 'How long a client may take.' },
);
export type TimeoutsConfig = Static<typeof timeoutsConfig>;

export const arenaConfig = section(
  {
    bytesMax: bytes({
      default: '256MiB',
      minimum: 67108864,
      maximum: 2147418112,
      description:
        'Memory of one worker for heads and bodies under way. When it is full, reading stops and what needs more is answered with 503.',
    }),
  },
  { default: {}, description: 'The memory that a worker shares between engine and policy.' },
);
export type ArenaConfig = Static<typeof arenaConfig>;

export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;

/** `listeners[].tls`. */
export const listenerTlsConfig = section(
  {
    certificates: list(
      section(
        {
          cert: path({
            description: 'PEM file: the certificate, then those between it and the root, in that order.',
          }),
          key: path({ description: 'PEM file of its private key, not encrypted.' }),
        },
        { description: 'A certificate and its key.' },
      ),
      {
        minItems: 1,
        maxItems: 10000,
        description:
          'Chosen by the name that a client asks for (SNI), which is looked for among the names of the certificates; the first one is for all others. For one name there may be one with an ECDSA and one with an RSA key. Read again by every reload.',
      },
    ),
    minVersion: oneOf(tlsVersions, {
      default: 'TLSv1.2',
      description: 'The oldest version that a client may use.',
    }),
  },
  { description: 'With it the listener speaks HTTPS.' },
);

export const tlsConfig = section(
  {
    ticketKeySeconds: seconds({
      default: 28800,
      minimum: 1,
      maximum: 302400,
      description:
        'How long a key for session tickets is used before the next one is made; tickets are accepted for twice that.',
    }),
  },
  { default: {}, description: 'What all TLS listeners share.' },
);

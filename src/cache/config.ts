/** Config of caching: what a zone may store, and the memory that the process keeps it in. */
import { cacheSettingsKeys } from '../lib/cache-settings.ts';
import {
  bytes,
  count,
  flag,
  list,
  oneOf,
  ratio,
  type Static,
  seconds,
  section,
  text,
} from '../lib/schema.ts';
import { anyBytes, cacheModes, defaultCacheSettings as settings } from './protocol.ts';

const statusTtl = section(
  {
    statusFrom: count({ minimum: 100, maximum: 599, description: 'First status of the range.' }),
    statusTo: count({ minimum: 100, maximum: 599, description: 'Last status of the range.' }),
    ttlSeconds: seconds({ description: 'How long such a response is fresh.' }),
  },
  { description: 'Freshness by status.' },
);

export const cacheConfig = section(
  {
    mode: oneOf(cacheModes, {
      default: settings.mode,
      description:
        '`off` stores nothing; `standard` is RFC 9111; `cdn` goes by extension, with default times.',
    }),
    collapse: flag({
      default: settings.collapse,
      description: 'One fetch for a key that is not stored; other requests for it share the response.',
    }),
    requestDirectives: oneOf(['honour', 'ignore'], {
      default: settings.requestDirectives,
      description: 'Whether Cache-Control of a request counts (RFC 9111 5.2.1).',
    }),
    heuristicFraction: ratio({
      default: settings.heuristicFraction,
      description:
        'Freshness of a response that names none: this share of the time since it was modified (RFC 9111 4.2.2).',
    }),
    heuristicSecondsMax: seconds({
      default: settings.heuristicSecondsMax,
      description: 'The longest such freshness; 0: none.',
    }),
    staleWhileRevalidateSeconds: seconds({
      default: settings.staleWhileRevalidateSeconds,
      description: 'Used where the response has no stale-while-revalidate (RFC 5861); 0: never.',
    }),
    staleIfErrorSeconds: seconds({
      default: settings.staleIfErrorSeconds,
      description: 'Used where the response has no stale-if-error (RFC 5861); 0: never.',
    }),
    staleIfUnreachableSeconds: seconds({
      default: settings.staleIfUnreachableSeconds,
      description:
        'How long past its freshness a response is served while no server of the origin can be reached (RFC 9111 4.2.4), unless it has a stale-if-error or forbids it; 0: never.',
    }),
    passSeconds: seconds({
      default: settings.passSeconds,
      minimum: 1,
      description:
        'How long it is remembered that responses under a key cannot be stored, so that requests do not wait for each other.',
    }),
    sliceBytes: bytes({
      default: '1MiB',
      minimum: 65536,
      maximum: 67108864,
      description:
        'Length of the slices of `origin_range_requests`; one above `store.objectBytesMax` counts as that.',
    }),
    fillAfterAbortBytesMax: bytes({
      default: '1TiB',
      maximum: anyBytes,
      description:
        'What may be lacking of a response when its last client has left, for the fetch to go on and fill the store; 1 TiB: any number. What has no Content-Length lacks more than any smaller number.',
    }),
    extensions: list(text({ description: 'An extension in lower case, without dot.' }), {
      default: settings.extensions,
      description: 'Extensions that mode `cdn` stores.',
    }),
    statusTtls: list(statusTtl, {
      default: settings.statusTtls,
      description:
        'Freshness that mode `cdn` gives a response that names none; the first row that fits counts.',
    }),
    ...cacheSettingsKeys,
  },
  { default: {}, description: 'What of this zone is stored.' },
);
export type CacheConfig = Static<typeof cacheConfig>;

export const storeConfig = section(
  {
    bytesMax: bytes({
      default: '256MiB',
      minimum: 1048576,
      description: 'Memory of the whole process for stored responses, all overhead included.',
    }),
    objectBytesMax: bytes({
      default: '64MiB',
      minimum: 1024,
      description: 'The largest body that is stored; a larger one passes through.',
    }),
  },
  { default: {}, description: 'The memory that stored responses are kept in, shared by all workers.' },
);
export type StoreConfig = Static<typeof storeConfig>;

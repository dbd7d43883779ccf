/**
 * The cache settings of a zone as they stand in a snapshot: plain data, checked and complete (defaults filled in by the
 * configuration). Times are whole seconds.
 */
import type { CacheSettingsChange } from '../lib/cache-settings.ts';

/** `standard`: RFC 9111 decides. `cdn`: eligibility by extension and default edge TTLs on top. */
export type CacheMode = 'off' | 'standard' | 'cdn';
export const cacheModes: readonly CacheMode[] = ['off', 'standard', 'cdn'];

export interface StatusTtl {
  statusFrom: number;
  statusTo: number;
  ttlSeconds: number;
}

/** Beside the keys of the zone alone those that rules may change. */
export interface CacheSettings extends CacheSettingsChange {
  mode: CacheMode;
  /** One fetch per cold key; the other requests follow it. */
  collapse: boolean;
  /** `honour`: no-cache, max-age, min-fresh, max-stale, only-if-cached of a request count (RFC 9111 5.2.1). */
  requestDirectives: 'honour' | 'ignore';
  /** Heuristic freshness (RFC 9111 4.2.2): share of the time since Last-Modified, and its cap. 0 switches it off. */
  heuristicFraction: number;
  heuristicSecondsMax: number;
  /** Used where the response does not carry the directive (RFC 5861); 0: never. */
  staleWhileRevalidateSeconds: number;
  staleIfErrorSeconds: number;
  /** How long past its freshness a response may be used while no server of the origin can be reached; 0: never. */
  staleIfUnreachableSeconds: number;
  /** How long a key is remembered as not storable (hit-for-miss). */
  passSeconds: number;
  /** Length of the slices that `origin_range_requests` asks for. */
  sliceBytes: number;
  /** Bytes that may be lacking of a response that nobody reads any more, for its fetch to go on; `anyBytes`: any number. */
  fillAfterAbortBytesMax: number;
  /** Extensions (lower case, no dot) that mode `cdn` caches. */
  extensions: readonly string[];
  /** Edge TTLs of mode `cdn` where the response has no explicit freshness. The first row that fits counts. */
  statusTtls: readonly StatusTtl[];
}

/** Says that any number of bytes will do. */
export const anyBytes = 2 ** 40;

/** The default extensions of mode `cdn`. */
export const cdnExtensions: readonly string[] = (
  '7z avi avif apk bin bmp bz2 class css csv dmg doc docx ejs eot eps exe flac gif gz ico iso jar jpg jpeg js mid midi ' +
  'mkv mp3 mp4 ogg otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx ' +
  'zip zst'
).split(' ');

/** The default edge TTLs of mode `cdn`. */
export const cdnStatusTtls: readonly StatusTtl[] = [
  { statusFrom: 200, statusTo: 200, ttlSeconds: 7200 },
  { statusFrom: 206, statusTo: 206, ttlSeconds: 7200 },
  { statusFrom: 301, statusTo: 301, ttlSeconds: 7200 },
  { statusFrom: 302, statusTo: 303, ttlSeconds: 1200 },
  { statusFrom: 404, statusTo: 404, ttlSeconds: 180 },
  { statusFrom: 410, statusTo: 410, ttlSeconds: 180 },
];

export const defaultCacheSettings: CacheSettings = {
  mode: 'standard',
  collapse: true,
  requestDirectives: 'honour',
  heuristicFraction: 0.1,
  heuristicSecondsMax: 86_400,
  staleWhileRevalidateSeconds: 0,
  staleIfErrorSeconds: 0,
  staleIfUnreachableSeconds: 86_400,
  passSeconds: 120,
  sliceBytes: 1_048_576,
  fillAfterAbortBytesMax: anyBytes,
  extensions: cdnExtensions,
  statusTtls: cdnStatusTtls,
};

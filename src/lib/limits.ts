/**
 * Limits of the policy that no configuration changes, each with its unit; their relations are asserted when the module
 * loads.
 */

export const limits = {
  /** Exchanges whose notes the policy of one worker keeps; a slot beyond goes without. */
  noteSlotsMax: 1 << 22,
  /** Markers of varying responses whose field names are remembered decoded. */
  varyMarkersMax: 4096,
  /** Field values whose normal form is remembered. */
  normalFormsMax: 4096,
  /** Bytes of a field value that is normalised rather than taken as it is. */
  normalFormBytesMax: 1024,
  /** Lines of Cache-Status text that are remembered. */
  statusTextsMax: 8192,
  /** Arguments of a query that are looked at one by one for a cache key; a longer query is part of it as it came. */
  queryArgumentsMax: 100,
  /** Combinations of cache settings of rules that a zone keeps ready. */
  cacheSettingsMax: 1024,
  /** Ranges in one Range field; beyond it the field is ignored. */
  rangesMax: 300,
  /** Of them, where they are not in ascending order. */
  unorderedRangesMax: 16,
  /** Parts of one response that are kept at a time; beyond it the oldest is forgotten. */
  partsMax: 64,
  /** Addresses of a forwarding field that are looked at, from the nearest. */
  forwardedHopsMax: 64,
  /** Seconds (u32) that a point in time can reach. */
  timeMax: 0xffff_ffff,
  /** Objects whose background refresh a worker remembers having asked for. */
  refreshSlots: 1024,
} as const;

if ((limits.refreshSlots & (limits.refreshSlots - 1)) !== 0)
  throw new Error('refreshSlots is no power of two');

/** What control hands to the policy: the snapshot, and the defaults that its settings have. */
export {
  type CacheMode,
  type CacheSettings,
  cdnExtensions,
  cdnStatusTtls,
  defaultCacheSettings,
  type StatusTtl,
} from '../cache/protocol.ts';
export {
  type Balance,
  defaultOriginSettings,
  type OriginServer,
  type OriginSettings,
} from '../origin/protocol.ts';
export {
  defaultPolicyLimits,
  type PolicyLimits,
  type PolicySnapshot,
  type ZoneSnapshot,
} from './snapshot.ts';

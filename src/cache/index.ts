export { browserControl } from './browser-ttl.ts';
export { Caching } from './caching.ts';
export { condition, conditionMask, judgeConditions, preconditionMask, rangeMayApply } from './conditional.ts';
export { controlSource, ResponseControl, readRequestControl } from './control.ts';
export { currentAge } from './freshness.ts';
export { describesStored } from './head-update.ts';
export { invalidates, isUnsafe, namedTargets } from './invalidate.ts';
export { KeyBuilder, putEarlyKey, putExtensions, putSite } from './key.ts';
export {
  continues,
  listFor,
  type Part,
  type PartList,
  partKeyBytes,
  partListOf,
  partListText,
  partOf,
  putPartKey,
  withPart,
} from './parts.ts';
export { type RequestFacts, StoreDecision, type VerdictName, verdict, verdicts } from './policy.ts';
export { anyBytes, type CacheSettings, defaultCacheSettings } from './protocol.ts';
export { RangeReader, rangeKind } from './range.ts';
export { RefreshGuard } from './refresh-guard.ts';
export { writeFreshening, writeValidators } from './revalidate.ts';
export { putSliceKey, type SliceInfo, sliceInfoOf, sliceOf } from './slice.ts';
export { forwardReason, statusEdit, statusNote } from './status.ts';
export { chooseUse, isOriginError, mayServeOnError, type StoredTimes, use } from './use.ts';
export {
  joinVary,
  MarkerCache,
  markerLines,
  normalForm,
  putSecondaryKey,
  type VaryFields,
  varyOf,
} from './vary.ts';
export type { VaryPlan } from './vary-plan.ts';

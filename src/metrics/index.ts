export { type CacheStats, cacheFamilies, cacheStats, type ZoneCacheStats } from './cache-stats.ts';
export { type CounterName, CounterPage, sumCounters } from './counters.ts';
export { expositionType, type Family, formatExposition, type Sample } from './exposition.ts';
export { engineFamilies, family, type ProcessNumbers, processFamilies, storeFamilies } from './families.ts';

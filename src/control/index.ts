/** The root of the process, for the command line. */
export { type PurgeName, purgeNames } from '../admin/index.ts';
export type { CacheStats, ZoneCacheStats } from '../metrics/index.ts';
export { findAdmin, formatAdmin, tokenPath } from './admin-place.ts';
export { type Configuration, keysThatNeedRestart, type Read, readConfiguration } from './configuration.ts';
export { type ExplainedPhase, type ExplainedRequest, explain, formatExplained } from './explain.ts';
export { runProxyChild, runService, type ServiceOptions } from './service.ts';

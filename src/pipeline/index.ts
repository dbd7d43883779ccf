export { testFaults } from './faults.ts';
export { Policy } from './policy.ts';
export { leavePhase, leaveRuleset } from './rules/walk.ts';
export type { PolicySnapshot } from './snapshot.ts';
export { StoredEntry } from './stored-entry.ts';

export { testFaults } from './faults.ts';
export { Policy } from './policy.ts';
export type { PolicySnapshot } from './snapshot.ts';

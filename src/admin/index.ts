/** The admin API. */
export type { ExplainQuestion } from './explain.ts';
export type { AdminPorts, LineReader, Outcome, TailQuestion } from './ports.ts';
export { type Problem, problems } from './problem.ts';
export { type PurgeName, type PurgeRequest, purgeNames } from './purge.ts';
export { type AdminAddress, AdminServer } from './server.ts';
export { readOrMakeToken } from './token.ts';

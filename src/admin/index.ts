/** The admin API. */
export type { AdminPorts, Outcome, PurgeRequest } from './ports.ts';
export { type Problem, problems } from './problem.ts';
export { type AdminAddress, AdminServer } from './server.ts';
export { readOrMakeToken } from './token.ts';

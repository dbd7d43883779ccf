/** The root of the process, for the command line. */
export { runProxyChild, runService, type ServiceOptions } from './service.ts';

/** Opens the spool, and says so where it cannot be: it is tried again, and the rings hold what there is. */
import { Spool, type SpoolLimits, type SpoolPorts, schemaHash } from '../logs/index.ts';
import type { Notices } from './notices.ts';

export const retryOpenMs = 1_000;

const cause = 'open spool';

export function openSpool(
  options: { directory: string; limits: SpoolLimits },
  ports: SpoolPorts,
  notices: Notices,
  wallMs: number,
): Spool | undefined {
  try {
    const spool = new Spool({ ...options, schemaHash }, ports);
    notices.settle(cause);
    return spool;
  } catch (error) {
    const text = `cannot open the spool in ${options.directory}: ${(error as Error).message}; records wait in the rings, and are dropped and counted once those are full`;
    notices.error(cause, text, wallMs);
    return undefined;
  }
}

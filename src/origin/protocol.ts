/**
 * An origin as it stands in a snapshot: plain data, complete. Addresses, pools and timeouts of a server belong to the
 * engine's own tables; the policy knows a server by its id.
 */

export type Balance = 'round_robin';
export const balances: readonly Balance[] = ['round_robin'];

export interface OriginServer {
  /** The id of the engine's server table: the same for the same origin name and URL while the process lives. */
  id: number;
  /** Host (with port unless it is the scheme's own) to send in place of the client's; '' sends the client's. */
  hostHeader: string;
}

export interface OriginSettings {
  name: string;
  /** At least one. */
  servers: readonly OriginServer[];
  balance: Balance;
  /** Further attempts, on another server where there is one, after a failure that may be retried. */
  retriesMax: number;
  /** How long a server may take for the first byte of a response. */
  firstByteMs: number;
  /** Failures in a row after which a server is left out (passive ejection), and for how long; 0 failures: never. */
  ejectFailures: number;
  ejectMs: number;
}

export const defaultOriginSettings: Omit<OriginSettings, 'name' | 'servers'> = {
  balance: 'round_robin',
  retriesMax: 1,
  firstByteMs: 60_000,
  ejectFailures: 5,
  ejectMs: 10_000,
};

/** What the admin API asks of the process. Each answer is ready to be sent; nothing here throws for an operator's mistake. */
import type { Problem } from './problem.ts';

export interface PurgeRequest {
  /** Exactly one of `url` and `all`. */
  url?: string;
  all?: true;
  /** Leave it stale instead of removing it. */
  soft: boolean;
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export interface AdminPorts {
  /** Every worker accepts, and the process is not draining; else why not. */
  readiness(): { isReady: boolean; detail: string };
  /** Text in the Prometheus format. */
  metrics(): Promise<string>;
  /** The config in force; secrets are redacted by the API. */
  config(): unknown;
  reload(): Promise<Outcome<{ snapshot: number }>>;
  purge(request: PurgeRequest): Promise<Outcome<{ purged: number }>>;
  restartWorker(slot: number): Outcome<{ worker: number }>;
  logStats(): Promise<unknown>;
  /** One line for each change that was asked for: who, what, how it ended. */
  audit(line: string): void;
}

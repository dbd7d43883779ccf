/** What the admin API asks of the process. Each answer is ready to be sent; nothing here throws for an operator's mistake. */
import type { ExplainQuestion } from './explain.ts';
import type { Problem } from './problem.ts';
import type { PurgeRequest } from './purge.ts';

export interface TailQuestion {
  /** Name of a job, whose fields and filter hold. */
  job?: string;
  /** An expression over record fields. */
  filter?: string;
}

export interface LineReader {
  /** Whole lines of JSON, and how many records were missed before them. `taken` is called once they are on their way. */
  lines: (lines: Uint8Array, skipped: number, taken: () => void) => void;
  /** There will be no more. */
  ended: (why: string) => void;
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
  /** `by`: who asks. `purged` is null where it is not known: groups are not searched. */
  purge(request: PurgeRequest, by: string): Promise<Outcome<{ purged: number | null }>>;
  restartWorker(slot: number): Outcome<{ worker: number }>;
  logStats(): Promise<unknown>;
  /** The store, and what became of requests at the cache, by zone and status. */
  cacheStats(): unknown;
  /** What would be decided for a request, and what is stored for it. */
  explain(question: ExplainQuestion): Outcome<unknown>;
  /** Live records for `reader`, until what is returned is called. */
  logTail(question: TailQuestion, reader: LineReader): Outcome<() => void>;
  /** One line for each change that was asked for: who, what, how it ended. */
  audit(line: string): void;
}

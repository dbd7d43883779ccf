/**
 * What control and an edge worker say to each other. A configuration comes in two steps: every worker prepares it, and
 * only when all have is it put in force, between two batches; a refusal anywhere leaves everything as it is.
 */
import type { EngineListener, EngineOptions, EngineTables } from '../engine/native/binding.ts';
import type { PolicySnapshot } from '../pipeline/protocol.ts';

export interface EdgeConfiguration {
  policy: PolicySnapshot;
  tables: EngineTables;
  listeners: EngineListener[];
}

export interface EdgeSetup {
  engine: EngineOptions;
  configuration: EdgeConfiguration;
}

/** `workerData` of the thread. */
export interface EdgeThreadSetup extends EdgeSetup {
  /** Where matches of rules are counted (`src/rules/action/layout.ts`); one for all workers. */
  matchCounts: SharedArrayBuffer;
}

export type ToEdge =
  | { kind: 'prepare'; configuration: EdgeConfiguration }
  | { kind: 'commit'; id: number }
  | { kind: 'abandon'; id: number }
  /** What a name now resolves to. */
  | { kind: 'addresses'; server: number; addresses: string[] }
  /** Keys for session tickets, see `engineSetTicketKeys`. */
  | { kind: 'ticketKeys'; keys: Uint8Array }
  /** Stop accepting, answer with `Connection: close`. */
  | { kind: 'drain' }
  /** End: what is still in flight is cut off. */
  | { kind: 'stop' };

export type FromEdge =
  /** The engine accepts connections, and its records go to this ring (see `EngineCreated`). */
  | { kind: 'ready'; ringPath: string; ringKind: number; ringError: number }
  | { kind: 'prepared'; id: number }
  | { kind: 'refused'; id: number; message: string }
  | { kind: 'committed'; id: number }
  /** It accepts no more connections. */
  | { kind: 'draining' }
  /** The policy failed, and the worker goes on. `isCounted`: the engine has answered for it and counted it. */
  | { kind: 'fault'; text: string; isCounted: boolean };

/** Chooses the server for a fetch. */
import { failCause } from '../engine/contract.ts';
import type { HealthTable, ServerHealth } from './health.ts';
import type { OriginServer, OriginSettings } from './protocol.ts';

export interface Candidate {
  readonly server: OriginServer;
  readonly health: ServerHealth;
  /** Edit-ready Host to send; '' sends the client's. */
  readonly hostHeader: string;
}

/** Round robin over the servers of one origin; those left out are skipped unless all are. */
export class Balancer {
  readonly settings: OriginSettings;
  readonly candidates: readonly Candidate[];
  #next: number;

  /** @param first where the turn begins; workers begin at different servers */
  constructor(settings: OriginSettings, table: HealthTable, first: number) {
    this.settings = settings;
    this.candidates = settings.servers.map((server) => ({
      server,
      health: table.of(server.id),
      hostHeader: server.hostHeader,
    }));
    this.#next = first % Math.max(1, this.candidates.length);
  }

  /**
   * @param avoid id of a server that has just failed, 0 or less for none: taken only where there is no other
   */
  choose(nowMs: number, avoid: number): Candidate {
    const { candidates } = this;
    const count = candidates.length;
    const start = this.#next;
    this.#next = start + 1 === count ? 0 : start + 1;
    let fallback: Candidate | undefined;
    for (let step = 0; step < count; step += 1) {
      const index = start + step;
      const candidate = candidates[index < count ? index : index - count]!;
      const isAvoided = candidate.server.id === avoid;
      if (!isAvoided && !candidate.health.isEjected(nowMs)) return candidate;
      if (!isAvoided) fallback ??= candidate;
    }
    return fallback ?? candidates[start]!;
  }

  noteSuccess(server: number): void {
    this.#find(server)?.health.noteSuccess();
  }

  /** @param cause `failCause`; what the server is not to blame for does not count */
  noteFailure(server: number, cause: number, nowMs: number): void {
    if (isOwnFault(cause)) return;
    this.#find(server)?.health.noteFailure(this.settings.ejectFailures, this.settings.ejectMs, nowMs);
  }

  #find(server: number): Candidate | undefined {
    const { candidates } = this;
    for (let index = 0; index < candidates.length; index += 1) {
      if (candidates[index]!.server.id === server) return candidates[index];
    }
    return undefined;
  }
}

/** Limits of this proxy, and its own failures. */
function isOwnFault(cause: number): boolean {
  return (
    cause === failCause.connectionLimitReached ||
    cause === failCause.internalError ||
    cause === failCause.loopDetected
  );
}

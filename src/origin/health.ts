/**
 * What one worker has seen of each origin server: failures in a row, and until when a server is left out (passive
 * ejection). Kept by server id, so that it outlives a reload.
 */

/** The record of one server; plain numbers, changed in place. */
export class ServerHealth {
  failures = 0;
  /** Milliseconds since 1970; 0: it is not left out. */
  ejectedUntilMs = 0;

  isEjected(nowMs: number): boolean {
    return this.ejectedUntilMs > nowMs;
  }

  /** A response came, whatever its status. */
  noteSuccess(): void {
    this.failures = 0;
    this.ejectedUntilMs = 0;
  }

  /** No usable response came. After the time is over, one more failure leaves the server out again. */
  noteFailure(failuresMax: number, ejectMs: number, nowMs: number): void {
    this.failures += 1;
    if (failuresMax > 0 && this.failures >= failuresMax) this.ejectedUntilMs = nowMs + ejectMs;
  }
}

export class HealthTable {
  readonly #servers = new Map<number, ServerHealth>();

  of(server: number): ServerHealth {
    let health = this.#servers.get(server);
    if (health === undefined) {
      health = new ServerHealth();
      this.#servers.set(server, health);
    }
    return health;
  }

  /** Forgets the servers that no live snapshot names. */
  retain(servers: ReadonlySet<number>): void {
    for (const server of this.#servers.keys()) {
      if (!servers.has(server)) this.#servers.delete(server);
    }
  }
}

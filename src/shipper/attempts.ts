/** How the attempts of one job go: when the next one may be made, and what the operator is told. */
import type { SinkFailure } from '../logs/index.ts';
import type { JobPorts } from './job-ports.ts';
import { retryAfter } from './pace.ts';
import type { JobStats } from './protocol.ts';

const msPerSecond = 1000;

export class Attempts {
  readonly #cause: string;
  readonly #ports: JobPorts;
  #failuresInRow = 0;
  #failingSinceMs = 0;
  #retryAtMs = 0;
  #isTold = false;
  #lastError: string | null = null;
  #lastCompleteMs: number | null = null;

  constructor(name: string, ports: JobPorts) {
    this.#cause = `job ${name}`;
    this.#ports = ports;
  }

  get isFailing(): boolean {
    return this.#failuresInRow > 0;
  }

  /** Until the next one; 0: it may be made. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#retryAtMs - nowMs);
  }

  /** The destination is another one: it is asked at once. */
  hurry(): void {
    this.#retryAtMs = 0;
  }

  accepted(destination: string): void {
    const { notices } = this.#ports;
    this.#lastCompleteMs = this.#ports.wallMs();
    if (this.#isTold) {
      const seconds = Math.round((this.#lastCompleteMs - this.#failingSinceMs) / msPerSecond);
      notices.info(`${this.#cause} delivers to ${destination} again after ${seconds} s`);
    }
    if (this.isFailing) notices.settle(this.#cause);
    this.#isTold = false;
    this.#failuresInRow = 0;
    this.#retryAtMs = 0;
    this.#lastError = null;
  }

  /** What it waits for counts from now: an attempt may have taken long. */
  refused({ code, message, retryAfterMs = 0 }: SinkFailure, destination: string): void {
    const { notices } = this.#ports;
    const wallMs = this.#ports.wallMs();
    if (this.#failuresInRow === 0) this.#failingSinceMs = wallMs;
    this.#failuresInRow += 1;
    const waitMs = Math.max(retryAfterMs, retryAfter(this.#failuresInRow, this.#ports.random()));
    this.#retryAtMs = this.#ports.monotonicMs() + waitMs;
    this.#lastError = `${code}: ${message}`;
    const text = `${this.#cause} cannot deliver to ${destination}: ${message}; records wait in the spool, and the oldest are dropped and counted once it is full`;
    if (notices.error(this.#cause, text, wallMs)) this.#isTold = true;
  }

  stats(nowMs: number): Pick<JobStats, 'isFailing' | 'lastError' | 'lastCompleteMs' | 'nextRetryMs'> {
    return {
      isFailing: this.isFailing,
      lastError: this.#lastError,
      lastCompleteMs: this.#lastCompleteMs,
      nextRetryMs: this.isFailing ? this.#ports.wallMs() + this.waitMs(nowMs) : null,
    };
  }
}

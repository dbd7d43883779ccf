/**
 * The log thread as control sees it. It is started before the workers, so that records of an earlier process are on their
 * way first; when it dies it is started again, and finds the rings as they are.
 */
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import type { Clock, Timer } from '../lib/clock.ts';
import type {
  DeliveryConfig,
  FromShipper,
  ShipperStats,
  TailRequest,
  ToShipper,
} from '../shipper/protocol.ts';
import { Backoff } from './backoff.ts';
import { LiveTail, type TailReader } from './live-tail.ts';

/** What of `worker_threads.Worker` is used. */
export interface ShipperThread extends EventEmitter {
  postMessage(message: ToShipper): void;
  terminate(): Promise<number>;
}

export interface DeliveryPorts {
  clock: Clock;
  tell: (line: string) => void;
  createThread: () => ShipperThread;
}

const answerMs = 2_000;
/** Beyond its own deadline, for the thread to say so. */
const graceMs = 2_000;

export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #bootIdHex: string;
  readonly #backoff = new Backoff();
  /** Rings that are written, and rings whose writer is gone. */
  readonly #rings = new Set<string>();
  readonly #left = new Set<string>();
  readonly #waiting = new Map<number, (stats: ShipperStats) => void>();
  readonly #tail = new LiveTail((message) => this.#thread?.postMessage(message));
  #logs: DeliveryConfig;
  #thread: ShipperThread | undefined;
  #startedAtMs = 0;
  #restart: Timer | undefined;
  #restarts = 0;
  #isEnding = false;
  #drained: (() => void) | undefined;
  #nextId = 1;

  constructor(logs: DeliveryConfig, bootIdHex: string, ports: DeliveryPorts) {
    this.#logs = logs;
    this.#bootIdHex = bootIdHex;
    this.#ports = ports;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    const thread = this.#ports.createThread();
    this.#thread = thread;
    this.#startedAtMs = this.#ports.clock.monotonicMs();
    let cause: Error | undefined;
    thread.on('message', (message: FromShipper) => this.#hear(message));
    thread.on('error', (error: Error) => {
      cause = error;
    });
    thread.on('exit', (code: number) => this.#ended(cause ?? new Error(`exit code ${code}`)));
    const { directory, jobs, spool } = this.#logs;
    thread.postMessage({
      type: 'start',
      directory,
      bootIdHex: this.#bootIdHex,
      rings: [...this.#rings],
      jobs,
      spool,
    });
    for (const path of this.#left) {
      // One that the thread had taken over before it died is gone.
      if (existsSync(path)) thread.postMessage({ type: 'recover', path });
      else this.#left.delete(path);
    }
    this.#tail.renew();
  }

  get tails(): number {
    return this.#tail.size;
  }

  /** Live records, until what is returned is called. */
  tail(request: TailRequest, reader: TailReader): () => void {
    return this.#tail.begin(request, reader);
  }

  addRing(path: string): void {
    if (path === '') return;
    this.#rings.add(path);
    this.#thread?.postMessage({ type: 'addRing', path });
  }

  /** The worker of this ring has ended. */
  ringLeft(path: string): void {
    if (!this.#rings.delete(path)) return;
    this.#left.add(path);
    this.#thread?.postMessage({ type: 'recover', path });
  }

  configure(logs: DeliveryConfig): void {
    this.#logs = logs;
    this.#thread?.postMessage({ type: 'configure', jobs: logs.jobs, spool: logs.spool });
  }

  reopen(): void {
    this.#thread?.postMessage({ type: 'reopen' });
  }

  /** Undefined where the thread does not answer. */
  async stats(): Promise<ShipperStats | undefined> {
    const thread = this.#thread;
    if (thread === undefined) return undefined;
    const id = this.#nextId++;
    return await new Promise((resolve) => {
      const done = (stats: ShipperStats | undefined) => {
        timer.cancel();
        this.#waiting.delete(id);
        resolve(stats);
      };
      const timer = this.#ports.clock.after(answerMs, () => done(undefined));
      this.#waiting.set(id, done);
      thread.postMessage({ type: 'stats', id });
    });
  }

  /** Delivers what is there, for so long at most, and ends the thread. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isEnding = true;
    this.#restart?.cancel();
    const thread = this.#thread;
    if (thread === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = this.#ports.clock.after(deadlineMs + graceMs, () => this.#drained?.());
      this.#drained = () => {
        timer.cancel();
        this.#drained = undefined;
        resolve();
      };
      thread.postMessage({ type: 'drain', deadlineMs });
    });
    await thread.terminate();
  }

  #hear(message: FromShipper): void {
    const { tell } = this.#ports;
    switch (message.type) {
      case 'started':
        if (message.recovered > 0)
          tell(`logs: ${message.recovered} rings of an earlier process are delivered`);
        if (message.setAside > 0) tell(`logs: ${message.setAside} rings cannot be read and are set aside`);
        break;
      case 'stats':
        this.#waiting.get(message.id)?.(message.stats);
        break;
      case 'tailed':
        this.#tail.hear(message);
        break;
      case 'drained':
        if (!message.isComplete) tell('logs: not everything is delivered: the next start goes on');
        this.#drained?.();
        break;
      case 'notice':
        tell(`logs: ${message.text}`);
        break;
    }
  }

  #ended(cause: Error): void {
    this.#thread = undefined;
    this.#drained?.();
    if (this.#isEnding) {
      this.#tail.endAll('the process ends');
      return;
    }
    const delayMs = this.#backoff.nextDelayMs(this.#ports.clock.monotonicMs() - this.#startedAtMs);
    this.#ports.tell(`logs: the thread ended (${cause.message}) and is started again`);
    this.#restarts += 1;
    this.#restart = this.#ports.clock.after(delayMs, () => this.start());
  }
}

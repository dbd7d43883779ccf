/** One edge thread from its start to its end: what it is told, what it answers, and whether it is well. */
import type { EventEmitter } from 'node:events';
import type { EdgeConfiguration, EdgeSetup, FromEdge, ToEdge } from '../edge/protocol.ts';
import type { EngineOptions } from '../engine/native/binding.ts';
import type { Clock } from '../lib/clock.ts';
import type { CounterPage } from '../metrics/index.ts';
import { FaultWindow, StallWatch } from './watch.ts';

/** What of `worker_threads.Worker` is used. */
export interface EdgeThread extends EventEmitter {
  postMessage(message: ToEdge): void;
  terminate(): Promise<number>;
}

export interface LifePorts {
  clock: Clock;
  tell: (line: string) => void;
  createThread: (setup: EdgeSetup) => EdgeThread;
}

export interface LifeSettings {
  stallMs: number;
  perMinuteMax: number;
}

/** How long a thread may take to start, to prepare a configuration, and to end after `stop`. */
const startMs = 15_000;
const prepareMs = 10_000;
const stopMs = 2_000;
const drainPollMs = 20;

export class EdgeLife {
  readonly options: EngineOptions;
  readonly page: CounterPage;
  /** Settles once: the engine accepts connections, or the thread ended before it did. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Error>;
  readonly #name: string;
  readonly #ports: LifePorts;
  readonly #settings: LifeSettings;
  readonly #thread: EdgeThread;
  readonly #stall: StallWatch;
  readonly #faults: FaultWindow;
  #looseFaults = 0;
  #readyAtMs: number | undefined;
  #hasEnded = false;
  #isDraining = false;
  #isTerminating = false;
  #preparing: { id: number; done: (refusal: string | undefined) => void } | undefined;

  constructor(name: string, setup: EdgeSetup, page: CounterPage, settings: LifeSettings, ports: LifePorts) {
    this.#name = name;
    this.#ports = ports;
    this.#settings = settings;
    this.options = setup.engine;
    this.page = page;
    this.#stall = new StallWatch(settings.stallMs);
    this.#faults = new FaultWindow(settings.perMinuteMax);
    const { clock } = ports;
    page.clearGauges();
    this.#faults.isBeyond(page.read('policy_faults_total'), clock.monotonicMs());
    const thread = ports.createThread(setup);
    this.#thread = thread;
    let cause: Error | undefined;
    thread.on('error', (error: Error) => {
      cause = error;
    });
    this.ended = new Promise((resolve) => {
      thread.on('exit', (code: number) => {
        this.#hasEnded = true;
        page.clearGauges();
        this.#preparing?.done(undefined);
        resolve(cause ?? new Error(`exit code ${code}`));
      });
    });
    this.ready = this.#waitReady(thread);
    thread.on('message', (message: FromEdge) => this.#hear(message));
  }

  async #waitReady(thread: EdgeThread): Promise<void> {
    const { clock } = this.#ports;
    let lateness: Error | undefined;
    const timer = clock.after(startMs, () => {
      lateness = new Error(`it did not start within ${startMs} ms`);
      void thread.terminate();
    });
    const isReady = new Promise<void>((resolve) => {
      thread.on('message', (message: FromEdge) => {
        if (message.kind === 'ready') resolve();
      });
    });
    const failure = await Promise.race([isReady, this.ended]);
    timer.cancel();
    if (failure !== undefined) throw lateness ?? failure;
    this.#readyAtMs = clock.monotonicMs();
  }

  get isReady(): boolean {
    return this.#readyAtMs !== undefined && !this.#hasEnded;
  }

  /** How long it was ready; undefined: it never was. */
  get readyForMs(): number | undefined {
    return this.#readyAtMs === undefined ? undefined : this.#ports.clock.monotonicMs() - this.#readyAtMs;
  }

  get exchangesLive(): number {
    return this.#hasEnded ? 0 : this.page.read('exchanges_live');
  }

  send(message: ToEdge): void {
    this.#thread.postMessage(message);
  }

  /** Resolves to a refusal, or undefined; a thread that ends meanwhile does not refuse. */
  async prepare(configuration: EdgeConfiguration): Promise<string | undefined> {
    if (this.#hasEnded) return undefined;
    return await new Promise((resolve) => {
      const timer = this.#ports.clock.after(prepareMs, () =>
        done(`it is not prepared after ${prepareMs} ms`),
      );
      const done = (refusal: string | undefined) => {
        timer.cancel();
        this.#preparing = undefined;
        resolve(refusal);
      };
      this.#preparing = { id: configuration.policy.id, done };
      this.send({ kind: 'prepare', configuration });
    });
  }

  /** What is wrong with it, if anything; asked again and again. */
  check(): 'stalled' | 'faulty' | undefined {
    if (!this.isReady || this.#isTerminating) return undefined;
    const nowMs = this.#ports.clock.monotonicMs();
    if (this.#stall.isStalled(this.page.read('heartbeat'), nowMs)) return 'stalled';
    const faults = this.page.read('policy_faults_total') + this.#looseFaults;
    return this.#faults.isBeyond(faults, nowMs) ? 'faulty' : undefined;
  }

  /** Lets exchanges in flight end, for so long at most, then ends the thread. */
  async drain(drainMs: number): Promise<void> {
    const { clock } = this.#ports;
    const startedMs = clock.monotonicMs();
    this.send({ kind: 'drain' });
    await new Promise<void>((resolve) => {
      const timer = clock.every(drainPollMs, () => {
        const isOver = this.#hasEnded || clock.monotonicMs() - startedMs >= drainMs;
        if (!isOver && (!this.#isDraining || this.exchangesLive > 0)) return;
        timer.cancel();
        resolve();
      });
    });
    await this.stop();
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.send({ kind: 'stop' });
    const timer = this.#ports.clock.after(stopMs, () => this.terminate());
    await this.ended;
    timer.cancel();
  }

  terminate(): void {
    this.#isTerminating = true;
    void this.#thread.terminate();
  }

  #hear(message: FromEdge): void {
    switch (message.kind) {
      case 'prepared':
        if (this.#preparing?.id === message.id) this.#preparing.done(undefined);
        break;
      case 'refused':
        if (this.#preparing?.id === message.id) this.#preparing.done(message.message);
        else this.#ports.tell(`${this.#name} refuses the configuration in force: ${message.message}`);
        break;
      case 'fault':
        this.#looseFaults += 1;
        this.#ports.tell(`${this.#name}: ${message.message}`);
        break;
      case 'draining':
        this.#isDraining = true;
        break;
      case 'ready':
      case 'committed':
        break;
    }
  }

  get stallMs(): number {
    return this.#settings.stallMs;
  }

  get perMinuteMax(): number {
    return this.#settings.perMinuteMax;
  }
}

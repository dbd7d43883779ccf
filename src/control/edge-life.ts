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
  /** A thread does not even end when it is told to: only another process helps. */
  stuck: (name: string) => void;
}

export type EdgeRing = Pick<Extract<FromEdge, { kind: 'ready' }>, 'ringPath' | 'ringKind' | 'ringError'>;

export interface LifeSettings {
  stallMs: number;
  perMinuteMax: number;
}

/** How long a thread may take to start, to prepare or commit a configuration, and to end after `stop`. */
const startMs = 15_000;
const answerMs = 10_000;
/** To prepare a configuration: very many rules are compiled between the batches of a busy worker. */
const prepareMs = 60_000;
const stopMs = 2_000;
const drainPollMs = 20;
/** For a thread to end that is torn down. */
const terminateMs = 10_000;
/** Kinds of faults of one thread that are told apart. */
const faultKindsMax = 100;

export class EdgeLife {
  readonly options: EngineOptions;
  readonly page: CounterPage;
  /** Settles once: the engine accepts connections and writes to this ring, or the thread ended before it did. */
  readonly ready: Promise<EdgeRing>;
  readonly ended: Promise<Error>;
  /** It accepts no more connections, or has ended. */
  readonly draining: Promise<unknown>;
  readonly #name: string;
  readonly #ports: LifePorts;
  readonly #settings: LifeSettings;
  readonly #thread: EdgeThread;
  readonly #stall: StallWatch;
  readonly #faults: FaultWindow;
  /** Those that the engine does not count. */
  #looseFaults = 0;
  readonly #faultTimes = new Map<string, number>();
  #readyAtMs: number | undefined;
  #hasEnded = false;
  #isDraining = false;
  #isTerminating = false;
  #waiting:
    | { id: number; kind: 'prepared' | 'committed'; done: (refusal: string | undefined) => void }
    | undefined;

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
        this.#waiting?.done(
          this.#waiting.kind === 'prepared' ? 'it ended while it prepared the configuration' : undefined,
        );
        resolve(cause ?? new Error(`exit code ${code}`));
      });
    });
    const isDraining = new Promise<void>((resolve) => {
      thread.on('message', (message: FromEdge) => {
        if (message.kind !== 'draining') return;
        this.#isDraining = true;
        resolve();
      });
    });
    this.draining = Promise.race([isDraining, this.ended]);
    this.ready = this.#waitReady(thread);
    thread.on('message', (message: FromEdge) => this.#hear(message));
  }

  async #waitReady(thread: EdgeThread): Promise<EdgeRing> {
    const { clock } = this.#ports;
    let lateness: Error | undefined;
    const timer = clock.after(startMs, () => {
      lateness = new Error(`it did not start within ${startMs} ms`);
      this.terminate();
    });
    const isReady = new Promise<EdgeRing>((resolve) => {
      thread.on('message', (message: FromEdge) => {
        if (message.kind === 'ready') resolve(message);
      });
    });
    const outcome = await Promise.race([isReady, this.ended]);
    timer.cancel();
    if (outcome instanceof Error) throw lateness ?? outcome;
    this.#readyAtMs = clock.monotonicMs();
    return outcome;
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

  /**
   * Resolves to a refusal, or undefined. A thread that ends meanwhile refuses: the configuration may be why (its rules need
   * more than `worker.heapMb`), and must not be put in force then.
   */
  async prepare(configuration: EdgeConfiguration): Promise<string | undefined> {
    return await this.#ask({ kind: 'prepare', configuration }, 'prepared', configuration.policy.id);
  }

  /** Resolves when the configuration is in force, or the thread has ended. */
  async commit(id: number): Promise<void> {
    const refusal = await this.#ask({ kind: 'commit', id }, 'committed', id);
    if (refusal !== undefined) this.#ports.tell(`${this.#name}: ${refusal}`);
  }

  async #ask(message: ToEdge, kind: 'prepared' | 'committed', id: number): Promise<string | undefined> {
    if (this.#hasEnded) return undefined;
    return await new Promise((resolve) => {
      const limitMs = kind === 'prepared' ? prepareMs : answerMs;
      const timer = this.#ports.clock.after(limitMs, () =>
        done(`the configuration is not ${kind} after ${limitMs} ms`),
      );
      const done = (refusal: string | undefined) => {
        timer.cancel();
        this.#waiting = undefined;
        resolve(refusal);
      };
      this.#waiting = { id, kind, done };
      this.send(message);
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
    if (this.#isTerminating || this.#hasEnded) return;
    this.#isTerminating = true;
    void this.#thread.terminate();
    const timer = this.#ports.clock.after(terminateMs, () => this.#ports.stuck(this.#name));
    void this.ended.then(() => timer.cancel());
  }

  #hear(message: FromEdge): void {
    switch (message.kind) {
      case 'prepared':
      case 'committed':
        if (this.#waiting?.id === message.id && this.#waiting.kind === message.kind)
          this.#waiting.done(undefined);
        break;
      case 'refused':
        if (this.#waiting?.id === message.id) this.#waiting.done(message.message);
        else this.#ports.tell(`${this.#name} refuses the configuration in force: ${message.message}`);
        break;
      case 'fault':
        this.#hearFault(message.text, message.isCounted);
        break;
      case 'ready':
      case 'draining':
        break;
    }
  }

  /** A fault is told in full the first time; of the same one only how often it was, ever more rarely. */
  #hearFault(text: string, isCounted: boolean): void {
    if (!isCounted) this.#looseFaults += 1;
    const [what = ''] = text.split('\n');
    const times = (this.#faultTimes.get(what) ?? 0) + 1;
    if (times === 1 && this.#faultTimes.size === faultKindsMax) return;
    this.#faultTimes.set(what, times);
    if (times === 1) this.#ports.tell(`${this.#name}: ${text}`);
    else if (/^10*$/.test(String(times))) this.#ports.tell(`${this.#name}: ${what} (${times} times)`);
  }

  get looseFaults(): number {
    return this.#looseFaults;
  }

  get stallMs(): number {
    return this.#settings.stallMs;
  }

  get perMinuteMax(): number {
    return this.#settings.perMinuteMax;
  }
}

/**
 * One worker slot: the thread that runs in it is watched, and replaced when it ends, stalls or fails too often. The
 * slot's listening sockets stay open meanwhile. Every engine has a statistics page of its own, and a slot has two, so
 * that a new thread can begin while the one before it drains.
 */
import type { EdgeConfiguration } from '../edge/protocol.ts';
import type { EngineOptions } from '../engine/native/binding.ts';
import type { Timer } from '../lib/clock.ts';
import type { CounterPage } from '../metrics/index.ts';
import { Backoff } from './backoff.ts';
import { EdgeLife, type EdgeRing, type LifePorts, type LifeSettings } from './edge-life.ts';

export interface SlotPorts extends LifePorts {
  /** Options of a new engine: its ring and its ray ids are used by no other. */
  engineOptions: (workerIndex: number) => EngineOptions;
  /** The worker writes its records to this ring from now on. */
  ringOpened: (worker: number, ring: EdgeRing) => void;
  /** The worker of this ring has ended: what it left in there is to be recovered. */
  ringLeft: (ring: EdgeRing) => void;
  page: (workerIndex: number) => CounterPage;
}

export interface SlotSettings extends LifeSettings {
  drainMs: number;
}

export class WorkerSlot {
  readonly slot: number;
  readonly #name: string;
  readonly #workers: number;
  readonly #ports: SlotPorts;
  readonly #backoff = new Backoff();
  /** The one that accepts, and those that drain. */
  readonly #lives = new Set<EdgeLife>();
  #current: EdgeLife | undefined;
  #configuration: EdgeConfiguration;
  #settings: SlotSettings;
  #restart: Timer | undefined;
  #isEnding = false;
  #replacements = 0;
  #pastFaults = 0;

  constructor(
    slot: number,
    workers: number,
    configuration: EdgeConfiguration,
    settings: SlotSettings,
    ports: SlotPorts,
  ) {
    this.slot = slot;
    this.#name = `worker ${slot}`;
    this.#workers = workers;
    this.#configuration = configuration;
    this.#settings = settings;
    this.#ports = ports;
  }

  get isReady(): boolean {
    return this.#current?.isReady ?? false;
  }

  get replacements(): number {
    return this.#replacements;
  }

  /** Faults that the engine does not count, of all threads that ran here. */
  get looseFaults(): number {
    return [...this.#lives].reduce((sum, life) => sum + life.looseFaults, this.#pastFaults);
  }

  /** Starts the first thread; rejects where it cannot start. */
  async start(): Promise<void> {
    await this.#begin()?.ready;
  }

  /**
   * Asks the thread to prepare a configuration. Resolves to the refusal, if it refuses, and to whether the thread that
   * was asked is the one that has to put it in force.
   */
  async prepare(
    configuration: EdgeConfiguration,
  ): Promise<{ refusal: string | undefined; isPrepared: () => boolean }> {
    const life = this.#current;
    const refusal = await life?.prepare(configuration);
    return {
      refusal: refusal === undefined ? undefined : `${this.#name}: ${refusal}`,
      isPrepared: () => life !== undefined && life === this.#current,
    };
  }

  /** Puts a configuration in force; a thread that began after the others had prepared it does so now. */
  async commit(configuration: EdgeConfiguration, settings: SlotSettings, isPrepared: boolean): Promise<void> {
    this.#configuration = configuration;
    this.#settings = settings;
    if (!isPrepared) this.#current?.send({ kind: 'prepare', configuration });
    await this.#current?.commit(configuration.policy.id);
  }

  abandon(id: number): void {
    this.#current?.send({ kind: 'abandon', id });
  }

  setTicketKeys(keys: Uint8Array): void {
    for (const life of this.#lives) life.send({ kind: 'ticketKeys', keys });
  }

  setAddresses(server: number, addresses: string[]): void {
    for (const life of this.#lives) life.send({ kind: 'addresses', server, addresses });
  }

  /** Drains the thread and replaces it; the new one accepts at once. */
  replace(why: string): void {
    const life = this.#current;
    if (life === undefined || this.#isEnding) return;
    this.#ports.tell(`${this.#name} is drained and replaced: ${why}`);
    this.#replacements += 1;
    this.#current = undefined;
    void life.drain(this.#settings.drainMs);
    this.#begin();
  }

  /** Lets exchanges in flight end, then ends the threads. `stopped`: none of them accepts any more. */
  drain(): { stopped: Promise<unknown>; ended: Promise<unknown> } {
    this.#isEnding = true;
    this.#restart?.cancel();
    const lives = [...this.#lives];
    const ended = Promise.all(lives.map(async (life) => await life.drain(this.#settings.drainMs)));
    return { stopped: Promise.all(lives.map(async (life) => await life.draining)), ended };
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#restart?.cancel();
    await Promise.all([...this.#lives].map(async (life) => await life.stop()));
  }

  /** Looks whether the thread is well; called again and again. */
  watch(): void {
    const life = this.#current;
    const fault = this.#isEnding ? undefined : life?.check();
    if (life === undefined || fault === undefined) return;
    if (fault === 'faulty') {
      this.replace(`it failed more than ${life.perMinuteMax} times within a minute`);
    } else {
      this.#ports.tell(`${this.#name} has not turned its loop for ${life.stallMs} ms and is ended`);
      life.terminate();
    }
  }

  #begin(): EdgeLife | undefined {
    const taken = new Set([...this.#lives].map(({ options }) => options.workerIndex));
    const index = [this.slot, this.slot + this.#workers].find((one) => !taken.has(one));
    if (index === undefined) {
      // One still drains, and the one after it has to be replaced already: no more waiting for the first.
      for (const life of this.#lives) life.terminate();
      this.#beginLater(0);
      return undefined;
    }
    const { engineOptions, page } = this.#ports;
    const setup = { engine: engineOptions(index), configuration: this.#configuration };
    const life = new EdgeLife(this.#name, setup, page(index), this.#settings, this.#ports);
    this.#current = life;
    this.#lives.add(life);
    void this.#follow(life);
    return life;
  }

  async #follow(life: EdgeLife): Promise<void> {
    // A failure to start is told by `ended` too.
    const ring = await life.ready.catch(() => undefined);
    if (ring !== undefined) this.#ports.ringOpened(this.slot, ring);
    const cause = await life.ended;
    if (ring !== undefined) this.#ports.ringLeft(ring);
    this.#ended(life, cause);
  }

  #ended(life: EdgeLife, cause: NodeJS.ErrnoException): void {
    this.#lives.delete(life);
    this.#pastFaults += life.looseFaults;
    if (this.#current !== life) return;
    this.#current = undefined;
    if (this.#isEnding) return;
    const delayMs = this.#backoff.nextDelayMs(life.readyForMs);
    const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
    this.#ports.tell(`${this.#name} ended (${cause.code ?? cause.message}) and is replaced ${when}`);
    this.#replacements += 1;
    this.#beginLater(delayMs);
  }

  #beginLater(delayMs: number): void {
    this.#restart = this.#ports.clock.after(delayMs, () => {
      this.#restart = undefined;
      this.#begin();
    });
  }
}

/** All worker slots together: a configuration is in force in all of them or in none. */
import type { EdgeConfiguration } from '../edge/protocol.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { type SlotPorts, type SlotSettings, WorkerSlot } from './worker-slot.ts';

/** One configuration per slot: they differ in the sockets that are lent. */
export type ConfigurationOf = (slot: number) => EdgeConfiguration;

const watchMsMax = 500;

export class Fleet {
  readonly #slots: WorkerSlot[];
  readonly #clock: Clock;
  #watch: Timer | undefined;

  constructor(workers: number, configurationOf: ConfigurationOf, settings: SlotSettings, ports: SlotPorts) {
    this.#clock = ports.clock;
    this.#slots = Array.from(
      { length: workers },
      (_, slot) => new WorkerSlot(slot, workers, configurationOf(slot), settings, ports),
    );
  }

  /** Rejects where a worker cannot start. */
  async start(stallMs: number): Promise<void> {
    await Promise.all(this.#slots.map(async (slot) => await slot.start()));
    const intervalMs = Math.max(10, Math.min(watchMsMax, Math.floor(stallMs / 4)));
    this.#watch = this.#clock.every(intervalMs, () => {
      for (const slot of this.#slots) slot.watch();
    });
  }

  /** Resolves to the first refusal, after which everything is as it was, or to undefined. */
  async publish(configurationOf: ConfigurationOf, settings: SlotSettings): Promise<string | undefined> {
    const prepared = await Promise.all(
      this.#slots.map(async (slot) => {
        const configuration = configurationOf(slot.slot);
        return { slot, configuration, ...(await slot.prepare(configuration)) };
      }),
    );
    const refusal = prepared.find((one) => one.refusal !== undefined)?.refusal;
    if (refusal !== undefined) {
      for (const { slot, configuration } of prepared) slot.abandon(configuration.policy.id);
      return refusal;
    }
    await Promise.all(
      prepared.map(async ({ slot, configuration, isPrepared }) => {
        await slot.commit(configuration, settings, isPrepared());
      }),
    );
    return undefined;
  }

  setTicketKeys(keys: Uint8Array): void {
    for (const slot of this.#slots) slot.setTicketKeys(keys);
  }

  setAddresses(server: number, addresses: string[]): void {
    for (const slot of this.#slots) slot.setAddresses(server, addresses);
  }

  /** False: there is no such slot. */
  replace(slot: number, why: string): boolean {
    this.#slots[slot]?.replace(why);
    return slot < this.#slots.length;
  }

  /** Slots whose worker does not accept now. */
  get missing(): number[] {
    return this.#slots.filter(({ isReady }) => !isReady).map(({ slot }) => slot);
  }

  get replacements(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.replacements, 0);
  }

  get looseFaults(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.looseFaults, 0);
  }

  /** Lets exchanges in flight end, then ends the threads. `stopped` is called once none of them accepts any more. */
  async drain(stopped: () => void): Promise<void> {
    this.#watch?.cancel();
    const slots = this.#slots.map((slot) => slot.drain());
    await Promise.all(slots.map(async (slot) => await slot.stopped));
    stopped();
    await Promise.all(slots.map(async (slot) => await slot.ended));
  }

  async stop(): Promise<void> {
    this.#watch?.cancel();
    await Promise.all(this.#slots.map(async (slot) => await slot.stop()));
  }
}

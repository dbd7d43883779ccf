/** The listening sockets that this process has, by the key of their listener, and which of them a config uses. */
import type { CompiledListener } from '../config/index.ts';
import type { Binding, EngineListener } from '../engine/native/binding.ts';
import type { OpenListener } from './handover.ts';
import type { GivenConfig, SocketOwner } from './host.ts';

export class Sockets {
  readonly #binding: Pick<Binding, 'closeFd'>;
  readonly #owner: SocketOwner;
  readonly #open: Map<string, OpenListener>;

  constructor(binding: Pick<Binding, 'closeFd'>, owner: SocketOwner, inherited: readonly OpenListener[]) {
    this.#binding = binding;
    this.#owner = owner;
    this.#open = new Map(inherited.map((listener) => [listener.key, listener]));
  }

  /** Opens what a config needs and is not open. Rejects with a message, and with everything as it was. */
  async require(listeners: readonly CompiledListener[]): Promise<void> {
    const opened: string[] = [];
    try {
      for (const [index, { key, address, host, port, backlog }] of listeners.entries()) {
        if (this.#open.has(key)) continue;
        const where = `listeners[${index}].address`;
        this.#open.set(key, await this.#owner.open({ key, where, address, host, port, backlog }));
        opened.push(key);
      }
    } catch (error) {
      for (const key of opened) this.#close(key);
      throw error;
    }
  }

  /** Closes what no listener of the config uses; the owner hears which config is in force. */
  keep(listeners: readonly CompiledListener[], given: GivenConfig): void {
    const wanted = new Set(listeners.map(({ key }) => key));
    for (const key of this.#open.keys()) if (!wanted.has(key)) this.#close(key);
    this.#owner.inForce(given, [...wanted]);
  }

  /** At the end: new connections are refused from now on. */
  close(): void {
    for (const key of this.#open.keys()) this.#close(key);
  }

  /** The sockets of one worker slot. */
  lend(listeners: readonly CompiledListener[], slot: number): EngineListener[] {
    return listeners.flatMap(({ id, key }) => {
      const fd = this.#open.get(key)?.fds[slot];
      return fd === undefined ? [] : [{ id, fd }];
    });
  }

  portOf(key: string): number {
    return this.#open.get(key)?.port ?? 0;
  }

  #close(key: string): void {
    for (const fd of this.#open.get(key)?.fds ?? []) this.#binding.closeFd(fd);
    this.#open.delete(key);
  }
}

/** What owns the listening sockets: the supervisor, or the proxy itself where it runs alone. */
import type { Binding } from '../engine/native/binding.ts';
import type { ListenerRequest, OpenListener } from './handover.ts';
import { explainListenError, openListener } from './open-listeners.ts';
import type { ServiceManager } from './service-manager.ts';

/** A config as its text and the files that it names. */
export interface GivenConfig {
  text: string;
  files: { readonly contents: ReadonlyMap<string, Uint8Array> };
}

export interface SocketOwner {
  /** Opens one listener for all worker slots. Rejects with a message for the operator. */
  open(request: ListenerRequest): Promise<OpenListener>;
  /** The config that is in force, and its listeners: sockets of others are closed. */
  inForce(given: GivenConfig, keys: readonly string[]): void;
  ready(adminPort: number): void;
  /** A reload begins, and ends as a sentence tells. */
  reloading(): void;
  reloaded(status: string): void;
}

export const acceptingStatus = 'Accepting connections.';

/** `--no-supervisor`. */
export class OwnSockets implements SocketOwner {
  readonly #binding: Pick<Binding, 'listen' | 'closeFd'>;
  readonly #workers: number;
  readonly #file: string;
  readonly #manager: ServiceManager;

  constructor(
    binding: Pick<Binding, 'listen' | 'closeFd'>,
    workers: number,
    file: string,
    manager: ServiceManager,
  ) {
    this.#binding = binding;
    this.#workers = workers;
    this.#file = file;
    this.#manager = manager;
  }

  async open(request: ListenerRequest): Promise<OpenListener> {
    try {
      return await openListener(this.#binding, request, this.#workers);
    } catch (cause) {
      throw new Error(explainListenError(cause, request, this.#file), { cause });
    }
  }

  inForce(): void {}

  ready(): void {
    this.#manager.ready(acceptingStatus);
    // This process is what has to be alive: its timer is a sign of that.
    this.#manager.watch(() => this.#manager.alive());
  }

  reloading(): void {
    this.#manager.reloading();
  }

  reloaded(status: string): void {
    this.#manager.ready(status);
  }
}

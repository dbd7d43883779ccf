/** What owns the listening sockets: the supervisor, or the proxy itself where it runs alone. */
import type { Binding } from '../engine/native/binding.ts';
import type { ListenerRequest, OpenListener } from './handover.ts';
import { explainListenError, openListener } from './open-listeners.ts';

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
}

/** `--no-supervisor`. */
export class OwnSockets implements SocketOwner {
  readonly #binding: Pick<Binding, 'listen' | 'closeFd'>;
  readonly #workers: number;
  readonly #file: string;

  constructor(binding: Pick<Binding, 'listen' | 'closeFd'>, workers: number, file: string) {
    this.#binding = binding;
    this.#workers = workers;
    this.#file = file;
  }

  async open(request: ListenerRequest): Promise<OpenListener> {
    try {
      return await openListener(this.#binding, request, this.#workers);
    } catch (cause) {
      throw new Error(explainListenError(cause, request, this.#file), { cause });
    }
  }

  inForce(): void {}

  ready(): void {}
}

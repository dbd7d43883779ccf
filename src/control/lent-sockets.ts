/** The supervisor's listening sockets as the proxy sees them: it asks for a listener, and gets descriptors. */
import type { Binding } from '../engine/native/binding.ts';
import {
  channelDescriptor,
  type Handover,
  type ListenerRequest,
  type OpenListener,
  sendFiles,
  type ToProxy,
  type ToSupervisor,
} from './handover.ts';
import type { GivenConfig, SocketOwner } from './host.ts';

type Answer = Extract<ToProxy, { kind: 'opened' | 'refused' }>;

export class LentSockets implements SocketOwner {
  readonly #binding: Pick<Binding, 'receiveDescriptors'>;
  readonly #handover: Pick<Handover<ToSupervisor, ToProxy>, 'send'>;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(
    binding: Pick<Binding, 'receiveDescriptors'>,
    handover: Pick<Handover<ToSupervisor, ToProxy>, 'send'>,
  ) {
    this.#binding = binding;
    this.#handover = handover;
  }

  async open(listener: ListenerRequest): Promise<OpenListener> {
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(listener.key, resolve);
      this.#handover.send({ kind: 'open', listener });
    });
    if (answer.kind === 'refused') throw new Error(answer.message);
    // The descriptors were put into the channel before the answer was sent.
    return { key: answer.key, port: answer.port, fds: this.#binding.receiveDescriptors(channelDescriptor) };
  }

  inForce({ text, files }: GivenConfig, keys: readonly string[]): void {
    this.#handover.send({ kind: 'inForce', text, files: sendFiles(files.contents), keys: [...keys] });
  }

  ready(adminPort: number): void {
    this.#handover.send({ kind: 'ready', adminPort });
  }

  reloading(): void {
    this.#handover.send({ kind: 'reloading' });
  }

  reloaded(status: string): void {
    this.#handover.send({ kind: 'reloaded', status });
  }

  hear(answer: Answer): void {
    this.#waiting.get(answer.key)?.(answer);
    this.#waiting.delete(answer.key);
  }
}

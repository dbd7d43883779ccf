/**
 * What supervisor and proxy say to each other: JSON, one message a line, over the proxy's descriptor 3. Listening sockets
 * are inherited from descriptor 5 on; those that a reload adds come through the descriptor channel on descriptor 4.
 */
import type { Duplex } from 'node:stream';

export const handoverDescriptor = 3;
export const channelDescriptor = 4;
export const firstListenerDescriptor = 5;

/** Files that the config names, by path, in base64: what they held when it came in force. */
export type SentFiles = [path: string, base64: string][];

export function sendFiles(contents: ReadonlyMap<string, Uint8Array>): SentFiles {
  return [...contents].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]);
}

export function receiveFiles(sent: SentFiles): [path: string, bytes: Uint8Array][] {
  return sent.map(([path, base64]) => [path, Buffer.from(base64, 'base64')]);
}

/** A listener that the supervisor holds open. `key` names it over reloads (`CompiledListener.key`). */
export interface OpenListener {
  key: string;
  port: number;
  /** One descriptor per worker slot. */
  fds: number[];
}

export interface ListenerRequest {
  key: string;
  /** Its place in the config: `listeners[0].address`. */
  where: string;
  address: string;
  host: string;
  port: number;
  backlog: number;
}

export type ToProxy =
  | {
      kind: 'start';
      /** The config in force: after a crash the file is not read again, it may be half edited. */
      file: string;
      text: string;
      files: SentFiles;
      workers: number;
      listeners: OpenListener[];
      /** Port that the admin API had before a crash, where its config lets the system choose. */
      adminPort: number;
      testFaults: boolean;
    }
  /** The sockets of one listener are in the channel. */
  | { kind: 'opened'; key: string; port: number }
  | { kind: 'refused'; key: string; message: string }
  | { kind: 'reload' }
  /** Answered by `pong` while the loop of control turns. */
  | { kind: 'ping' }
  | { kind: 'reopen' }
  /** Drain and end. */
  | { kind: 'drain' }
  /** End at once. */
  | { kind: 'end' };

export type ToSupervisor =
  | { kind: 'ready'; adminPort: number }
  | { kind: 'open'; listener: ListenerRequest }
  | { kind: 'reloading' }
  /** How the reload ended, in a sentence. */
  | { kind: 'reloaded'; status: string }
  | { kind: 'pong' }
  /** The config that is in force from now on, and the listeners that it has; sockets of others are closed. */
  | { kind: 'inForce'; text: string; files: SentFiles; keys: string[] };

const lineBytesMax = 64 * 1024 * 1024;

/** One end of the conversation. `onClose` tells that the other side is gone. */
export class Handover<Send, Receive> {
  readonly #stream: Duplex;
  #rest = '';

  constructor(stream: Duplex, onMessage: (message: Receive) => void, onClose: () => void) {
    this.#stream = stream;
    stream.setEncoding('utf8');
    stream.on('data', (piece: string) => {
      const lines = (this.#rest + piece).split('\n');
      this.#rest = lines.pop() ?? '';
      if (this.#rest.length > lineBytesMax) stream.destroy();
      for (const line of lines) onMessage(JSON.parse(line) as Receive);
    });
    // The other side may end between two writes; `close` tells it.
    stream.on('error', () => {});
    stream.on('close', onClose);
  }

  send(message: Send): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#stream.destroy();
  }
}

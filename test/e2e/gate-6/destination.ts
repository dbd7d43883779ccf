/**
 * A destination for batches over HTTP that answers as a test says, can go away and come back on the same port, and drops
 * what comes again under the same id, as a real one would.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Test } from 'tap';

export type Mood =
  | { kind: 'accept' }
  | { kind: 'status'; status: number; retryAfter?: number }
  /** The request is read, and never answered. */
  | { kind: 'silent' }
  /** The batch is kept, but its answer breaks off. */
  | { kind: 'half' };

interface Kept {
  text: string;
  times: number;
}

export class Destination {
  /** By `Idempotency-Key`, what was accepted. */
  readonly batches = new Map<string, Kept>();
  /** Batches that came again under an id, and were not the same. */
  readonly changed: string[] = [];
  /** When each attempt came, milliseconds. */
  readonly attempts: { id: string; atMs: number }[] = [];
  mood: Mood = { kind: 'accept' };
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  static async start(t: Test): Promise<Destination> {
    const destination = new Destination();
    await destination.open();
    t.teardown(() => destination.close());
    return destination;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/ingest`;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => void this.#take(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mood } = this;
    const id = String(request.headers['idempotency-key']);
    this.attempts.push({ id, atMs: performance.now() });
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    } catch {
      return;
    }
    if (mood.kind === 'silent') return;
    if (mood.kind === 'status') {
      const fields = mood.retryAfter === undefined ? {} : { 'Retry-After': String(mood.retryAfter) };
      response.writeHead(mood.status, fields).end('not now');
      return;
    }
    this.#keep(id, Buffer.concat(pieces).toString());
    if (mood.kind === 'accept') {
      response.writeHead(200).end('ok');
      return;
    }
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('half of', () => response.destroy());
  }

  #keep(id: string, text: string): void {
    const kept = this.batches.get(id);
    if (kept === undefined) {
      this.batches.set(id, { text, times: 1 });
      return;
    }
    kept.times += 1;
    if (kept.text !== text) this.changed.push(id);
  }

  /** How often each record came, batches counted once. */
  rays(): Map<string, number> {
    const rays = new Map<string, number>();
    for (const { text } of this.batches.values()) {
      for (const line of text.trimEnd().split('\n')) {
        const { RayID } = JSON.parse(line) as { RayID: string };
        if (RayID !== '') rays.set(RayID, (rays.get(RayID) ?? 0) + 1);
      }
    }
    return rays;
  }
}

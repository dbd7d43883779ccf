/** An HTTP server that takes batches as a destination does, and misbehaves when told to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Test } from 'tap';

export interface Taken {
  id: string;
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  text: string;
}

export type Misbehave = (request: IncomingMessage, response: ServerResponse, taken: Taken) => void;

export class Ingest {
  /** All requests, in order. */
  readonly asked: Taken[] = [];
  /** Those that were answered 2xx by the server's own account, each id once. */
  readonly #kept = new Map<string, string>();
  connections = 0;
  url = '';
  /** What to do in place of accepting; consumed one at a time, the last one stays. */
  script: (Misbehave | null)[] = [];
  closeConnections: () => void = () => {};

  static async start(t: Test, tls?: ServerOptions): Promise<Ingest> {
    const ingest = new Ingest();
    const listener: RequestListener = (request, response) => void ingest.#take(request, response);
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    server.on(tls === undefined ? 'connection' : 'secureConnection', () => {
      ingest.connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    ingest.url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/ingest?source=a`;
    ingest.closeConnections = () => server.closeAllConnections();
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return ingest;
  }

  get delivered(): string {
    return [...this.#kept.values()].join('');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = request.headers['content-encoding'];
    const body =
      encoding === 'gzip'
        ? request.pipe(createGunzip())
        : encoding === 'zstd'
          ? request.pipe(createZstdDecompress())
          : request;
    const { method = '', url = '', headers } = request;
    const taken = { id: String(headers['idempotency-key']), method, url, headers, text: await text(body) };
    this.asked.push(taken);
    const misbehave = this.script.length > 1 ? this.script.shift() : this.script[0];
    if (misbehave === undefined || misbehave === null) this.accept(response, taken);
    else misbehave(request, response, taken);
  }

  /** Takes it, and breaks off before it has said so. */
  lose(request: IncomingMessage, taken: Taken): void {
    this.#keep(taken);
    request.socket.resetAndDestroy();
  }

  #keep(taken: Taken): void {
    if (!this.#kept.has(taken.id)) this.#kept.set(taken.id, taken.text);
  }

  accept(response: ServerResponse, taken: Taken, status = 200): void {
    this.#keep(taken);
    response.writeHead(status);
    response.end(status === 204 ? undefined : '{"ok":true}');
  }
}

export function answer(status: number, headers: Record<string, string> = {}, body = ''): Misbehave {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

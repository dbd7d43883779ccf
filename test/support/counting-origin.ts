/** A well-behaved origin on node:http that remembers every request; answers come from a handler per path. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import type { Address } from './raw-client.ts';

export interface Seen {
  method: string;
  path: string;
  query: string;
  fields: IncomingMessage['headers'];
  rawFields: string[];
  /** Known once the body has been read whole. */
  bodySha256: string;
  bodyBytes: number;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
) => Promise<void> | void;

export class CountingOrigin {
  readonly server: Server;
  readonly seen: Seen[] = [];
  readonly handlers = new Map<string, Handler>();
  fallback: Handler = (_request, response) => void response.end('origin\n');

  constructor() {
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const seen: Seen = {
      method: request.method ?? '',
      path,
      query,
      fields: request.headers,
      rawFields: request.rawHeaders,
      bodySha256: '',
      bodyBytes: 0,
    };
    this.seen.push(seen);
    const hash = createHash('sha256');
    for await (const piece of request as AsyncIterable<Buffer>) {
      hash.update(piece);
      seen.bodyBytes += piece.length;
    }
    seen.bodySha256 = hash.digest('hex');
    await (this.handlers.get(path) ?? this.fallback)(request, response, seen);
  }

  get address(): Address {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the origin does not listen');
    return { host: address.address, port: address.port };
  }

  count(path: string, method?: string): number {
    return this.of(path).filter((each) => method === undefined || each.method === method).length;
  }

  of(path: string): Seen[] {
    return this.seen.filter((each) => each.path === path);
  }
}

export async function startCountingOrigin(
  t: Test,
  handlers: Record<string, Handler> = {},
  host = '127.0.0.1',
): Promise<CountingOrigin> {
  const origin = new CountingOrigin();
  for (const [path, handler] of Object.entries(handlers)) origin.handlers.set(path, handler);
  await new Promise<void>((resolve) => origin.server.listen(0, host, resolve));
  t.teardown(() => {
    origin.server.closeAllConnections();
    origin.server.close();
  });
  return origin;
}

/**
 * An origin on raw sockets that does what its script says and nothing else. The script is chosen by the path of each
 * request, so that one origin serves a whole table of misbehaviour; a connection script acts before any request is read.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Address } from './raw-client.ts';
import { Deferred, within } from './within.ts';

export interface OriginRequest {
  method: string;
  target: string;
  version: string;
  fields: [string, string][];
  /** The head as it was received. */
  head: string;
  value(name: string): string | undefined;
}

/** Serves one request on a connection. After it the connection reads the next one, unless it was closed. */
export type Script = (connection: OriginConnection, request: OriginRequest) => Promise<void> | void;

const waitMs = 30_000;

function parseRequest(head: string): OriginRequest {
  const lines = head.split('\r\n');
  const [method = '', target = '', version = ''] = (lines[0] as string).split(' ');
  const fields = lines.slice(1).map((line): [string, string] => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const value = (name: string): string | undefined =>
    fields.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return { method, target, version, fields, head, value };
}

export class OriginConnection {
  readonly socket: Socket;
  readonly index: number;
  /** Requests read on this connection so far. */
  requests = 0;
  bytesWritten = 0;
  isOver = false;
  readonly closed: Promise<void>;
  #held: Buffer = Buffer.alloc(0);
  #wake = new Deferred<void>();

  constructor(socket: Socket, index: number) {
    this.socket = socket;
    this.index = index;
    socket.setNoDelay(true);
    const closed = new Deferred<void>();
    this.closed = closed.promise;
    const over = (): void => {
      this.isOver = true;
      this.#wake.resolve();
    };
    socket.on('data', (piece) => {
      this.#held = Buffer.concat([this.#held, piece]);
      // Read no more than what a script has asked for: a script that reads slowly makes the proxy wait.
      if (this.#held.length > 256 * 1024) socket.pause();
      this.#wake.resolve();
    });
    // A proxy that ends its side has left: it never half-closes.
    socket.on('end', () => {
      over();
      // After whoever waits for bytes has been told.
      setImmediate(() => closed.resolve());
    });
    socket.on('error', over);
    socket.on('close', () => {
      over();
      closed.resolve();
    });
  }

  async #more(): Promise<boolean> {
    if (this.isOver) return false;
    this.#wake = new Deferred<void>();
    this.socket.resume();
    await this.#wake.promise;
    return true;
  }

  /** The next request's head, undefined when the proxy has closed. The body stays unread. */
  async readHead(): Promise<OriginRequest | undefined> {
    for (;;) {
      const at = this.#held.indexOf('\r\n\r\n');
      if (at >= 0) {
        const head = this.#held.toString('latin1', 0, at);
        this.#held = this.#held.subarray(at + 4);
        this.requests += 1;
        return parseRequest(head);
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** Exactly `bytes` bytes, handed over in pieces as they come; false when the connection ended first. */
  async readBytes(
    bytes: number,
    onPiece: (piece: Buffer) => Promise<void> | void = () => {},
  ): Promise<boolean> {
    let left = bytes;
    while (left > 0) {
      if (this.#held.length === 0 && !(await this.#more())) return false;
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) await onPiece(piece);
    }
    return true;
  }

  /** A line without its CRLF. */
  async #readLine(): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf('\r\n');
      if (at >= 0) {
        const line = this.#held.toString('latin1', 0, at);
        this.#held = this.#held.subarray(at + 2);
        return line;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** The body of a request, by its framing; undefined when it was cut short. */
  async readBody(request: OriginRequest): Promise<{ body: Buffer; trailers: string[] } | undefined> {
    const pieces: Buffer[] = [];
    const keep = (piece: Buffer): void => void pieces.push(Buffer.from(piece));
    if (request.value('transfer-encoding') === undefined) {
      const isWhole = await this.readBytes(Number(request.value('content-length') ?? 0), keep);
      return isWhole ? { body: Buffer.concat(pieces), trailers: [] } : undefined;
    }
    for (;;) {
      const size = await this.#readLine();
      if (size === undefined) return undefined;
      if (!/^[0-9a-f]+$/i.test(size))
        throw new Error(`the proxy sent a bad chunk size ${JSON.stringify(size)}`);
      const bytes = Number.parseInt(size, 16);
      if (bytes === 0) break;
      if (!(await this.readBytes(bytes, keep)) || (await this.#readLine()) !== '') return undefined;
    }
    const trailers: string[] = [];
    for (;;) {
      const line = await this.#readLine();
      if (line === undefined) return undefined;
      if (line === '') return { body: Buffer.concat(pieces), trailers };
      trailers.push(line);
    }
  }

  /** Resolves when the kernel has taken the bytes; a connection that is gone swallows them. */
  async write(bytes: string | Buffer): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => resolve();
      this.socket.once('close', done);
      this.socket.write(data, (error) => {
        if (!error) this.bytesWritten += data.length;
        this.socket.off('close', done);
        resolve();
      });
    });
  }

  /** Writes byte after byte (or `step` bytes), with a pause between them. */
  async drip(bytes: string | Buffer, pauseMs: number, step = 1): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (let at = 0; at < data.length && !this.isOver; at += step) {
      await this.write(data.subarray(at, at + step));
      await delay(pauseMs);
    }
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Keeps silent until the proxy gives up. */
  async silence(): Promise<void> {
    await within(waitMs, 'the proxy leaves a silent origin', this.closed);
  }
}

export interface OriginLog {
  target: string;
  connection: number;
  request: OriginRequest;
}

export class ScriptedOrigin {
  readonly server: Server;
  readonly scripts = new Map<string, Script>();
  /** Every request whose head was read, in order. */
  readonly log: OriginLog[] = [];
  readonly connections: OriginConnection[] = [];
  readonly faults: unknown[] = [];
  /** Acts on a new connection before a request is read; true means that it has dealt with it. */
  onConnection: ((connection: OriginConnection) => Promise<boolean> | boolean) | undefined;
  fallback: Script = async (connection, request) => {
    await connection.readBody(request);
    await connection.write(ok('fallback'));
  };

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new OriginConnection(socket, this.connections.length);
      this.connections.push(connection);
      this.#serve(connection).catch((error: unknown) => this.faults.push(error));
    });
  }

  get address(): Address {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the origin does not listen');
    return { host: '127.0.0.1', port: address.port };
  }

  /** Requests for one path. */
  requestsOf(path: string): OriginLog[] {
    return this.log.filter(({ target }) => target.split('?')[0] === path);
  }

  async #serve(connection: OriginConnection): Promise<void> {
    if (this.onConnection !== undefined && (await this.onConnection(connection))) return;
    for (;;) {
      const request = await connection.readHead();
      if (request === undefined) break;
      this.log.push({ target: request.target, connection: connection.index, request });
      const script = this.scripts.get(request.target.split('?')[0] as string) ?? this.fallback;
      await script(connection, request);
      if (connection.isOver || connection.socket.writableEnded) break;
    }
    connection.end();
  }

  stop(): void {
    for (const { socket } of this.connections) socket.destroy();
    this.server.close();
  }
}

/** A small 200 with Content-Length. */
export function ok(body: string, fields: Record<string, string> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n${body}`;
}

export async function startScriptedOrigin(
  t: Test,
  scripts: Record<string, Script> = {},
  port = 0,
): Promise<ScriptedOrigin> {
  const origin = new ScriptedOrigin();
  for (const [path, script] of Object.entries(scripts)) origin.scripts.set(path, script);
  await new Promise<void>((resolve) => origin.server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => {
    origin.stop();
    // What a script met that it was not written for: the proxy has sent something wrong.
    if (origin.faults.length > 0) throw origin.faults[0];
  });
  return origin;
}

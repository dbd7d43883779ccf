/**
 * A client that is one TCP connection and sends exactly the bytes that it is given, in the pieces that it is given.
 * Answers are read strictly (response-parser.ts), and every wait is bounded.
 */

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  type Framing,
  ProtocolError,
  type ResponseHead,
  ResponseParser,
  valuesOf,
} from './response-parser.ts';
import { Deferred, within } from './within.ts';

export interface Address {
  host: string;
  port: number;
  /** Over TLS, with these options of `tls.connect`. */
  tls?: ConnectionOptions;
}

export interface Answer extends ResponseHead {
  interim: ResponseHead[];
  framing: Framing;
  body: Buffer;
  trailers: [string, string][];
  /** The only value of a field, undefined where it is missing; a repeated field is an error. */
  field(name: string): string | undefined;
  all(name: string): string[];
}

export type Closing = 'end' | 'reset';

export interface ReadOptions {
  method?: string;
  timeoutMs?: number;
  /** Called with every piece of the body; the answer's own body is then empty. */
  onBody?: (piece: Buffer) => void;
  onHead?: (head: ResponseHead) => void;
}

export interface RequestOptions extends ReadOptions {
  host?: string;
  fields?: Record<string, string | string[]>;
  body?: string | Buffer;
}

const defaultTimeoutMs = 10_000;

export function fieldLines(fields: Record<string, string | string[]>): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`))
    .join('');
}

/** A well-formed request; Content-Length is added where there is a body and the fields name no framing. */
export function requestText(target: string, options: RequestOptions = {}): Buffer {
  const fields = options.fields ?? {};
  const names = new Set(Object.keys(fields).map((name) => name.toLowerCase()));
  const body = Buffer.from(options.body ?? '');
  let head = `${options.method ?? 'GET'} ${target} HTTP/1.1\r\n`;
  if (!names.has('host')) head += `Host: ${options.host ?? 'site.test'}\r\n`;
  head += fieldLines(fields);
  if (options.body !== undefined && !names.has('content-length') && !names.has('transfer-encoding')) {
    head += `Content-Length: ${body.length}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]);
}

class AnswerInProgress implements Answer {
  version: '1.0' | '1.1' = '1.1';
  status = 0;
  reason = '';
  fields: [string, string][] = [];
  framing: Framing = 'none';
  interim: ResponseHead[] = [];
  trailers: [string, string][] = [];
  readonly pieces: Buffer[] = [];
  bodyBytes = 0;

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  all(name: string): string[] {
    return valuesOf(this.fields, name);
  }

  field(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new ProtocolError(`${name} is repeated: ${values.join(' | ')}`);
    return values[0];
  }
}

export class RawClient {
  readonly socket: Socket;
  /** How the server closed the connection. */
  readonly closed: Promise<Closing>;
  bytesRead = 0;
  readonly #parser = new ResponseParser();
  #waiting: Deferred<Answer> | undefined;
  #fault: Error | undefined;
  #closing: Closing | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    const closed = new Deferred<Closing>();
    this.closed = closed.promise;
    socket.on('data', (piece) => this.#receive(piece));
    socket.on('end', () => this.#finish('end', closed));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') this.#finish('reset', closed);
      else this.#fail(error);
    });
    socket.on('close', () => this.#finish('end', closed));
  }

  static async connect(
    address: Address,
    options: { allowHalfOpen?: boolean; localAddress?: string } = {},
  ): Promise<RawClient> {
    const { tls, ...place } = address;
    const socket =
      tls === undefined
        ? connect({ ...place, allowHalfOpen: true, ...options })
        : connectTls({ ...place, ...options, ...tls });
    socket.setNoDelay(true);
    const connected = new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    try {
      await within(defaultTimeoutMs, `connect to ${address.host}:${address.port}`, connected);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new RawClient(socket);
  }

  #receive(piece: Buffer): void {
    this.bytesRead += piece.length;
    try {
      this.#parser.push(piece);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #finish(how: Closing, closed: Deferred<Closing>): void {
    if (this.#closing !== undefined) return;
    this.#closing = how;
    try {
      if (how === 'end') this.#parser.finish();
      else if (!this.#parser.isIdle) throw new ProtocolError('the connection was reset within a response');
    } catch (error) {
      this.#fail(error as Error);
    }
    closed.resolve(how);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#waiting?.reject(error);
  }

  /** Bytes that have come and belong to no response that was asked for. */
  get excess(): Buffer {
    return this.#parser.excess;
  }

  /** Resolves once the bytes are in the kernel's hands. */
  async write(bytes: string | Buffer): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    await new Promise<void>((resolve, reject) => {
      this.socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends each piece in a segment of its own; a server that has closed meanwhile ends it without an error. */
  async writePieces(pieces: Iterable<string | Buffer>, turns = 1): Promise<void> {
    for (const piece of pieces) {
      if (this.#closing !== undefined) return;
      try {
        await this.write(piece);
      } catch {
        return;
      }
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    }
  }

  /** The next response on this connection. */
  async read(options: ReadOptions = {}): Promise<Answer> {
    if (this.#fault !== undefined) throw this.#fault;
    const answer = new AnswerInProgress();
    const whole = new Deferred<Answer>();
    this.#waiting = whole;
    const sink = {
      interim: (head: ResponseHead) => void answer.interim.push(head),
      head: (head: ResponseHead, framing: Framing) => {
        Object.assign(answer, head, { framing });
        options.onHead?.(head);
      },
      body: (piece: Buffer) => {
        answer.bodyBytes += piece.length;
        if (options.onBody === undefined) answer.pieces.push(Buffer.from(piece));
        else options.onBody(piece);
      },
      end: (trailers: [string, string][]) => {
        answer.trailers = trailers;
        whole.resolve(answer);
      },
    };
    try {
      this.#parser.expect(options.method ?? 'GET', sink);
      if (this.#closing !== undefined && !whole.isSettled) this.#parser.finish();
    } catch (error) {
      this.#fail(error as Error);
    }
    return await within(
      options.timeoutMs ?? defaultTimeoutMs,
      `response to ${options.method ?? 'GET'}`,
      whole.promise,
    );
  }

  async request(target: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = this.read(options);
    await Promise.all([this.write(requestText(target, options)).catch(() => {}), answer]);
    return await answer;
  }

  /** Waits for the server to close. */
  async waitClosed(timeoutMs = defaultTimeoutMs): Promise<Closing> {
    return await within(timeoutMs, 'the server closes the connection', this.closed);
  }

  /** Ends our side only. */
  halfClose(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function fetchOnce(
  address: Address,
  target: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const client = await RawClient.connect(address);
  try {
    return await client.request(target, options);
  } finally {
    client.destroy();
  }
}

/** Sends raw bytes on a connection of its own, and reads one response and how the connection ended. */
export async function exchangeRaw(
  address: Address,
  bytes: string | Buffer,
  options: ReadOptions & { pieces?: (string | Buffer)[] } = {},
): Promise<{ answer: Answer; closing: Promise<Closing>; client: RawClient }> {
  const client = await RawClient.connect(address);
  const answer = client.read(options);
  const sent = client.writePieces(options.pieces ?? [bytes]);
  await Promise.all([sent, answer]);
  return { answer: await answer, closing: client.closed, client };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

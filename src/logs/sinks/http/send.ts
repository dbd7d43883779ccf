/**
 * One connection to the server, kept between batches: the sinks' only use of undici, which is loaded when there is such a
 * sink.
 */
import { readFile } from 'node:fs/promises';
import type { Client, Dispatcher } from 'undici';
import type { HttpDestination } from './config.ts';
import { type Answer, failureOfError, lookedAtBytesMax } from './request.ts';

/** What a connection that the server has closed meanwhile looks like. */
const closedCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export class Connection {
  readonly #client: Client;
  readonly #path: string;
  readonly #totalMs: number;
  /** Connections made so far. */
  #made = 0;

  private constructor(client: Client, path: string, totalMs: number) {
    this.#client = client;
    this.#path = path;
    this.#totalMs = totalMs;
    client.on('connect', () => {
      this.#made += 1;
    });
  }

  /** Reads what it needs; nothing is connected yet. */
  static async prepare({ url: text, timeouts, tls }: HttpDestination): Promise<Connection> {
    const undici = await import('undici');
    const url = new URL(text);
    const ca = tls.ca === undefined ? {} : { ca: await readFile(tls.ca) };
    const client = new undici.Client(url.origin, {
      connect: { ...ca, timeout: timeouts.connectMs, rejectUnauthorized: true },
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.bodyMs,
      pipelining: 1,
      autoSelectFamily: true,
    });
    return new Connection(client, `${url.pathname}${url.search}`, timeouts.totalMs);
  }

  /** Rejects unless an answer was read to its end. */
  async post(headers: Record<string, string>, body: Uint8Array): Promise<Answer> {
    const before = this.#made;
    try {
      return await this.#ask(headers, body);
    } catch (error) {
      // The server has closed a connection that it had kept, just when it was used again (RFC 9112 9.3.1): the batch has
      // its key, so it may be sent twice, and that is no failure to tell.
      const wasKept = before > 0 && this.#made === before;
      if (!wasKept || !closedCodes.has(failureOfError(error).code)) throw error;
      return await this.#ask(headers, body);
    }
  }

  async #ask(headers: Record<string, string>, body: Uint8Array): Promise<Answer> {
    const answer = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers,
      body,
      signal: AbortSignal.timeout(this.#totalMs),
    });
    return {
      status: answer.statusCode,
      retryAfter: firstOf(answer.headers['retry-after']),
      begin: await readWhole(answer.body),
    };
  }

  /** What is on its way fails. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Reads to the end, and keeps the begin. */
async function readWhole(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const begin = new Uint8Array(lookedAtBytesMax);
  let length = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    const part = piece.subarray(0, lookedAtBytesMax - length);
    begin.set(part, length);
    length += part.length;
  }
  return begin.subarray(0, length);
}

/**
 * The admin API over HTTP: on a loopback address or a Unix socket, for operators and their scripts. A browser must not be
 * able to use it, so a foreign Host and any Origin field are refused; changes need a token.
 */
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { expositionType } from '../metrics/index.ts';
import { readExplain } from './explain.ts';
import type { AdminPorts, Outcome } from './ports.ts';
import { type Problem, problems } from './problem.ts';
import { readPurge } from './purge.ts';
import { redact } from './redact.ts';
import { problem, type Reply } from './reply.ts';
import { beginTail, linesType } from './tail.ts';
import { isToken } from './token.ts';

export type AdminAddress = { kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string };

const bodyBytesMax = 65_536;
const agentBytesMax = 200;

interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  /** `by` says who asks, for the audit lines. */
  handle: (ports: AdminPorts, match: RegExpExecArray, body: string, by: string) => Promise<Reply> | Reply;
}

/** The one resource that does not end by itself. */
const tailPath = '/logs/tail';

const json = (status: number, value: unknown): Reply => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});
const text = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body });

function fromOutcome<T>(outcome: Outcome<T>, status = 200): Reply {
  return outcome.ok ? json(status, outcome.value) : problem(outcome.problem);
}

/** One row per resource; any other path is 404, another method 405. */
const routes: readonly Route[] = [
  { method: 'GET', path: /^\/healthz$/, handle: () => text(200, 'ok\n') },
  {
    method: 'GET',
    path: /^\/readyz$/,
    handle: (ports) => {
      const { isReady, detail } = ports.readiness();
      return isReady ? text(200, 'ready\n') : problem({ status: 503, title: 'Service Unavailable', detail });
    },
  },
  {
    method: 'GET',
    path: /^\/metrics$/,
    handle: async (ports) => ({ status: 200, type: expositionType, body: await ports.metrics() }),
  },
  { method: 'GET', path: /^\/config$/, handle: (ports) => json(200, redact(ports.config())) },
  { method: 'GET', path: /^\/cache\/stats$/, handle: (ports) => json(200, ports.cacheStats()) },
  { method: 'GET', path: /^\/logs\/stats$/, handle: async (ports) => json(200, await ports.logStats()) },
  // A HEAD of it: what a GET would begin with.
  { method: 'GET', path: /^\/logs\/tail$/, handle: () => ({ status: 200, type: linesType, body: '' }) },
  { method: 'POST', path: /^\/reload$/, handle: async (ports) => fromOutcome(await ports.reload()) },
  {
    method: 'POST',
    path: /^\/purge$/,
    handle: async (ports, _match, body, by) => {
      const request = readPurge(body);
      return 'status' in request ? problem(request) : fromOutcome(await ports.purge(request, by));
    },
  },
  {
    method: 'POST',
    path: /^\/explain$/,
    handle: (ports, _match, body) => {
      const question = readExplain(body);
      return 'title' in question ? problem(question) : fromOutcome(ports.explain(question));
    },
  },
  {
    method: 'POST',
    path: /^\/workers\/([0-9]{1,3})\/restart$/,
    handle: (ports, match) => fromOutcome(ports.restartWorker(Number(match[1])), 202),
  },
];

export class AdminServer {
  readonly #server: Server;
  readonly #ports: AdminPorts;
  readonly #token: string;
  #address: AdminAddress | undefined;

  constructor(ports: AdminPorts, token: string) {
    this.#ports = ports;
    this.#token = token;
    this.#server = createServer(
      { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = 256;
  }

  /** Resolves to the address in use. Throws with the code of the system (EADDRINUSE). */
  async listen(address: AdminAddress): Promise<AdminAddress> {
    if (address.kind === 'unix') {
      await removeStaleSocket(address.path);
      this.#server.listen({ path: address.path });
      await once(this.#server, 'listening');
      chmodSync(address.path, 0o660);
      this.#address = address;
    } else {
      this.#server.listen({ host: address.host, port: address.port, exclusive: true });
      await once(this.#server, 'listening');
      this.#address = { ...address, port: (this.#server.address() as AddressInfo).port };
    }
    return this.#address;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply | null;
    let allow: string | undefined;
    try {
      ({ reply, allow } = await this.#route(request, response));
    } catch (error) {
      this.#ports.audit(`${request.method} ${request.url}: ${(error as Error).stack}`);
      reply = problem(problems.internal());
    }
    // It has its answer already, and goes on.
    if (reply === null) return;
    if (request.method === 'POST')
      this.#ports.audit(`admin: ${request.method} ${request.url} -> ${reply.status}`);
    if (response.destroyed) return;
    response.writeHead(reply.status, {
      'content-type': reply.type,
      'content-length': Buffer.byteLength(reply.body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(allow === undefined ? {} : { allow }),
      ...(reply.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      // A body that was not read to its end would be taken for the next request.
      ...(request.complete ? {} : { connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : reply.body);
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ reply: Reply | null; allow?: string }> {
    if (!this.#isOwnHost(request.headers.host)) return { reply: problem(problems.foreignHost()) };
    if (request.headers.origin !== undefined) return { reply: problem(problems.origin()) };
    const path = (request.url ?? '').replace(/\?.*$/, '');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const matching = routes.filter((row) => row.path.test(path));
    if (matching.length === 0) return { reply: problem(problems.notFound(path)) };
    const route = matching.find((row) => row.method === method);
    if (route === undefined) {
      const allow = matching.map((row) => (row.method === 'GET' ? 'GET, HEAD' : row.method)).join(', ');
      return { reply: problem(problems.method(request.method ?? '', allow)), allow };
    }
    if (path === tailPath && request.method === 'GET')
      return { reply: beginTail(this.#ports, request, response) };
    if (route.method === 'POST' && !isToken(request.headers.authorization, this.#token)) {
      return { reply: problem(problems.token()) };
    }
    const body = route.method === 'POST' ? await readBody(request) : '';
    if (typeof body !== 'string') return { reply: problem(body) };
    const match = route.path.exec(path) as RegExpExecArray;
    return { reply: await route.handle(this.#ports, match, body, clientOf(request)) };
  }

  /** A name that resolves to loopback by an attacker's DNS would still be in the Host field. */
  #isOwnHost(host: string | undefined): boolean {
    const address = this.#address;
    if (host === undefined || address === undefined) return false;
    if (address.kind === 'unix') return /^(localhost|parapet)(:[0-9]+)?$/i.test(host);
    const literal = address.host.includes(':') ? `[${address.host}]` : address.host;
    const names = [literal, 'localhost', '127.0.0.1', '[::1]'];
    const suffixes = address.port === 80 ? [':80', ''] : [`:${address.port}`];
    return names.some((name) => suffixes.some((suffix) => host.toLowerCase() === name + suffix));
  }
}

/** Where a request comes from, and what it says of itself; fit for a line of the log. */
function clientOf({ socket, headers }: IncomingMessage): string {
  const { remoteAddress, remotePort } = socket;
  const from = remoteAddress === undefined ? 'the admin socket' : `${remoteAddress}:${remotePort}`;
  const agent = (headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, agentBytesMax);
  return agent === '' ? from : `${from} (${agent})`;
}

async function readBody(request: IncomingMessage): Promise<string | Problem> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > bodyBytesMax) return problems.tooLarge(bodyBytesMax);
    pieces.push(piece);
  }
  const isJson = /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
  if (length > 0 && !isJson) return problems.mediaType();
  return Buffer.concat(pieces).toString();
}

/** A socket file that nobody listens on is left from a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  const isLive = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ path });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
  if (!isLive) rmSync(path, { force: true });
}

/** Origins that speak TLS, well and badly. */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer, TLSSocket, type TlsOptions } from 'node:tls';
import type { Test } from 'tap';
import type { Issued } from '../../support/certificates.ts';
import type { Address } from '../../support/raw-client.ts';
import { type OriginConnection, ok, ScriptedOrigin } from '../../support/scripted-origin.ts';

async function listen(t: Test, server: Server): Promise<Address> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { host: '127.0.0.1', port: address.port };
}

export interface TlsOrigin {
  address: Address;
  scripts: ScriptedOrigin['scripts'];
  log: ScriptedOrigin['log'];
  /** Every connection whose handshake was completed. */
  sockets: TLSSocket[];
  resumed: () => number;
}

/** A scripted origin behind TLS; by default it answers every request with a small 200. */
export async function startTlsOrigin(t: Test, issued: Issued, options: TlsOptions = {}): Promise<TlsOrigin> {
  const origin = new ScriptedOrigin();
  origin.fallback = (connection) => connection.write(ok('from the origin'));
  const sockets: TLSSocket[] = [];
  let resumed = 0;
  const server = createServer(
    { cert: issued.chain, key: issued.key, allowHalfOpen: true, ...options },
    (socket) => {
      sockets.push(socket);
      if (socket.isSessionReused()) resumed += 1;
      // The scripted origin's own server is not listening: it is handed connections.
      origin.server.emit('connection', socket);
    },
  );
  server.on('tlsClientError', () => {});
  const address = await listen(t, server);
  t.teardown(() => origin.stop());
  return { address, scripts: origin.scripts, log: origin.log, sockets, resumed: () => resumed };
}

/** A TCP server whose connections are the test's own. */
export async function startTcpOrigin(t: Test, serve: (socket: Socket) => void): Promise<Address> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  return await listen(t, server);
}

/** TLS over a TCP socket that stays within reach, so that it can be ended without a goodbye. */
export function tlsOver(tcp: Socket, issued: Issued): TLSSocket {
  const secureContext = createSecureContext({ cert: issued.chain, key: issued.key });
  const socket = new TLSSocket(tcp, { isServer: true, secureContext });
  socket.on('error', () => {});
  return socket;
}

export type { OriginConnection };

/** Opens the sockets of a listener, one per worker slot, and says in an operator's words why it cannot. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Binding } from '../engine/native/binding.ts';
import type { ListenerRequest, OpenListener } from './handover.ts';

export type ListenBinding = Pick<Binding, 'listen' | 'closeFd'>;

/**
 * Sockets that share a port (SO_REUSEPORT) would share it with another Parapet of the same user too, in silence: a plain
 * socket is bound first, which fails where anybody listens.
 */
async function probe(host: string, port: number): Promise<void> {
  const server = createServer();
  server.listen({ host, port, exclusive: true, ipv6Only: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

export async function openListener(
  binding: ListenBinding,
  request: ListenerRequest,
  workers: number,
): Promise<OpenListener> {
  if (request.port !== 0) await probe(request.host, request.port);
  const fds: number[] = [];
  let port = request.port;
  try {
    for (let slot = 0; slot < workers; slot++) {
      const opened = binding.listen(request.host, port, request.backlog);
      fds.push(opened.fd);
      port = opened.port;
    }
  } catch (error) {
    for (const fd of fds) binding.closeFd(fd);
    throw error;
  }
  return { key: request.key, port, fds };
}

export function closeListener(binding: ListenBinding, listener: OpenListener): void {
  for (const fd of listener.fds) binding.closeFd(fd);
}

export function explainListenError(error: unknown, request: ListenerRequest, file: string): string {
  const { address, host, where } = request;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use: stop what listens there, or change ${where} in ${file}`;
    case 'EACCES':
      return `${address} needs the right to bind a low port (CAP_NET_BIND_SERVICE): grant it, or change ${where} in ${file}`;
    case 'EADDRNOTAVAIL':
      return `this machine has no address ${host}: change ${where} in ${file}`;
    case 'EAFNOSUPPORT':
      return `this machine has no IPv6: change ${where} in ${file}`;
    default:
      return `cannot listen on ${address} (${where} in ${file}): ${message}`;
  }
}

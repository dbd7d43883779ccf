/** One connection that requests are sent on one after the other, in the clear or over TLS. */
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type Address, RawClient } from '../../test/support/raw-client.ts';

export interface Heard {
  status: number;
  body: Buffer;
  field(name: string): string | undefined;
}

export interface Conversation {
  ask(path: string): Promise<Heard>;
  /** Of TLS; empty in the clear. */
  protocol(): string;
  end(): void;
}

export async function converse(address: Address, isTls: boolean, host = 'bench.test'): Promise<Conversation> {
  if (isTls) return converseOverTls(address, host);
  const client = await RawClient.connect(address);
  return {
    ask: (path) => client.request(path, { host }),
    protocol: () => '',
    end: () => client.destroy(),
  };
}

function converseOverTls(address: Address, host: string): Conversation {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  let protocol = '';
  const ask = (path: string): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const options = { ...address, path, agent, headers: { host }, servername: host };
      const sent = request(options, (response) => {
        protocol = (response.socket as TLSSocket).getProtocol() ?? '';
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const field = (name: string) => [response.headers[name.toLowerCase()]].flat()[0];
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces), field });
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  return { ask, protocol: () => protocol, end: () => agent.destroy() };
}

/** Addresses at which no origin answers: nobody listens, nobody accepts. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import type { Address } from './raw-client.ts';
import { within } from './within.ts';

/** A port that was free a moment ago: connections are refused. */
export async function freeAddress(): Promise<Address> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  await new Promise((resolve) => server.close(resolve));
  return { host: '127.0.0.1', port: address.port };
}

// A thread that listens and then blocks for ever, so that nothing is accepted.
const blockedListener = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ host: workerData, port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;
const fillers = 4;

/** A listener whose backlog is full: the kernel drops every further attempt, so that connecting takes for ever. */
export async function neverAcceptingAddress(t: Test, host = '127.0.0.1'): Promise<Address> {
  const worker = new Worker(blockedListener, { eval: true, workerData: host });
  const [port] = (await within(5_000, 'the blocked listener', once(worker, 'message'))) as [number];
  const address = { host, port };
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await worker.terminate();
  });
  for (let index = 0; index < fillers; index += 1) {
    const socket = connect(address);
    socket.on('error', () => {});
    sockets.push(socket);
  }
  // The first two fill the queue (backlog + 1); the others are what every later attempt will be.
  await within(
    5_000,
    'a full backlog',
    Promise.all(sockets.slice(0, 2).map((socket) => once(socket, 'connect'))),
  );
  return address;
}

/** Sessions are resumed by whichever worker the next connection comes to, and across the change of keys. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import { readMetric } from '../../support/admin.ts';
import type { Address } from '../../support/raw-client.ts';
import { Deferred, within } from '../../support/within.ts';
import { shake } from './handshake.ts';
import { startTlsSite } from './site.ts';

type Version = 'TLSv1.2' | 'TLSv1.3';

/** One request on a connection of its own, with a session or without; the session to go on with. */
async function visit(
  address: Address,
  version: Version,
  session?: Buffer,
): Promise<{ session: Buffer; isResumed: boolean }> {
  const socket: TLSSocket = await shake(address, {
    minVersion: version,
    maxVersion: version,
    ...(session && { session }),
  });
  const next = new Deferred<Buffer>();
  socket.on('session', (given: Buffer) => next.resolve(given));
  const answered = new Deferred<void>();
  socket.on('data', () => answered.resolve());
  const isResumed = socket.isSessionReused();
  socket.write('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
  await within(10_000, 'the answer', answered.promise);
  // TLS 1.2 sends no new ticket where the old one is good.
  if (version === 'TLSv1.2') next.resolve(socket.getSession() as Buffer);
  const given = await within(10_000, 'a session', next.promise);
  socket.destroy();
  return { session: given, isResumed };
}

export async function resumption(t: Test): Promise<void> {
  const { address, parapet } = await startTlsSite(t, { over: { workers: 4 } });
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    await t.test(version, async (t) => {
      const connections = 200;
      const before = (await readMetric(parapet, 'parapet_tls_resumed_total')) ?? 0;
      let { session, isResumed } = await visit(address, version);
      t.equal(isResumed, false);
      let resumed = 0;
      for (let turn = 0; turn < connections; turn += 1) {
        ({ session, isResumed } = await visit(address, version, session));
        if (isResumed) resumed += 1;
      }
      t.ok(resumed >= 0.99 * connections, `${resumed} of ${connections} fresh connections resumed`);
      t.equal((await readMetric(parapet, 'parapet_tls_resumed_total')) ?? 0, before + resumed);
    });
  }
}

export async function rotation(t: Test): Promise<void> {
  const { address } = await startTlsSite(t, { over: { tls: { ticketKeySeconds: 2 } } });
  const versions = (['TLSv1.3', 'TLSv1.2'] as const).map(async (version) => {
    const { session } = await visit(address, version);
    await delay(2400);
    const later = await visit(address, version, session);
    t.equal(later.isResumed, true, `${version}: a ticket of the key before is good`);
    await delay(4500);
    const tooLate = await visit(address, version, session);
    t.equal(tooLate.isResumed, false, `${version}: one that is too old is not`);
  });
  await Promise.all(versions);
}

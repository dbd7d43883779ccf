/** Gate 5: TLS, both sides. The cases are rows and steps in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import { chosenCertificate, oddClients, protocols } from './gate-5/handshake.ts';
import { idleMemory } from './gate-5/idle.ts';
import { sameThread, sClient } from './gate-5/neighbours.ts';
import { believed, changedTrust, nextServer, refused, truncation } from './gate-5/origin.ts';
import { reloads } from './gate-5/reload.ts';
import { resumption, rotation } from './gate-5/sessions.ts';
import { kills, large, pipelining, uploads } from './gate-5/transfer.ts';

t.setTimeout(patience(isFull ? 890_000 : 300_000));

const groups: [name: string, run: (t: Test) => Promise<void>][] = [
  ['the certificate is chosen by name and by what the client can do', chosenCertificate],
  ['protocols, ciphers, groups and application protocols', protocols],
  ['clients that are slow, broken, or speak plain HTTP', oddClients],
  ['200 fresh connections over four workers resume their session', resumption],
  ['keys for tickets change, sessions live on', rotation],
  ['reloads of certificates', reloads],
  ['origins that are believed', believed],
  ['origins that are refused', refused],
  ['a handshake that fails may be tried with the next server', nextServer],
  ['a body that ends without a goodbye is cut short, and not stored', truncation],
  ['a change of what is trusted holds at once', changedTrust],
  ['large bodies down, slow readers', large],
  ['large bodies up, slow readers', uploads],
  ['pipelining', pipelining],
  ['kill -9 under load: every response has its record', kills],
  ['node:tls on the thread of the engine is never disturbed', sameThread],
  ['openssl s_client', sClient],
  ['memory of idle connections', idleMemory],
];
for (const [name, run] of groups) await t.test(name, { skip: skipReason, timeout: patience(110_000) }, run);

/** Gate 5: TLS, both sides. The cases are rows and steps in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import { chosenCertificate, oddClients, protocols } from './gate-5/handshake.ts';
import { reloads } from './gate-5/reload.ts';
import { resumption, rotation } from './gate-5/sessions.ts';

t.setTimeout(patience(isFull ? 890_000 : 240_000));

const groups: [name: string, run: (t: Test) => Promise<void>][] = [
  ['the certificate is chosen by name and by what the client can do', chosenCertificate],
  ['protocols, ciphers, groups and application protocols', protocols],
  ['clients that are slow, broken, or speak plain HTTP', oddClients],
  ['200 fresh connections over four workers resume their session', resumption],
  ['keys for tickets change, sessions live on', rotation],
  ['reloads of certificates', reloads],
];
for (const [name, run] of groups) await t.test(name, { skip: skipReason, timeout: patience(110_000) }, run);

/** Ranges, partial content and large objects. The cases are in the folder of the same name; one proxy serves them all. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import { coldStart, parts, thrift } from './cache-ranges/fills.ts';
import { type Site, startSite } from './cache-ranges/site.ts';
import {
  changes,
  collapses,
  drains,
  leaves,
  otherClients,
  purges,
  randomRanges,
  rules,
  seeks,
  smallAndWithoutRanges,
  spoilt,
  varies,
  wholes,
} from './cache-ranges/slices.ts';
import { curlReads, severalRanges, slowReader, storedEdges } from './cache-ranges/stored.ts';

t.setTimeout(patience(isFull ? 600_000 : 240_000));

const cases: [name: string, run: (t: Test, site: Site) => Promise<void>][] = [
  ['ranges of a stored response', storedEdges],
  ['several ranges of a stored response', severalRanges],
  ['curl reads ranges', curlReads],
  ['a client that is slow to read several ranges', slowReader],
  ['all of a cold key as a range fills the store', coldStart],
  ['the answer to one range', parts],
  ['what is fetched on after a client has left', thrift],
  ['seeking in slices', seeks],
  ['the whole of slices', wholes],
  ['small objects, and an origin without ranges', smallAndWithoutRanges],
  ['answers that are no slice', spoilt],
  ['another version', changes],
  ['many clients in one slice', collapses],
  ['a client that does not read', drains],
  ['a client that leaves', leaves],
  ['a purge', purges],
  ['slices that vary', varies],
  ['slices and rules', rules],
  ['random ranges in slices', randomRanges],
  ['clients over TLS and of HTTP/1.0', otherClients],
];

await t.test('ranges', { skip: skipReason, timeout: patience(isFull ? 590_000 : 230_000) }, async (t) => {
  const site = await startSite(t);
  for (const [name, run] of cases) await t.test(name, { timeout: patience(100_000) }, (t) => run(t, site));
});

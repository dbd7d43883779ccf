/** Parts of one response, kept together and put together (RFC 9111 3.3, 3.4). The cases are in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import {
  bounds,
  conditions,
  fromParts,
  gaps,
  otherClients,
  randomParts,
  recorded,
  ruled,
  together,
  wholes,
} from './cache-parts/combine.ts';
import {
  crowdedParts,
  crowds,
  cutOff,
  flips,
  freshness,
  midFlight,
  others,
  purges,
  validators,
  variants,
} from './cache-parts/faults.ts';
import { type Site, startSite } from './cache-ranges/site.ts';

t.setTimeout(patience(isFull ? 600_000 : 240_000));

const cases: [name: string, run: (t: Test, site: Site) => Promise<void>][] = [
  ['ranges over adjacent parts', together],
  ['what lacks is asked for alone', gaps],
  ['the whole of parts', wholes],
  ['conditions and several ranges', conditions],
  ['random ranges', randomParts],
  ['more parts than are kept', bounds],
  ['clients over TLS and of HTTP/1.0', otherClients],
  ['explain', fromParts],
  ['rules', ruled],
  ['records', recorded],
  ['which validators put parts together', validators],
  ['answers that are not what lacks', others],
  ['another version in the middle', midFlight],
  ['an origin that breaks off', cutOff],
  ['stale parts', freshness],
  ['a purge', purges],
  ['parts that vary', variants],
  ['many clients that lack the same', crowds],
  ['random ranges by several clients at once', crowdedParts],
  ['an object that changes all the time', flips],
];

await t.test('parts', { skip: skipReason, timeout: patience(isFull ? 590_000 : 230_000) }, async (t) => {
  const site = await startSite(t);
  for (const [name, run] of cases) await t.test(name, { timeout: patience(100_000) }, (t) => run(t, site));
});

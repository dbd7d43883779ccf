/** The store in use: stampedes, statistics, and its budget under churn. Cases are in the folder of the same name. */
import t, { type Test } from 'tap';
import { siteConfig } from '../support/config.ts';
import { skipReason, startParapet } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import { startScriptedOrigin } from '../support/scripted-origin.ts';
import { churn } from './cache-store/churn.ts';
import { explained } from './cache-store/explain.ts';
import {
  failingOrigin,
  leaderLeaves,
  type Site,
  thousandClients,
  uncacheable,
  variants,
} from './cache-store/stampede.ts';
import { statistics } from './cache-store/stats.ts';

t.setTimeout(patience(isFull ? 600_000 : 300_000));

const shared: [name: string, run: (t: Test, site: Site) => Promise<void>][] = [
  ['a thousand clients for one cold key are one request', thousandClients],
  ['each variant of a cold key is fetched once', variants],
  ['what may not be stored holds nobody up', uncacheable],
  ['the first client leaves', leaderLeaves],
  ['the origin fails the first time', failingOrigin],
  ['statistics by zone and status', statistics],
  ['what is stored for a request', explained],
];

await t.test('one site', { skip: skipReason }, async (t) => {
  const origin = await startScriptedOrigin(t);
  const config = siteConfig(origin.address, {
    zones: [
      { name: 'counted', hosts: ['counted.test'], origin: 'site', cache: { mode: 'standard' } },
      { name: 'site', hosts: ['*'], origin: 'site', cache: { mode: 'standard' } },
    ],
  });
  const parapet = await startParapet(t, config);
  for (const [name, run] of shared)
    await t.test(name, { timeout: patience(120_000) }, async (t) => await run(t, { origin, parapet }));
});

await t.test(
  'the store keeps to its budget under a churn of mixed sizes',
  { skip: skipReason, timeout: patience(isFull ? 400_000 : 120_000) },
  churn,
);

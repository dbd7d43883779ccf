/** Purges: one Parapet with two workers for all cases, which are in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';
import {
  everyForm,
  rewrittenUrl,
  staleRules,
  tagsByRules,
  tagsOverRevalidation,
  variantsAndFields,
} from './cache-purge/forms.ts';
import { auditLines, commandLine, zonesComeAndGo } from './cache-purge/operator.ts';
import {
  changedWhileAsked,
  everyWorkerAtOnce,
  purgedAgainAndAgain,
  tenThousandTags,
  underLoad,
  whileAsked,
} from './cache-purge/races.ts';
import { type Site, startSite } from './cache-purge/site.ts';

t.setTimeout(patience(300_000));

const groups: [name: string, run: (t: Test, site: Site) => Promise<void>][] = [
  ['each form, hard and soft, from the very next request on', everyForm],
  ['a URL is all its variants, and what request fields extend it to', variantsAndFields],
  ['stale-while-revalidate and stale-if-error after a soft purge', staleRules],
  ['tags and 304', tagsOverRevalidation],
  ['tags that rules add and take away', tagsByRules],
  ['a URL that rules rewrite', rewrittenUrl],
  ['all connections of both workers ask right behind each purge', everyWorkerAtOnce],
  ['a purge while the origin is asked', whileAsked],
  ['a purge of each version that is asked for', purgedAgainAndAgain],
  ['an unsafe request while the origin is asked', changedWhileAsked],
  ['10 000 tags', tenThousandTags],
  ['purges under load', underLoad],
  ['parapet purge', commandLine],
  ['a line for each purge', auditLines],
  ['zones that come and go', zonesComeAndGo],
];

await t.test('one site', { skip: skipReason }, async (t) => {
  const site = await startSite(t);
  for (const [name, run] of groups)
    await t.test(name, { timeout: patience(60_000) }, async (t) => await run(t, site));
});

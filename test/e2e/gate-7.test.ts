/** Gate 7: the operator's surface. The cases are in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';
import { examples } from './gate-7/examples.ts';
import { metrics } from './gate-7/metrics.ts';
import { movedSite, nginxSkip } from './gate-7/nginx-move.ts';
import { notifies, notifySkip, watchdog } from './gate-7/notify.ts';
import { pagesAfterReload, pagesByStatus, pagesOfTheEngine } from './gate-7/pages.ts';
import { serverField } from './gate-7/server-field.ts';

t.setTimeout(patience(480_000));

const groups: [name: string, run: (t: Test) => Promise<void>, skip?: string | false][] = [
  ['error pages of what the policy answers', pagesByStatus],
  ['error pages of what the engine answers by itself', pagesOfTheEngine],
  ['error pages change with a reload, and outlive a crash', pagesAfterReload],
  ['the field Server', serverField],
  ['the examples', examples],
  ['a small nginx site, moved by the table', movedSite, nginxSkip],
  ['metrics', metrics],
  ['a service manager is told what happens', notifies, notifySkip],
  ['a control thread that hangs gives no sign of life', watchdog, notifySkip],
];
for (const [name, run, skip = false] of groups)
  await t.test(name, { skip: skipReason || skip, timeout: patience(110_000) }, run);

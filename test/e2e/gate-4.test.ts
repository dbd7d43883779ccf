/** Gate 4: rules in a running proxy, with two workers. The cases are rows and steps in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';
import { documented } from './gate-4/documented.ts';
import { commands, explainAgrees } from './gate-4/explain.ts';
import { hostileNames, injections } from './gate-4/injection.ts';
import {
  actions,
  collapsed,
  keepAlive,
  listenerFields,
  metrics,
  pipelined,
  recordsOfRules,
} from './gate-4/phases.ts';
import { listFiles, refusedReloads, reloadUnderLoad, reloadWithin } from './gate-4/reload.ts';
import { manyRules } from './gate-4/scale.ts';

t.setTimeout(patience(240_000));

const groups: [name: string, run: (t: Test) => Promise<void>][] = [
  ['every action in every phase, at misses and at hits', actions],
  ['rules see the listener', listenerFields],
  ['one connection, one request after the other', keepAlive],
  ['requests that do not wait for each other are answered in order, each by its rule', pipelined],
  ['the record tells which rules matched', recordsOfRules],
  ['one fetch for many clients of a rewritten URL', collapsed],
  ['matches are counted', metrics],
  ['explain says what the proxy does', explainAgrees],
  ['check and explain on the command line', commands],
  ['the sample of the documentation runs', documented],
  ['nothing that a client sends becomes more than a value', injections],
  ['names that mean something to JavaScript', hostileNames],
  ['rules are exchanged under load, and no connection is closed', reloadUnderLoad],
  ['an exchange ends under the rules that it began under', reloadWithin],
  ['a reload that is refused changes nothing', refusedReloads],
  ['lists from files are read again', listFiles],
  ['ten thousand rules', manyRules],
];

for (const [name, run] of groups) await t.test(name, { skip: skipReason }, run);

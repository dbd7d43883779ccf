/** Gate 3: many workers, one product. The cases are rows and steps in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';
import { adminApi, badConfigs, fullDisk, refusedStarts, unwritableFolder } from './gate-3/admin.ts';
import { cachingTable, purge, storedForOldClients, truncatedIsNotStored } from './gate-3/caching.ts';
import {
  leaderLeaves,
  leadingWorkerDies,
  manyClients,
  notForSharing,
  originFailsAfterHead,
  originFailsBeforeHead,
  outgrown,
} from './gate-3/collapse.ts';
import { killedChild, policyFaults, replacedWorker, workerFaults } from './gate-3/faults.ts';
import { drains, listenersComeAndGo, reloads, reopensLogs } from './gate-3/reload.ts';
import { forwarding, noZone, zoneTable } from './gate-3/zones.ts';

t.setTimeout(patience(330_000));

const groups: [name: string, run: (t: Test) => Promise<void>][] = [
  ['200 clients on one cold key over two workers: one request', manyClients],
  ['the client of the leader leaves: the fetch goes on', leaderLeaves],
  ['the worker of the leader dies before the head: one follower takes over', leadingWorkerDies],
  ['the origin fails before the head: one follower takes over', originFailsBeforeHead],
  ['the origin fails after the head: the followers are cut short, nothing is stored', originFailsAfterHead],
  ['a response that outgrows the object limit goes on for its followers', outgrown],
  ['a response that is not for sharing: each fetches its own', notForSharing],
  ['faults of the policy', policyFaults],
  ['faults that cost a worker', workerFaults],
  ['kill -9 of the child under load: no connection refused', killedChild],
  ['a worker is replaced: none reset except those it served', replacedWorker],
  ['reloads keep connections', reloads],
  ['listeners come and go by reload', listenersComeAndGo],
  ['the end is orderly', drains],
  ['SIGUSR1 reopens the log file', reopensLogs],
  ['caching, row by row', cachingTable],
  ['a truncated response is not stored', truncatedIsNotStored],
  ['parapet purge --url', purge],
  ['a stored response for an HTTP/1.0 client', storedForOldClients],
  ['zones by host', zoneTable],
  ['a host that no zone takes', noZone],
  ['what the origin learns of the client', forwarding],
  ['the admin API', adminApi],
  ['configs that cannot be used', badConfigs],
  ['starts that are refused', refusedStarts],
  ['a full disk', fullDisk],
  ['a log file that cannot be opened', unwritableFolder],
];
for (const [name, run] of groups) await t.test(name, { skip: skipReason, timeout: patience(110_000) }, run);

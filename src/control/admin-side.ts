/** The admin API's view of the process. */
import { readdirSync } from 'node:fs';
import {
  type AdminPorts,
  type LineReader,
  type Outcome,
  type PurgeRequest,
  problems,
  type TailQuestion,
} from '../admin/index.ts';
import type { Binding } from '../engine/native/binding.ts';
import {
  type CounterPage,
  engineFamilies,
  type Family,
  family,
  formatExposition,
  processFamilies,
  storeFamilies,
} from '../metrics/index.ts';
import type { Configuration } from './configuration.ts';
import type { Delivery } from './delivery.ts';
import type { Fleet } from './fleet.ts';
import { logFamilies } from './log-families.ts';
import { parseRequestUrl, primaryKey } from './request-url.ts';
import { tailRequest } from './tail-request.ts';
import { zoneOf } from './zone-of.ts';

/** What the API looks at; the process owns it. */
export interface Observed {
  binding: Pick<Binding, 'storeStats' | 'storePurge' | 'storePurgeAll'>;
  version: string;
  startSeconds: number;
  fdsMax: number;
  workers: number;
  /** Undefined until the workers have started. */
  fleet(): Fleet | undefined;
  delivery(): Delivery | undefined;
  configuration(): Configuration;
  isDraining(): boolean;
  pages(): CounterPage[];
  reloads(): { succeeded: number; refused: number };
  reload(): Promise<Outcome<{ snapshot: number }>>;
  tell(line: string): void;
}

/** Sessions of live records at a time: each costs the log thread the lines that it sees. */
const tailsMax = 16;

export function adminPorts(observed: Observed): AdminPorts {
  return {
    readiness: () => readiness(observed),
    metrics: async () => formatExposition(await families(observed)),
    config: () => observed.configuration().config,
    reload: async () => await observed.reload(),
    purge: async (request) => purge(observed, request),
    restartWorker: (slot) => {
      const isThere = observed.fleet()?.replace(slot, 'the admin API asked for it') ?? false;
      return isThere
        ? { ok: true, value: { worker: slot } }
        : { ok: false, problem: problems.notFound(`worker ${slot}`) };
    },
    logTail: (question, reader) => tail(observed, question, reader),
    logStats: async () => (await observed.delivery()?.stats()) ?? {},
    audit: (line) => observed.tell(line),
  };
}

function tail(observed: Observed, question: TailQuestion, reader: LineReader): Outcome<() => void> {
  const delivery = observed.delivery();
  if (delivery === undefined) return { ok: false, problem: problems.refused('The process starts.') };
  if (delivery.tails >= tailsMax)
    return { ok: false, problem: problems.tooMany(`${tailsMax} sessions of live records are under way.`) };
  const request = tailRequest(observed.configuration(), question);
  return request.ok ? { ok: true, value: delivery.tail(request.value, reader) } : request;
}

function readiness(observed: Observed): { isReady: boolean; detail: string } {
  const fleet = observed.fleet();
  if (observed.isDraining()) return { isReady: false, detail: 'The process drains.' };
  if (fleet === undefined) return { isReady: false, detail: 'The workers start.' };
  const { missing } = fleet;
  const detail = `Without a thread that accepts: worker ${missing.join(', worker ')}.`;
  return missing.length === 0 ? { isReady: true, detail: '' } : { isReady: false, detail };
}

function purge(observed: Observed, request: PurgeRequest): Outcome<{ purged: number }> {
  const { binding } = observed;
  const how = request.soft ? 'soft purge' : 'purge';
  if (request.url === undefined) {
    const before = binding.storeStats()['objects'] ?? 0;
    binding.storePurgeAll(request.soft);
    observed.tell(`admin: ${how} of everything: ${before} objects`);
    return { ok: true, value: { purged: before } };
  }
  const url = parseRequestUrl(request.url);
  if (url === undefined)
    return { ok: false, problem: problems.bad(`"${request.url}" is not an absolute http or https URL.`) };
  const { zones } = observed.configuration().compiled.tables;
  const zoneKey = zones.keys[zoneOf(zones, url.host)];
  if (zoneKey === undefined)
    return { ok: false, problem: problems.refused(`No zone has the host ${url.host}.`) };
  const purged = binding.storePurge(primaryKey(zoneKey, url), request.soft);
  observed.tell(`admin: ${how} of ${request.url}: ${purged} objects`);
  return { ok: true, value: { purged } };
}

async function families(observed: Observed): Promise<Family[]> {
  const { binding, version, workers } = observed;
  const { succeeded, refused } = observed.reloads();
  const reloads = [
    { labels: { result: 'ok' }, value: succeeded },
    { labels: { result: 'refused' }, value: refused },
  ];
  const versions = { version, node: process.versions.node };
  const { compiled } = observed.configuration();
  return [
    ...engineFamilies(observed.pages(), observed.fleet()?.looseFaults ?? 0),
    ...storeFamilies(binding.storeStats()),
    ...logFamilies(await observed.delivery()?.stats(), observed.delivery()?.restarts ?? 0),
    family('parapet_info', 'gauge', 'Versions, as labels.', [{ labels: versions, value: 1 }]),
    family('parapet_workers', 'gauge', 'Worker slots.', workers),
    family(
      'parapet_workers_missing',
      'gauge',
      'Worker slots without a thread that accepts.',
      observed.fleet()?.missing.length ?? workers,
    ),
    family(
      'parapet_worker_replacements_total',
      'counter',
      'Workers that were replaced.',
      observed.fleet()?.replacements ?? 0,
    ),
    family('parapet_snapshot', 'gauge', 'Number of the config snapshot in force.', compiled.policy.id),
    family('parapet_zones', 'gauge', 'Zones in force.', compiled.policy.zones.length),
    family('parapet_reloads_total', 'counter', 'Reloads of the config.', reloads),
    ...processFamilies({
      cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      heapBytes: process.memoryUsage().heapUsed,
      startSeconds: observed.startSeconds,
      openFds: readdirSync('/proc/self/fd').length,
      fdsMax: observed.fdsMax,
    }),
  ];
}

/** The admin API's view of the process. */
import { readdirSync } from 'node:fs';
import {
  type AdminPorts,
  type ExplainQuestion,
  type LineReader,
  type Outcome,
  problems,
  type TailQuestion,
} from '../admin/index.ts';
import type { Binding } from '../engine/native/binding.ts';
import {
  type CounterPage,
  cacheFamilies,
  cacheStats,
  engineFamilies,
  type Family,
  family,
  formatExposition,
  processFamilies,
  storeFamilies,
} from '../metrics/index.ts';
import { readMatchCounts } from '../rules/action/layout.ts';
import type { Configuration } from './configuration.ts';
import type { Delivery } from './delivery.ts';
import { explain } from './explain.ts';
import type { Fleet } from './fleet.ts';
import { logFamilies } from './log-families.ts';
import { type PurgeBinding, purge } from './purge.ts';
import { tailRequest } from './tail-request.ts';

/** How reloads went since the process began; the config that it began with counts as a success. */
export interface Reloads {
  succeeded: number;
  refused: number;
  isLastRefused: boolean;
  /** When the config in force came in force, in seconds since 1970. */
  lastSuccessSeconds: number;
}

/** What the API looks at; the process owns it. */
export interface Observed {
  binding: Pick<Binding, 'storeStats' | 'storeLookup' | 'zoneStats' | 'buildInfo'> & PurgeBinding;
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
  /** Matches of rules, as `src/rules/action/layout.ts` lays them out. */
  matchCounts(): Int32Array;
  reloads(): Reloads;
  reload(): Promise<Outcome<{ snapshot: number }>>;
  tell(line: string): void;
  nowMs(): number;
}

/** Sessions of live records at a time: each costs the log thread the lines that it sees. */
const tailsMax = 16;

export function adminPorts(observed: Observed): AdminPorts {
  return {
    readiness: () => readiness(observed),
    metrics: async () => formatExposition(await families(observed)),
    config: () => observed.configuration().config,
    reload: async () => await observed.reload(),
    purge: async (request, by) =>
      purge(observed.binding, observed.configuration(), request, {
        by,
        nowMs: observed.nowMs(),
        tell: (line) => observed.tell(line),
      }),
    restartWorker: (slot) => {
      const isThere = observed.fleet()?.replace(slot, 'the admin API asked for it') ?? false;
      return isThere
        ? { ok: true, value: { worker: slot } }
        : { ok: false, problem: problems.notFound(`worker ${slot}`) };
    },
    logTail: (question, reader) => tail(observed, question, reader),
    explain: (question) => explained(observed, question),
    cacheStats: () => cacheStats(observed.binding.storeStats(), observed.binding.zoneStats()),
    logStats: async () => (await observed.delivery()?.stats()) ?? {},
    audit: (line) => observed.tell(line),
  };
}

function explained(observed: Observed, question: ExplainQuestion): Outcome<unknown> {
  const now = observed.nowMs();
  const store = (key: Uint8Array) => observed.binding.storeLookup(key, Math.floor(now / 1000));
  const phases = explain(observed.configuration(), question, now, store);
  return typeof phases === 'string'
    ? { ok: false, problem: problems.bad(`${phases}.`) }
    : { ok: true, value: { phases } };
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

function buildInfo({ binding, version }: Observed): Family {
  const { node, openssl } = process.versions;
  const labels = { version, engine: 'native', compiler: binding.buildInfo().compiler, node, openssl };
  return family('parapet_build_info', 'gauge', 'What runs, as labels; always 1.', [{ labels, value: 1 }]);
}

function ruleFamily(words: Int32Array): Family {
  const samples = readMatchCounts(words).map(({ phase, action, count }) => ({
    labels: { phase, action },
    value: count,
  }));
  return family('parapet_rules_matched_total', 'counter', 'Matches of rules. Unit: matches.', samples);
}

function reloadFamilies({ succeeded, refused, isLastRefused, lastSuccessSeconds }: Reloads): Family[] {
  const results = [
    { labels: { result: 'ok' }, value: succeeded },
    { labels: { result: 'refused' }, value: refused },
  ];
  return [
    family('parapet_reloads_total', 'counter', 'Reloads of the config.', results),
    family(
      'parapet_config_last_reload_successful',
      'gauge',
      'Whether the last reload came in force.',
      isLastRefused ? 0 : 1,
    ),
    family(
      'parapet_config_last_reload_success_timestamp_seconds',
      'gauge',
      'When the config in force came in force, in seconds since 1970.',
      lastSuccessSeconds,
    ),
  ];
}

/** A server without addresses cannot be reached: its name does not resolve. */
function originAddresses({ config, compiled }: Configuration): Family {
  const known = new Map(compiled.tables.servers.map(({ id, addresses }) => [id, addresses.length]));
  const samples = compiled.policy.origins.flatMap(({ name, servers }) =>
    servers.map(({ id }, index) => ({
      labels: { origin: name, server: config.origins[name]?.servers[index]?.url ?? '' },
      value: known.get(id) ?? 0,
    })),
  );
  const unique = new Map(samples.map((sample) => [JSON.stringify(sample.labels), sample]));
  return family(
    'parapet_origin_addresses',
    'gauge',
    'Addresses known of a server; 0: its name does not resolve.',
    [...unique.values()],
  );
}

async function families(observed: Observed): Promise<Family[]> {
  const { binding, workers } = observed;
  const { compiled } = observed.configuration();
  return [
    ...engineFamilies(observed.pages(), observed.fleet()?.looseFaults ?? 0),
    ...storeFamilies(binding.storeStats()),
    ...cacheFamilies(binding.zoneStats()),
    ...logFamilies(await observed.delivery()?.stats(), observed.delivery()?.restarts ?? 0),
    buildInfo(observed),
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
    ruleFamily(observed.matchCounts()),
    ...reloadFamilies(observed.reloads()),
    originAddresses(observed.configuration()),
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

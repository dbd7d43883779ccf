/** Purges: what a request of an operator comes to in the store, and the line that is left of it. */
import { type Outcome, type PurgeRequest, problems } from '../admin/index.ts';
import type { Binding } from '../engine/native/binding.ts';
import type { Configuration } from './configuration.ts';
import { keysOf } from './purge-keys.ts';
import { badUrl, parseRequestUrl } from './request-url.ts';
import { withoutDot, zoneOf } from './zone-of.ts';

/** `Group` of the store. */
export const purgeGroup = { zone: 0, host: 1, prefix: 2, tag: 3 } as const;
/** A tag in whatever zone. */
const anyZone = 0xffff_ffff;

export type PurgeBinding = Pick<Binding, 'storePurge' | 'storePurgeGroup' | 'storePurgeAll'>;

/** How many stored responses it hit, where that is known: groups are not searched. */
export type Purged = { purged: number | null };

type Step = () => number;

/** `by` and `nowMs` are for the audit line. Nothing is purged unless all that is named can be. */
export function purge(
  binding: PurgeBinding,
  configuration: Configuration,
  request: PurgeRequest,
  audit: { by: string; nowMs: number; tell: (line: string) => void },
): Outcome<Purged> {
  const steps = new Plan(binding, configuration, request, audit.nowMs).steps();
  if (!Array.isArray(steps)) return steps;
  let purged = 0;
  for (const step of steps) {
    const hit = step();
    if (hit < 0) return { ok: false, problem: problems.purgesUsedUp() };
    purged += hit;
  }
  const isCounted = request.what === 'url' || (request.what === 'all' && request.zone === undefined);
  audit.tell(line(request, isCounted ? purged : null, audit));
  return { ok: true, value: { purged: isCounted ? purged : null } };
}

function line(
  { what, values, zone, soft }: PurgeRequest,
  purged: number | null,
  audit: { by: string; nowMs: number },
) {
  const named = what === 'all' ? 'everything' : `${what} ${values.join(', ')}`;
  const where = zone === undefined ? '' : ` in zone ${zone}`;
  const count = purged === null ? '' : `: ${purged} stored`;
  const when = new Date(audit.nowMs).toISOString();
  return `audit: ${when} ${soft ? 'soft purge' : 'purge'} of ${named}${where}${count}; by ${audit.by}`;
}

type Refusal = Extract<Outcome<never>, { ok: false }>;
const refuse = (detail: string): Refusal => ({ ok: false, problem: problems.refused(detail) });

class Plan {
  readonly #binding: PurgeBinding;
  readonly #configuration: Configuration;
  readonly #request: PurgeRequest;
  readonly #nowMs: number;

  constructor(binding: PurgeBinding, configuration: Configuration, request: PurgeRequest, nowMs: number) {
    this.#binding = binding;
    this.#configuration = configuration;
    this.#request = request;
    this.#nowMs = nowMs;
  }

  steps(): Step[] | Refusal {
    const { what, values, zone, soft } = this.#request;
    const { names, keys } = this.#configuration.compiled.tables.zones;
    const limit = zone === undefined ? undefined : keys[names.indexOf(zone)];
    if (zone !== undefined && limit === undefined) return refuse(`There is no zone "${zone}".`);
    if (what === 'all')
      return [
        () => (limit === undefined ? this.#binding.storePurgeAll(soft) : this.#group('zone', limit, '')),
      ];
    if (what === 'tag') return values.map((tag) => () => this.#group('tag', limit ?? anyZone, tag));
    const steps: Step[] = [];
    for (const value of values) {
      const more = what === 'url' ? this.#url(value) : this.#hostOrPrefix(what, value);
      if (!Array.isArray(more)) return more;
      steps.push(...more);
    }
    return steps;
  }

  #group(group: keyof typeof purgeGroup, zone: number, text: string): number {
    const bytes = Buffer.from(text, 'latin1');
    return this.#binding.storePurgeGroup(purgeGroup[group], zone, bytes, this.#request.soft);
  }

  /** Number of the zone that takes the host. */
  #zoneOf(host: string): number | Refusal {
    const { zones } = this.#configuration.compiled.tables;
    const index = zoneOf(zones, host);
    if (index === -1) return refuse(`No zone has the host ${host}.`);
    const { zone } = this.#request;
    return zone === undefined || zones.names[index] === zone
      ? index
      : refuse(`The host ${host} belongs to the zone "${zones.names[index]}", not to "${zone}".`);
  }

  #hostOrPrefix(what: 'host' | 'prefix', value: string): Step[] | Refusal {
    const given = value.replace(/\/.*$/s, '');
    const host = withoutDot(given);
    const index = this.#zoneOf(host);
    if (typeof index !== 'number') return index;
    const key = this.#configuration.compiled.tables.zones.keys[index] as number;
    return [host, ...this.#originHost(index, host)]
      .flatMap((one) => [one, `${one}.`])
      .map((one) => () => this.#group(what, key, one + value.slice(given.length)));
  }

  /** Settings of the cache may put the host that the origin gets into the key, in place of the request's. */
  #originHost(zone: number, host: string): string[] {
    const { zones, origins } = this.#configuration.compiled.policy;
    const header = origins[zones[zone]?.origin ?? -1]?.servers[0]?.hostHeader ?? '';
    const other = header.toLowerCase().replace(/:[0-9]+$/, '');
    return other === '' || other === host ? [] : [other];
  }

  #url(text: string): Step[] | Refusal {
    const url = parseRequestUrl(text);
    if (url === undefined) return { ok: false, problem: problems.bad(`${badUrl(text)}.`) };
    const index = this.#zoneOf(url.host);
    if (typeof index !== 'number') return index;
    const plain = { ...url, host: withoutDot(url.host) };
    return keysOf(this.#configuration, plain, index, this.#nowMs).map(
      (key) => () => this.#binding.storePurge(key, this.#request.soft),
    );
  }
}

/**
 * What stands under zones that a reload takes away is purged, so that it goes first; and under those that it adds, since
 * a zone that comes back has the key that it had.
 */
export function purgeChangedZones(binding: PurgeBinding, before: Configuration, after: Configuration): void {
  const [old, fresh] = [before, after].map(({ compiled }) => new Set(compiled.tables.zones.keys));
  for (const key of new Set([...(old ?? []), ...(fresh ?? [])])) {
    if (old?.has(key) === true && fresh?.has(key) === true) continue;
    binding.storePurgeGroup(purgeGroup.zone, key, new Uint8Array(0), false);
  }
}

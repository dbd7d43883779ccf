/** Puts into words what was decided of a response and the store: whether, why, how long, and by which values it is chosen. */
import {
  type Caching,
  controlSource,
  normalForm,
  type StoreDecision,
  type VaryFields,
  varyOf,
  verdicts,
} from '../cache/index.ts';
import type { HeadView } from '../engine/head-view.ts';
import { absent } from '../lib/cache-control.ts';

export interface ToldStore {
  readonly decision: StoreDecision;
  readonly caching: Caching;
  readonly response: HeadView;
  /** Lines of a request field as the origin gets it, joined; undefined: it is not there. */
  readonly requestValue: (name: string) => string | undefined;
  readonly now: number;
}

const sources = ['', 'the targeted field', 'Surrogate-Control', 'Cache-Control'] as const;

/** What the lifetime comes from (caching specification: precedence of freshness sources). */
function freshBy({ decision, caching }: ToldStore): string {
  const { control, isOverridden } = decision;
  const { mode, edge_ttl: edge } = caching.settings;
  if (isOverridden) return 'edge_ttl';
  if (control.explicitSeconds !== absent) {
    const { maxAge, sMaxage } = control.directives;
    const isField = control.source === controlSource.none || (maxAge === absent && sMaxage === absent);
    if (isField) return 'Expires (RFC 9111 4.2.1)';
    return `${sMaxage === absent ? 'max-age' : 's-maxage'} of ${sources[control.source]} (RFC 9111 4.2.1)`;
  }
  if (edge?.mode === 'respect_origin' && edge.default !== undefined) return 'edge_ttl.default';
  if (mode === 'cdn') return 'statusTtls of mode cdn';
  return 'a share of the time since Last-Modified (RFC 9111 4.2.2)';
}

/** What keeps stale responses from being served, though the response allows them. */
function staleVoid({ decision, caching }: ToldStore): string | undefined {
  const { directives } = decision.control;
  const allows = directives.staleWhileRevalidate !== absent || directives.staleIfError !== absent;
  if (!allows || !decision.forbidsStale) return undefined;
  const words = 'stale-while-revalidate and stale-if-error have no effect: ';
  if (directives.sMaxage === absent || caching.settings.serve_stale?.s_maxage_allows_stale === true)
    return `${words}the response says must-revalidate or no-cache (RFC 9111 4.2.4)`;
  return `${words}s-maxage stands for proxy-revalidate (RFC 9111 5.2.2.10); serve_stale.s_maxage_allows_stale lets them`;
}

/** The values by which a request selects among responses that vary. */
export function variesBy(
  vary: VaryFields | undefined,
  { caching, requestValue }: Pick<ToldStore, 'caching' | 'requestValue'>,
): Record<string, string> | undefined {
  if (vary === undefined) return undefined;
  const entries = vary.fields.map(({ name }): [string, string] => {
    const value = requestValue(name);
    if (value === undefined) return [name, '(absent)'];
    return [name, caching.vary === undefined ? normalForm(name, value) : value];
  });
  return Object.fromEntries(entries);
}

export function tellStore(told: ToldStore): { decision: string; detail: Record<string, unknown> } {
  const { decision, now } = told;
  const [, clause] = verdicts[decision.verdict] ?? ['', ''];
  const varies = variesBy(varyOf(told.response), told);
  const variant = varies && { variant: varies };
  if (!decision.mayStore) return { decision: `not stored: ${clause}`, detail: { ...variant } };
  const seconds = (until: number) => Math.max(0, until - Math.max(now, decision.freshUntil));
  const isFresh = decision.freshUntil > now && !decision.mustValidate;
  const stale = staleVoid(told);
  return {
    decision: isFresh
      ? `stored, fresh for ${decision.freshUntil - now} s`
      : 'stored, and validated before each use',
    detail: {
      clause: decision.isOverridden ? 'edge_ttl: stands in place of what the response says' : clause,
      fresh: `by ${freshBy(told)}`,
      ...(decision.ageAtStore > 0 && { age: `${decision.ageAtStore} s` }),
      stale_while_revalidate: `${seconds(decision.staleWhileRevalidateUntil)} s`,
      stale_if_error: `${seconds(decision.staleIfErrorUntil)} s`,
      ...(stale !== undefined && { stale }),
      ...variant,
    },
  };
}

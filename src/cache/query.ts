/** Which arguments of a query are part of a key, and in which order. */
import type { CacheKeySettings } from '../lib/cache-settings.ts';
import { limits } from '../lib/limits.ts';

export class QueryPlan {
  readonly #sorts: boolean;
  readonly #keepsNone: boolean;
  readonly #included: ReadonlySet<string> | undefined;
  readonly #excluded: ReadonlySet<string> | undefined;

  private constructor({ ignore_query_strings_order: sorts, custom_key }: CacheKeySettings) {
    const { include, exclude } = custom_key?.query_string ?? {};
    this.#sorts = sorts === true;
    this.#keepsNone = exclude?.all === true;
    this.#included = include?.list && new Set(include.list);
    this.#excluded = exclude?.list && new Set(exclude.list);
  }

  /** undefined: a query is part of the key as it came. */
  static of(settings: CacheKeySettings): QueryPlan | undefined {
    const plan = new QueryPlan(settings);
    return plan.#isPlain ? undefined : plan;
  }

  get #isPlain(): boolean {
    return !this.#sorts && !this.#keepsNone && this.#included === undefined && this.#excluded === undefined;
  }

  /** What stands in the key for a query; empty: nothing. */
  apply(query: string): string {
    if (this.#keepsNone) return '';
    // Some origins end an argument at a semicolon: what they take for two must not count as one.
    if (query.includes(';')) return query;
    const all = query.split('&', limits.queryArgumentsMax + 1);
    if (all.length > limits.queryArgumentsMax) return query;
    const kept = all.filter((argument) => argument !== '' && this.#keeps(nameOf(argument)));
    if (this.#sorts) kept.sort(byName);
    return kept.join('&');
  }

  #keeps(name: string): boolean {
    if (this.#included !== undefined) return this.#included.has(name);
    return this.#excluded === undefined || !this.#excluded.has(name);
  }
}

function rawName(argument: string): string {
  const equals = argument.indexOf('=');
  return equals === -1 ? argument : argument.slice(0, equals);
}

/** The name as an origin reads it: an argument is not hidden from the key by how its name is written. */
function nameOf(argument: string): string {
  const name = rawName(argument).replaceAll('+', ' ');
  if (!name.includes('%')) return name;
  const bytes = name.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Sorting is stable: the order of values under one name says something. */
function byName(one: string, other: string): number {
  const [a, b] = [rawName(one), rawName(other)];
  return a < b ? -1 : Number(a > b);
}

/** The outgoing Cache-Control as `browser_ttl` wants it. */
import type { BrowserTtl } from '../lib/cache-settings.ts';
import { splitList } from '../lib/list.ts';

/** Directives about how long, and whether, a browser keeps a response. */
const replaced: ReadonlySet<string> = new Set(['max-age', 'no-cache', 'no-store']);
/** Errors are not kept for as long as what they stand in for. */
const statusMax = 399;

function withMaxAge(own: string | undefined, seconds: number): string {
  const kept = splitList(own ?? '').filter((member) => {
    const [name = ''] = member.split('=', 1);
    return !replaced.has(name.trim().toLowerCase());
  });
  return [...kept, `max-age=${seconds}`].join(', ');
}

/**
 * @param own Cache-Control of the response; undefined: it has none
 * @param hasExpires whether it has Expires
 * @returns undefined: it stays as it is
 */
export function browserControl(
  { mode, default: seconds }: BrowserTtl,
  status: number,
  own: string | undefined,
  hasExpires: boolean,
): string | undefined {
  const saysNothing = own === undefined && !hasExpires;
  if (mode === 'bypass' || (mode === 'bypass_by_default' && saysNothing)) return 'no-store';
  if (seconds === undefined || status > statusMax) return undefined;
  if (mode === 'override_origin') return withMaxAge(own, seconds);
  return mode === 'respect_origin' && saysNothing ? `max-age=${seconds}` : undefined;
}

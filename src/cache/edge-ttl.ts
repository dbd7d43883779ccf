/** What `edge_ttl` says of a response: a time that stands in place of the response's own word, or what else. */
import type { EdgeTtl } from '../lib/cache-settings.ts';

/** Beside seconds above 0. */
export const edgeTtl = {
  /** The setting has nothing to say; the response's own word counts. */
  silent: -2,
  noStore: -1,
  /** Stored, and always validated. */
  noCache: 0,
} as const;

const notModified = 304;

function byStatus(rows: EdgeTtl['status_code_ttl'], status: number): number {
  const exact = rows.find(({ status_code: code }) => code === status);
  if (exact !== undefined) return exact.value;
  const row = rows.find(({ status_code_range: range }) => {
    return range !== undefined && status >= (range.from ?? 0) && status <= (range.to ?? 999);
  });
  return row === undefined ? edgeTtl.silent : row.value;
}

/**
 * The time that overrides what the response says.
 *
 * @param status that the response is stored with
 * @param isValidation it was validated by a 304, which has the time of what it validates unless it is named
 * @param hasDefault whether a response with this status is stored without a word of its own
 */
export function overridingTtl(
  edge: EdgeTtl,
  status: number,
  isValidation: boolean,
  hasDefault: boolean,
): number {
  const rows = edge.status_code_ttl;
  const own = isValidation ? rows.find(({ status_code: code }) => code === notModified) : undefined;
  const value = own?.value ?? byStatus(rows, status);
  if (value !== edgeTtl.silent) return value;
  return edge.mode === 'override_origin' && hasDefault ? (edge.default ?? edgeTtl.silent) : edgeTtl.silent;
}

/** The parts of a URI reference that a cache needs to tell whether it names something of its own (RFC 3986 4.1, 5.2). */

export interface ResolvedTarget {
  /** Path and query, as they go into a cache key. */
  path: string;
  /** undefined: no query; '' for an empty one. */
  query: string | undefined;
}

const shape = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** Removes the dot segments of an absolute path (RFC 3986 5.2.4). */
export function removeDotSegments(path: string): string {
  if (!path.includes('/.')) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

function sameAuthority(authority: string, host: string, defaultPort: string): boolean {
  const lower = authority.toLowerCase();
  const bare = lower.endsWith(`:${defaultPort}`) ? lower.slice(0, -defaultPort.length - 1) : lower;
  const own = host.endsWith(`:${defaultPort}`) ? host.slice(0, -defaultPort.length - 1) : host;
  return bare === own;
}

/**
 * Resolves a reference against a request target. Undefined where it leads to another origin (scheme, host or port).
 *
 * @param authority host and port of the request in lower case
 * @param basePath path of the request, from its first slash
 * @param baseQuery its query, where it has one
 */
export function resolveSameOrigin(
  reference: string,
  scheme: 'http' | 'https',
  authority: string,
  basePath: string,
  baseQuery: string | undefined,
): ResolvedTarget | undefined {
  const match = shape.exec(reference);
  if (match === null) return undefined;
  const [, givenScheme, givenAuthority, path = '', query] = match;
  if (givenScheme !== undefined) {
    if (givenScheme.toLowerCase() !== scheme || givenAuthority === undefined) return undefined;
  }
  if (givenAuthority !== undefined) {
    if (!sameAuthority(givenAuthority, authority, scheme === 'https' ? '443' : '80')) return undefined;
    return { path: path === '' ? '/' : removeDotSegments(path), query };
  }
  if (path === '') return { path: basePath, query: query ?? baseQuery };
  if (path.startsWith('/')) return { path: removeDotSegments(path), query };
  const folder = basePath.slice(0, basePath.lastIndexOf('/') + 1);
  return { path: removeDotSegments(`${folder}${path}`), query };
}

/** What follows the last dot of the last segment of a path; empty where there is none. */
export function extensionOf(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  const dot = last.lastIndexOf('.');
  return dot < 0 ? '' : last.slice(dot + 1);
}

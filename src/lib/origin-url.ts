/** The URL of an origin server, in its parts. */
import { isIP } from 'node:net';

export interface OriginUrl {
  scheme: 'http' | 'https';
  /** In lower case; an IPv6 literal without brackets. */
  host: string;
  port: number;
  /** Host with port unless it is the scheme's own, as a Host field carries it. */
  authority: string;
  isLiteral: boolean;
}

/** The parts, or what is wrong with it. */
export function parseOriginUrl(text: string): OriginUrl | { fault: string } {
  const url = URL.parse(text);
  if (url === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { fault: 'is not a URL' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { fault: `has the scheme "${url.protocol.slice(0, -1)}"` };
  if (url.username !== '' || url.password !== '') return { fault: 'carries a user or a password' };
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return { fault: 'carries a path, a query or a fragment' };
  if (url.port === '0') return { fault: 'has port 0' };
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { scheme, host, port, authority: url.host, isLiteral: isIP(host) !== 0 };
}

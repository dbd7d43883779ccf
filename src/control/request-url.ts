/**
 * An absolute URL as a request would carry it: host in lower case, path and query byte for byte. And the primary cache key
 * that the engine makes of it.
 */

export interface RequestUrl {
  isTls: boolean;
  /** Without port; an IPv6 literal has its brackets. */
  host: string;
  /** 0: the scheme's own. */
  port: number;
  path: string;
  /** Undefined: there is no `?`. */
  query: string | undefined;
}

const shape =
  /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/?#:@[\]\s]+)(?::([0-9]{1,5}))?(\/[^?#\s]*)?(?:\?([^#\s]*))?(?:#.*)?$/i;

export function parseRequestUrl(text: string): RequestUrl | undefined {
  const match = shape.exec(text);
  // Bytes beyond ASCII are percent-encoded in a request target.
  if (match === null || /[^\x21-\x7e]/.test(text)) return undefined;
  const [, scheme = '', host = '', port, path = '/', query] = match;
  const isTls = scheme.toLowerCase() === 'https';
  const number = Number(port ?? 0);
  if (number > 65535) return undefined;
  return { isTls, host: host.toLowerCase(), port: number === (isTls ? 443 : 80) ? 0 : number, path, query };
}

/** Why `parseRequestUrl` gives none. */
export function badUrl(text: string): string {
  const hint = /[\u0080-\uffff]/.test(text)
    ? ': write its host in ASCII (xn--...), and other bytes percent-encoded'
    : '';
  return `"${text}" is not an absolute http or https URL${hint}`;
}

/** As in Host. */
export const authorityOf = ({ host, port }: RequestUrl): string => (port === 0 ? host : `${host}:${port}`);

/** u32 LE zone key, `h` or `s`, host with its port unless that is the scheme's own, 0x00, path, and `?` with the query. */
export function primaryKey(zoneKey: number, { isTls, host, port, path, query }: RequestUrl): Uint8Array {
  const site = `${isTls ? 's' : 'h'}${host}${port === 0 ? '' : `:${port}`}`;
  const bytes = Buffer.from(`....${site}\0${path}${query === undefined ? '' : `?${query}`}`, 'latin1');
  bytes.writeUInt32LE(zoneKey, 0);
  return bytes;
}

/** Which fields a rule may change: those that the proxy does not write by itself, and whose change breaks no framing. */

/** Bytes of a value that a rule gives. */
export const valueBytesMax = 4096;

const namePattern = /^[a-z0-9_-]{1,128}$/;

/** What belongs to one connection, or to the framing of one message (RFC 9110 7.6.1, RFC 9112 6). */
const framing = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What the proxy itself writes, so that a rule would only make a second one. */
const own = ['via', 'parapet-ray'];

const messages = {
  request: new Map<string, string>([
    ['host', 'the Host of a request cannot be changed by a rule; `host_header` of the origin does that'],
    ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'max-forwards'].map(
      (name): [string, string] => [name, `the proxy writes ${name} itself, so a rule cannot change it`],
    ),
    ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range'].map(
      (name): [string, string] => [
        name,
        `${name} decides what the cache answers, so a rule cannot change it`,
      ],
    ),
  ]),
  response: new Map<string, string>([
    ['age', 'the proxy writes age itself, so a rule cannot change it'],
    ['date', 'the proxy writes date itself, so a rule cannot change it'],
    ['content-range', 'content-range says which part of the body follows, so a rule cannot change it'],
    ['content-encoding', 'content-encoding says how the body is to be read, so a rule cannot change it'],
    ['cache-status', 'the proxy writes cache-status itself, so a rule cannot change it'],
    ['proxy-status', 'the proxy writes proxy-status itself, so a rule cannot change it'],
  ]),
};

/** Why a field cannot be changed; undefined: it can. `name` in lower case. */
export function refusedField(name: string, of: 'request' | 'response'): string | undefined {
  if (!namePattern.test(name))
    return `"${name}" cannot be the name of a field: letters, digits, "-" and "_", at most 128 of them`;
  if (framing.includes(name))
    return `${name} belongs to one connection and its framing, so a rule cannot change it`;
  if (own.includes(name)) return `the proxy writes ${name} itself, so a rule cannot change it`;
  return messages[of].get(name);
}

/** Config of the destination `http`, and Logpush's text form of it. */
import {
  fixed,
  milliseconds,
  named,
  oneOf,
  optional,
  path,
  type Static,
  section,
  text,
} from '../../../lib/schema.ts';
import { compressions } from '../compress.ts';

const timeoutsConfig = section(
  {
    connectMs: milliseconds({
      default: 5000,
      minimum: 1,
      description: 'For a connection, TLS handshake included.',
    }),
    headersMs: milliseconds({ default: 30000, minimum: 1, description: 'For the answer to begin.' }),
    bodyMs: milliseconds({ default: 30000, minimum: 1, description: 'Between two pieces of the answer.' }),
    totalMs: milliseconds({ default: 120000, minimum: 1, description: 'For one attempt as a whole.' }),
  },
  { default: {}, description: 'What takes longer is a failure, and the batch is sent again.' },
);

export const httpDestination = section(
  {
    type: fixed('http'),
    url: text({
      expected: 'a URL such as https://logs.example/ingest',
      description:
        'Where batches are posted, as `application/x-ndjson`, each with its `Idempotency-Key`. An answer 2xx accepts a batch once it has been read to its end; after any other one it is kept and sent again. Redirects are not followed.',
    }),
    headers: named(text({ description: 'The value.' }), {
      default: {},
      description: 'Further fields of the request. Their values are shown nowhere.',
    }),
    header_files: named(path({ description: 'A file whose first line is the value.' }), {
      default: {},
      description: 'Fields whose values are read from files, at the start and at SIGUSR1.',
    }),
    compression: oneOf(compressions, {
      default: 'none',
      description: 'Content-Encoding of the body.',
    }),
    timeouts: timeoutsConfig,
    tls: section(
      {
        ca: optional(
          path({
            description:
              'PEM file of the authorities that are trusted in place of the usual ones. The certificate is always verified.',
          }),
        ),
      },
      { default: {}, description: 'For https.' },
    ),
  },
  { description: 'An HTTP server that takes batches.' },
);
export type HttpDestination = Static<typeof httpDestination>;

/** The scheme of a Logpush `destination_conf`, and the destination that it stands for; undefined: it has no such form. */
export function readDestinationConf(conf: string): unknown {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(conf)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const url = scheme === 'https' || scheme === 'http' ? URL.parse(conf) : null;
  // What is not a URL holds secrets all the same: only its scheme is told.
  if (url === null) return { type: scheme };
  const headers: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('header_')) headers[name.slice('header_'.length)] = value;
  }
  for (const name of Object.keys(headers)) url.searchParams.delete(`header_${name}`);
  return { type: 'http', url: url.href, headers, compression: 'gzip' };
}

/** Written by the sink itself, or none of its business. */
const reserved = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What the schema cannot say, as [path below the destination, sentence]. Values are secrets: no sentence has one. */
export function checkHttpDestination({
  url: text,
  headers,
  header_files,
}: HttpDestination): [string[], string][] {
  const faults: [string[], string][] = [];
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    faults.push([['url'], 'this is not a URL that begins with http:// or https://']);
  } else if (url.username !== '' || url.password !== '') {
    faults.push([
      ['url'],
      'a user and a password have no place in the URL: put a field authorization into headers',
    ]);
  } else if (url.hash !== '') {
    faults.push([['url'], 'a URL that is asked for has no fragment']);
  }
  const seen = new Set<string>();
  for (const [section, fields] of [
    ['headers', headers],
    ['header_files', header_files],
  ] as const) {
    for (const [name, value] of Object.entries(fields)) {
      const lower = name.toLowerCase();
      const at = [section, name];
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower))
        faults.push([at, `"${name}" is not the name of a field`]);
      else if (reserved.has(lower)) faults.push([at, `the field ${lower} is not for a config to set`]);
      else if (seen.has(lower)) faults.push([at, `the field ${lower} is named twice`]);
      // RFC 9110 5.5
      if (section === 'headers' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
        faults.push([at, `the value of ${lower} has a character that no field can have`]);
      seen.add(lower);
    }
  }
  return faults;
}

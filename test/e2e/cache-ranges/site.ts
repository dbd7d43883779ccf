/** One proxy and one origin for all cases: the origin serves patterns by ranges, and remembers what it was asked for. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { askAdmin } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { type CountingOrigin, startCountingOrigin } from '../../support/counting-origin.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { patternBody } from '../../support/pattern.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { place, siteCertificate } from '../gate-5/site.ts';

export const mebibyte = 1 << 20;

/** What the origin has under a path; how it answers can be turned while the test runs. */
export interface Resource {
  body: Buffer;
  etag: string;
  fields: Record<string, string>;
  /** Ignores Range, as some origins do. */
  ignoresRange?: boolean;
  /** Told of every answer's body as it is sent; waits for the promise before the rest goes. */
  hold?: (sent: number) => Promise<void>;
  /** Body bytes after which the connection is closed. */
  breaksAfter?: number;
  /** Told when an answer has gone, or cannot go on. */
  closed?: () => void;
  /** Changes the answer to a range request before it goes. */
  spoil?: (response: { status: number; fields: Record<string, string>; body: Buffer }) => void;
}

export interface Site {
  origin: CountingOrigin;
  parapet: Parapet;
  resources: Map<string, Resource>;
  /** Makes a resource of pattern bytes. */
  add(path: string, bytes: number, over?: Partial<Resource>): Resource;
  /** Range fields of the requests that a path got, in order; '' where there was none. */
  ranges(path: string): string[];
  purge(url: string): Promise<void>;
  /** Any form of a purge, as the admin API takes it. */
  purgeBy(json: unknown): Promise<void>;
  /** Body bytes that the origin sent for a path. */
  sent(path: string): number;
}

const rangeForm = /^bytes=(\d*)-(\d*)$/;

/** The part of a body that a Range asks for; undefined: all of it, null: it cannot be satisfied. */
function partOf(range: string | undefined, size: number): [number, number] | null | undefined {
  const [, from = '', to = ''] = rangeForm.exec(range ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first > last || first >= size ? null : [first, last];
}

async function send(response: ServerResponse, body: Buffer, resource: Resource, count: (n: number) => void) {
  const { breaksAfter = Number.POSITIVE_INFINITY, hold } = resource;
  const step = Math.min(hold === undefined ? body.length : 64 * 1024, breaksAfter);
  for (let at = 0; at < body.length; at += step) {
    await hold?.(at);
    if (at >= breaksAfter) response.destroy();
    if (response.destroyed) return;
    const piece = body.subarray(at, at + step);
    count(piece.length);
    if (breaksAfter < body.length) {
      // Destroying it takes back what the kernel does not have yet.
      const gone = new Promise<void>((resolve) => response.once('close', resolve));
      await Promise.race([new Promise((resolve) => response.write(piece, resolve)), gone]);
      continue;
    }
    if (response.write(piece)) continue;
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(
      () => over.abort(),
    );
  }
  response.end();
}

function answerTo(request: IncomingMessage, resource: Resource) {
  const { body, etag } = resource;
  const fields: Record<string, string> = {
    'Cache-Control': 'max-age=3600',
    'Content-Type': 'video/mp4',
    ...(etag === '' ? {} : { ETag: etag }),
    ...resource.fields,
  };
  if (etag !== '' && request.headers['if-none-match'] === etag)
    return { status: 304, fields, body: Buffer.alloc(0) };
  const ifRange = request.headers['if-range'];
  const isIgnored = resource.ignoresRange === true || (ifRange !== undefined && ifRange !== etag);
  const part = isIgnored ? undefined : partOf(request.headers.range, body.length);
  if (part === undefined) return { status: 200, fields, body };
  if (part === null) {
    fields['Content-Range'] = `bytes */${body.length}`;
    return { status: 416, fields, body: Buffer.alloc(0) };
  }
  fields['Content-Range'] = `bytes ${part[0]}-${part[1]}/${body.length}`;
  const answer = { status: 206, fields, body: body.subarray(part[0], part[1] + 1) };
  resource.spoil?.(answer);
  return answer;
}

export async function startSite(t: Test): Promise<Site> {
  const resources = new Map<string, Resource>();
  const sent = new Map<string, number>();
  const origin = await startCountingOrigin(t);
  origin.fallback = async (request, response, seen) => {
    const resource = resources.get(seen.path);
    if (resource === undefined) return void response.writeHead(404).end();
    const { status, fields, body } = answerTo(request, resource);
    response.once('close', () => resource.closed?.());
    response.writeHead(status, { 'Content-Length': body.length, ...fields });
    const isBodyless = request.method === 'HEAD' || status === 304;
    if (isBodyless) return void response.end();
    await send(response, body, resource, (n) => sent.set(seen.path, (sent.get(seen.path) ?? 0) + n));
  };
  const folder = temporaryFolder(t);
  const certificate = place(folder, 'site', siteCertificate());
  const parapet = await startParapet(
    t,
    siteConfig(origin.address, {
      listeners: [
        { address: '127.0.0.1:0' },
        { address: '127.0.0.1:0', tls: { certificates: [{ ...certificate }] } },
      ],
      zones: [
        { name: 'site', hosts: ['*'], origin: 'site', cache: { mode: 'standard' } },
        {
          name: 'slices',
          hosts: ['slices.test'],
          origin: 'site',
          cache: { origin_range_requests: { mode: 'on' } },
          rules: {
            http_request_transform: [
              {
                expression: 'http.request.uri.path eq "/moved/told"',
                action: 'rewrite',
                action_parameters: { uri: { path: { value: '/told' } } },
              },
            ],
            http_request_late_transform: [
              {
                expression: 'http.request.uri.path eq "/told"',
                action: 'rewrite',
                action_parameters: { headers: { 'X-Told': { operation: 'set', value: 'yes' } } },
              },
            ],
          },
        },
        {
          name: 'keyed',
          hosts: ['keyed.test'],
          origin: 'site',
          rules: {
            http_request_late_transform: [
              {
                expression: 'true',
                action: 'rewrite',
                action_parameters: { headers: { 'X-Told': { operation: 'set', value: 'yes' } } },
              },
            ],
            http_request_cache_settings: [
              {
                expression: 'starts_with(http.request.uri.path, "/sliced")',
                action: 'set_cache_settings',
                action_parameters: { origin_range_requests: { mode: 'on' } },
              },
              {
                expression: 'true',
                action: 'set_cache_settings',
                action_parameters: {
                  cache_key: { custom_key: { query_string: { exclude: { list: ['by'] } } } },
                },
              },
            ],
          },
        },
        {
          name: 'thrifty',
          hosts: ['thrifty.test'],
          origin: 'site',
          cache: { fillAfterAbortBytesMax: '1MiB' },
        },
      ],
      store: { bytesMax: '192MiB', objectBytesMax: '16MiB' },
    }),
    { folder },
  );
  const purgeBy = async (json: unknown) => {
    const answer = await askAdmin(parapet, 'POST', '/purge', { json });
    if (answer.status !== 200) throw new Error(`purge: ${answer.status} ${answer.body.toString()}`);
  };
  return {
    origin,
    parapet,
    resources,
    add: (path, bytes, over = {}) => {
      const resource = { body: patternBody(bytes), etag: `"${path}"`, fields: {}, ...over };
      resources.set(path, resource);
      return resource;
    },
    ranges: (path) => origin.of(path).map(({ fields }) => fields.range ?? ''),
    purge: (url) => purgeBy({ url }),
    purgeBy,
    sent: (path) => sent.get(path) ?? 0,
  };
}

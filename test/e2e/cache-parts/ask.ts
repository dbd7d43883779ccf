/** Asking for ranges, and what the origin was asked for. */
import type { Test } from 'tap';
import { type Answer, RawClient } from '../../support/raw-client.ts';
import type { Site } from '../cache-ranges/site.ts';

export const timeoutMs = 30_000;

/** One request on a connection of its own, so that any worker may get it. */
export async function get(
  site: Site,
  path: string,
  range?: string,
  more: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const client = await RawClient.connect(site.parapet.listener());
  try {
    const fields = { ...(range === undefined ? {} : { Range: range }), ...more };
    return await client.request(path, { method, fields, timeoutMs });
  } finally {
    client.destroy();
  }
}

export const bytes = (first: number, last: number): string => `bytes=${first}-${last}`;

/** Asks for a range and compares every byte. */
export async function check(
  t: Test,
  site: Site,
  path: string,
  [first, last]: readonly [number, number],
  status: RegExp | string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const { body } = site.resources.get(path) ?? { body: Buffer.alloc(0) };
  const answer = await get(site, path, bytes(first, last), more);
  const name = `${path} ${first}-${last}`;
  const end = Math.min(last, body.length - 1);
  t.same([answer.status, answer.field('Content-Range')], [206, `bytes ${first}-${end}/${body.length}`], name);
  t.equal(answer.field('Content-Length'), `${end - first + 1}`, name);
  t.ok(answer.body.equals(body.subarray(first, end + 1)), `${name}: every byte`);
  t.match(answer.field('Cache-Status'), status, name);
  return answer;
}

export const hit = /^parapet; hit; ttl=\d+$/;
export const partial = /^parapet; fwd=partial/;
export const miss = 'parapet; fwd=uri-miss; fwd-status=206; stored';

/** One Parapet with two workers for all cases, and an origin whose answers are numbered through. */
import type { Test } from 'tap';
import { askAdmin } from '../../support/admin.ts';
import { type ConfigObject, siteConfig } from '../../support/config.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { type Answer, fetchOnce, type RawClient } from '../../support/raw-client.ts';
import { ok, type ScriptedOrigin, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { spread } from '../../support/workers.ts';

export interface Site {
  origin: ScriptedOrigin;
  parapet: Parapet;
  /** Connections, by the worker that serves them. */
  clients: RawClient[][];
}

const perWorker = 10;

/** Fields of an answer by its target: `?tags=`, `?swr`, `?sie`, `?vary`. */
function fieldsFor(target: string): Record<string, string> {
  const query = new URLSearchParams(target.split('?')[1] ?? '');
  const extra = ['swr', 'sie'].filter((name) => query.has(name));
  const names = { swr: 'stale-while-revalidate', sie: 'stale-if-error' } as Record<string, string>;
  return {
    'Cache-Control': ['max-age=600', ...extra.map((name) => `${names[name]}=600`)].join(', '),
    ...(query.has('tags') && { 'Cache-Tag': query.get('tags') as string }),
    ...(query.has('vary') && { Vary: 'Accept-Language' }),
  };
}

export function zonesConfig(origin: ScriptedOrigin, names: readonly string[]): ConfigObject {
  const cache = { mode: 'standard' };
  const zones = names.map((name) => ({
    name,
    hosts: [`${name}.test`, `*.${name}.test`],
    origin: 'site',
    cache,
  }));
  const rewriting = {
    name: 'rewriting',
    hosts: ['rewriting.test'],
    origin: 'site',
    cache,
    rules: {
      http_request_transform: [
        {
          ref: 'moved',
          expression: 'starts_with(http.request.uri.path, "/old/")',
          action: 'rewrite',
          action_parameters: { uri: { path: { value: '/moved' } } },
        },
      ],
      http_response_cache_settings: [
        {
          ref: 'tagged',
          expression: 'http.request.uri.query contains "ruled"',
          action: 'set_cache_tags',
          action_parameters: { operation: 'add', values: ['by-rule'] },
        },
        {
          ref: 'untagged',
          expression: 'http.request.uri.query contains "ruled"',
          action: 'set_cache_tags',
          action_parameters: { operation: 'remove', values: ['taken'] },
        },
      ],
    },
  };
  return siteConfig(origin.address, {
    zones: [...zones, rewriting, { name: 'site', hosts: ['*'], origin: 'site', cache }],
  });
}

export async function startSite(t: Test): Promise<Site> {
  const origin = await startScriptedOrigin(t);
  let count = 0;
  origin.fallback = async (connection, request) => {
    await connection.readBody(request);
    count += 1;
    await connection.write(ok(String(count), fieldsFor(request.target)));
  };
  const parapet = await startParapet(t, zonesConfig(origin, ['shop', 'other']));
  const clients = (await spread(parapet, 2, perWorker)).map((placed) => placed.map(({ client }) => client));
  return { origin, parapet, clients };
}

/** Every connection asks at the same time. */
export async function askAll(site: Site, target: string, host = 'shop.test'): Promise<Answer[]> {
  return await Promise.all(site.clients.flat().map(async (client) => await client.request(target, { host })));
}

export async function ask(site: Site, target: string, host = 'shop.test', fields = {}): Promise<Answer> {
  return await fetchOnce(site.parapet.listener(), target, { host, fields });
}

export const isHit = (answer: Answer): boolean =>
  answer.field('Cache-Status')?.startsWith('parapet; hit') ?? false;
export const numberOf = (answer: Answer): number => Number(answer.body.toString());

/** The answer of the admin API, which has to be 200 unless `status` says otherwise. */
export async function purge(
  t: Test,
  site: Site,
  json: unknown,
  status = 200,
): Promise<Record<string, unknown>> {
  const answer = await askAdmin(site.parapet, 'POST', '/purge', { json });
  t.equal(answer.status, status, answer.body.toString());
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}

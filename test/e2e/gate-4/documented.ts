/** The config that docs/rules.md shows does what the page says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { parse } from 'yaml';
import { type ConfigObject, merge, siteConfig } from '../../support/config.ts';
import { repository, startParapet } from '../../support/parapet.ts';
import { fetchOnce, type RequestOptions } from '../../support/raw-client.ts';
import { startOrigin } from './phases.ts';

function sampleOf(page: string): ConfigObject {
  const text = readFileSync(join(repository, page), 'utf8');
  const sample = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].find(([, one]) =>
    one?.includes('http_request_'),
  );
  if (sample?.[1] === undefined) throw new Error(`${page} has no sample of rules`);
  return parse(sample[1]) as ConfigObject;
}

export async function documented(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const own = siteConfig(origin.address);
  const { listeners, origins } = own;
  const readme = await startParapet(t, merge(own, { ...sampleOf('README.md'), listeners, origins }));
  const moved = await fetchOnce(readme.listener(), '/a?b=c');
  t.equal(moved.status, 308);
  t.equal(moved.field('Location'), 'https://site.test/a?b=c');

  const parapet = await startParapet(t, merge(own, { ...sampleOf('docs/rules.md'), listeners, origins }));
  const ask = (target: string, options: RequestOptions = {}) =>
    fetchOnce(parapet.listener(), target, options);
  t.equal((await ask('/')).status, 200, 'the client is in the list of those that may come by http');
  t.equal((await ask('/blog/1?utm=x')).body.toString(), 'asked for /archive/blog/1');
  t.equal((await ask('/.env')).status, 403);
  t.equal((await ask('/.well-known/security.txt')).status, 200);
  t.equal((await ask('/.env', { fields: { 'User-Agent': 'uptime-check/2' } })).status, 200);
  const scanner = await ask('/', { fields: { 'User-Agent': 'SQLMap' } });
  t.equal(scanner.status, 404);
  t.equal(scanner.body.toString(), 'Nothing here.\n');
  t.equal(scanner.field('X-Content-Type-Options'), 'nosniff');
  await ask('/fields', { fields: { 'User-Agent': 'me', 'X-Debug': '1' } });
  t.equal(origin.of('/fields')[0]?.fields['x-client'], 'me');
  t.equal(origin.of('/fields')[0]?.fields['x-debug'], undefined);
}

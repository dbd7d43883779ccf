/** Very many rules: they load, each of them works, and what matches none is served as ever. */
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { RawClient } from '../../support/raw-client.ts';
import { startOrigin } from './phases.ts';

const count = 10_000;

export async function manyRules(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const kinds = [
    (index: number) => `http.request.uri.path contains "/needle-${index}-"`,
    (index: number) => `http.user_agent contains "agent-${index}-"`,
    (index: number) => `http.request.headers["x-number"][0] eq "number ${index}"`,
    (index: number) => `http.request.uri.path eq "/exact/${index}"`,
  ];
  const rules = Array.from({ length: count }, (_, index) => ({
    ref: `rule-${index}`,
    expression: (kinds[index % kinds.length] as (typeof kinds)[number])(index),
    action: 'block',
    action_parameters: { response: { content: `rule ${index}` } },
  }));
  const config = siteConfig(origin.address, {
    rules: { http_request_firewall_custom: rules },
  });
  const parapet = await startParapet(t, config);
  const client = await RawClient.connect(parapet.listener());
  t.equal((await client.request('/page')).status, 200);
  t.match((await client.request('/page')).field('Cache-Status'), /hit/);
  const asks = [
    (index: number) => client.request(`/needle-${index}-/x`),
    (index: number) => client.request('/', { fields: { 'User-Agent': `an agent-${index}- of mine` } }),
    (index: number) => client.request('/', { fields: { 'X-Number': `number ${index}` } }),
    (index: number) => client.request(`/exact/${index}`),
  ];
  for (const index of [0, 1, 2, 3, 4444, 5555, 6666, 7777, 9996, 9997, 9998, 9999]) {
    const answer = await (asks[index % asks.length] as (typeof asks)[number])(index);
    t.equal(answer.status, 403);
    t.equal(answer.body.toString(), `rule ${index}`);
  }
  client.destroy();
}

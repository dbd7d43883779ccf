/** What rules do to requests and responses, seen from the client, the origin and the record. */
import type { Test } from 'tap';
import { readMetrics, waitMetric } from '../../support/admin.ts';
import { siteConfig } from '../../support/config.ts';
import { type CountingOrigin, startCountingOrigin } from '../../support/counting-origin.ts';
import { freeAddress } from '../../support/dead-origins.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { fetchOnce, RawClient, requestText } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { Deferred } from '../../support/within.ts';
import { cases, faultsOf, rulesConfig } from './cases.ts';

export async function startOrigin(t: Test): Promise<CountingOrigin> {
  const origin = await startCountingOrigin(t);
  origin.fallback = (request, response) => {
    response.setHeader('Cache-Control', 'max-age=60');
    response.setHeader('X-Origin', 'yes');
    response.end(`asked for ${request.url}`);
  };
  return origin;
}

async function start(t: Test): Promise<{ origin: CountingOrigin; parapet: Parapet }> {
  const origin = await startOrigin(t);
  return { origin, parapet: await startParapet(t, rulesConfig(origin.address)) };
}

const uriOf = ({ path, query }: { path: string; query: string }) =>
  query === '' ? path : `${path}?${query}`;

export async function actions(t: Test): Promise<void> {
  const { origin, parapet } = await start(t);
  for (const round of ['miss', 'hit']) {
    for (const one of cases) {
      const before = origin.seen.length;
      const answer = await fetchOnce(parapet.listener(), one.target, one.options);
      t.same(faultsOf(one, answer), [], `${one.name}, ${round}`);
      const asked = origin.seen.slice(before);
      if (one.asks === undefined && one.options?.method !== 'HEAD') t.equal(asked.length, 0, one.name);
      const isStored = round === 'hit' && one.options?.method !== 'POST';
      if (isStored) t.equal(asked.length, 0, `${one.name}: served from the store`);
      if (one.asks === undefined || asked.length === 0) continue;
      t.same(asked.map(uriOf), [one.asks], one.name);
      t.equal(asked[0]?.fields['x-edge'], one.name === 'skip later phases' ? undefined : 'parapet', one.name);
    }
  }
  const answer = await fetchOnce(parapet.listener(), '/real/alias/a?x');
  t.match(answer.field('Cache-Status'), /hit/, 'the key is that of the rewritten URI');
  t.equal((await fetchOnce(parapet.listener(), '/bare')).field('Cache-Status')?.includes('hit'), true);
  await fetchOnce(parapet.listener(), '/fields', {
    fields: { 'X-Edge': 'spoofed', 'X-List': 'own', 'X-Secret': 'token' },
  });
  const fields = origin.of('/fields')[0]?.fields ?? {};
  t.equal(fields['x-edge'], 'parapet');
  t.equal(fields['x-list'], 'own, /fields');
  t.equal(fields['x-secret'], undefined);
  const json = await fetchOnce(parapet.listener(), '/.env', { fields: { Accept: 'application/json' } });
  t.equal(json.field('Content-Type'), 'application/problem+json');
  t.equal((await fetchOnce(parapet.listener(), '/teapot')).body.toString(), '{"tea":"ä"}');
}

/** Rules see where the request arrived. */
export async function listenerFields(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const taken = await freeAddress();
  const listeners = [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${taken.port}` }];
  const rules = {
    http_request_firewall_custom: [
      {
        expression: `cf.edge.server_port eq ${taken.port} and cf.edge.server_ip eq 127.0.0.1`,
        action: 'block',
      },
    ],
  };
  const parapet = await startParapet(t, siteConfig(origin.address, { listeners, rules }));
  t.equal((await fetchOnce(parapet.listener(0), '/')).status, 200);
  t.equal((await fetchOnce(parapet.listener(1), '/')).status, 403);
}

/** Clients that wait for one fetch of a rewritten target, over both workers. */
export async function collapsed(t: Test): Promise<void> {
  const { origin, parapet } = await start(t);
  const release = new Deferred<void>();
  origin.handlers.set('/real/alias/cold', async (_request, response) => {
    await release.promise;
    response.setHeader('Cache-Control', 'max-age=60');
    response.end('cold');
  });
  const answers = Array.from({ length: 40 }, () => fetchOnce(parapet.listener(), '/alias/cold'));
  await waitMetric(parapet, 'parapet_exchanges_live', (value) => value === 40);
  release.resolve();
  for (const answer of await Promise.all(answers)) {
    t.equal(answer.body.toString(), 'cold');
    t.equal(answer.field('X-Path'), '/real/alias/cold');
  }
  t.equal(origin.count('/real/alias/cold'), 1);
}

/** Matches are counted by phase and action, once per exchange. */
export async function metrics(t: Test): Promise<void> {
  const { parapet } = await start(t);
  const count = async (phase: string, action: string) => {
    const line = `parapet_rules_matched_total{phase="${phase}",action="${action}"} `;
    const text = await readMetrics(parapet);
    return Number(
      text
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.slice(line.length),
    );
  };
  t.equal(await count('http_request_firewall_custom', 'block'), 0);
  for (const target of ['/a/.env', '/teapot', '/alias/1', '/alias/1', '/logged', '/moved', '/page'])
    await fetchOnce(parapet.listener(), target);
  t.equal(await count('http_request_firewall_custom', 'block'), 2);
  t.equal(await count('http_request_firewall_custom', 'log'), 1);
  t.equal(await count('http_request_dynamic_redirect', 'redirect'), 1);
  t.equal(await count('http_request_transform', 'rewrite'), 2, 'a miss and a hit');
  t.equal(await count('http_request_late_transform', 'rewrite'), 4);
  t.equal(await count('http_response_headers_transform', 'rewrite'), 7);
}

export async function keepAlive(t: Test): Promise<void> {
  const { parapet } = await start(t);
  const client = await RawClient.connect(parapet.listener());
  for (const one of [...cases, ...cases]) {
    const answer = await client.request(one.target, one.options ?? {});
    t.same(faultsOf(one, answer), [], one.name);
  }
  client.destroy();
}

export async function pipelined(t: Test): Promise<void> {
  const { parapet } = await start(t);
  const client = await RawClient.connect(parapet.listener());
  const all = [...cases, ...cases.toReversed()];
  const sent = client.write(Buffer.concat(all.map(({ target, options }) => requestText(target, options))));
  for (const one of all) {
    const answer = await client.read({ method: one.options?.method ?? 'GET' });
    t.same(faultsOf(one, answer), [], one.name);
  }
  await sent;
  t.equal(client.excess.length, 0);
  client.destroy();
}

export async function recordsOfRules(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const config = rulesConfig(origin.address);
  const names = ['RayID', 'Reason', 'Outcome', 'SecurityAction', 'SecurityRuleID', 'SecurityRuleDescription'];
  const lists = ['SecurityActions', 'SecurityRuleIDs', 'SecuritySources', 'ClientRequestURI'];
  const { logs } = config as { logs: { directory: string; jobs: { output?: object }[] } };
  for (const job of logs.jobs) job.output = { field_names: [...names, ...lists] };
  const parapet = await startParapet(t, config);
  for (const one of cases) {
    const answer = await fetchOnce(parapet.listener(), one.target, one.options);
    const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
    t.same(record['SecurityRuleIDs'], one.matched ?? [], one.name);
    t.equal(record['SecurityRuleID'], one.matched?.at(-1) ?? '', one.name);
    t.equal(record['ClientRequestURI'], one.target, 'the target as it came');
    const isBlocked = one.status === 403 || one.status === 418;
    t.equal(record['Reason'], isBlocked ? 'rule' : 'none', one.name);
    t.equal(record['Outcome'], isBlocked ? 'refused' : 'ok', one.name);
    if (isBlocked) t.equal(record['SecurityAction'], 'block');
    if (one.location !== undefined) t.equal(record['SecurityAction'], 'redirect');
  }
  const tea = await fetchOnce(parapet.listener(), '/teapot');
  const record = await waitRecord(parapet.recordsFile, tea.field('parapet-ray'));
  t.equal(record['SecurityRuleDescription'], 'short and stout');
  t.same(record['SecurityActions'], ['block']);
  t.same(record['SecuritySources'], ['firewallCustom']);
}

/** `explain` against the proxy that runs: for each request, what it says is what comes. */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { noIds } from '../../../src/config/index.ts';
import { type ExplainedPhase, explain, readConfiguration } from '../../../src/control/index.ts';
import { runCommand, startParapet } from '../../support/parapet.ts';
import { type Answer, fetchOnce } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { type Case, cases, rulesConfig } from './cases.ts';
import { startOrigin } from './phases.ts';

interface Verdict {
  status: number;
  /** What the origin is asked for; undefined: it is not. */
  asks: string | undefined;
  matched: string[];
  location: string | undefined;
  frame: string | undefined;
}

const told = new Set(['block', 'log', 'skip', 'redirect']);

function verdictOf(phases: readonly ExplainedPhase[]): Verdict {
  const answered = phases.find(({ decision }) => decision.startsWith('answered with'));
  const fields = phases.flatMap(({ detail }) => (detail['fields'] as string[] | undefined) ?? []);
  const valueOf = (name: string) => {
    const text = fields.find((field) => field.startsWith(`set ${name}: `));
    return text?.slice(`set ${name}: `.length);
  };
  const rules = phases.flatMap(
    ({ detail }) => (detail['rules'] as { ref: string; action: string; result: string }[] | undefined) ?? [],
  );
  return {
    status: answered === undefined ? 200 : Number(answered.decision.split(' ').at(-1)),
    asks: phases.find(({ phase }) => phase === 'origin')?.detail['target'] as string | undefined,
    matched: rules
      .filter(({ action, result }) => told.has(action) && result === 'matched')
      .map(({ ref }) => ref),
    location: valueOf('location'),
    frame: valueOf('x-frame-options'),
  };
}

function requestOf({ target, options }: Case) {
  const fields = Object.entries(options?.fields ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    String(value),
  ]);
  return { method: options?.method ?? 'GET', url: `http://site.test${target}`, fields, ip: '127.0.0.1' };
}

const more: readonly Case[] = [
  { name: 'dot file behind an alias', target: '/alias/.env?a', status: 403 },
  { name: 'a moved page with a query', target: '/moved?x=1', status: 308 },
  {
    name: 'a bad agent that passes the ruleset',
    target: '/',
    status: 403,
    options: { fields: { 'X-Pass': 'ruleset', 'User-Agent': 'EvilBot/1.0' } },
  },
  {
    name: 'a bad agent that passes the phase',
    target: '/',
    status: 200,
    options: { fields: { 'X-Pass': 'phase', 'User-Agent': 'EvilBot/1.0' } },
  },
  { name: 'an empty query', target: '/bare?', status: 200 },
  { name: 'DELETE', target: '/alias/x', status: 200, options: { method: 'DELETE' } },
];

export async function explainAgrees(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const config = rulesConfig(origin.address);
  const { logs } = config as { logs: { jobs: { output?: object }[] } };
  for (const job of logs.jobs) job.output = { field_names: ['RayID', 'SecurityRuleIDs'] };
  const parapet = await startParapet(t, config);
  const read = readConfiguration(parapet.config, readFileSync(parapet.config, 'utf8'), noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  for (const one of [...cases, ...more]) {
    const phases = explain(read.configuration, requestOf(one), 1_800_000_000_000);
    if (typeof phases === 'string') throw new Error(phases);
    const before = origin.seen.length;
    const answer: Answer = await fetchOnce(parapet.listener(), one.target, one.options);
    const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
    const asked = origin.seen[before];
    const uri = asked && (asked.query === '' ? asked.path : `${asked.path}?${asked.query}`);
    const said = verdictOf(phases);
    const done: Verdict = {
      status: answer.status,
      asks: uri ?? (answer.status === 200 ? said.asks : undefined),
      matched: record['SecurityRuleIDs'] as string[],
      location: answer.field('Location'),
      frame: answer.field('X-Frame-Options'),
    };
    // node:http does not tell an empty query from none.
    if (said.asks?.endsWith('?')) said.asks = said.asks.slice(0, -1);
    t.same(said, done, one.name);
    t.equal(answer.status, one.status, one.name);
  }
}

export async function commands(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const parapet = await startParapet(t, rulesConfig(origin.address));
  const check = await runCommand(['check', '-c', parapet.config]);
  t.equal(check.code, 0);
  t.match(check.stdout, /no faults \(.*\b17 rules/);
  const asked = ['-c', parapet.config, '-H', 'User-Agent: EvilBot/1.0', '--ip', '198.51.100.9'];
  const text = await runCommand(['explain', 'GET', 'http://site.test/alias/x?y', ...asked]);
  t.equal(text.code, 0);
  t.match(text.stdout, /^http_request_transform +goes on$/m);
  t.match(text.stdout, /target: \/real\/alias\/x\?y/);
  t.match(text.stdout, /^http_request_firewall_custom +answered with 403$/m);
  t.match(text.stdout, /rule: ref=agents action=block result=matched/);
  t.match(text.stdout, /rule: ref=far action=block result=not reached/);
  t.notMatch(text.stdout, /^origin/m);
  const json = await runCommand([
    'explain',
    'GET',
    'http://site.test/alias/x',
    '-c',
    parapet.config,
    '--json',
  ]);
  const { phases } = JSON.parse(json.stdout) as { phases: ExplainedPhase[] };
  t.same(
    phases.map(({ phase }) => phase),
    [
      'door',
      'zone',
      'http_request_dynamic_redirect',
      'http_request_transform',
      'http_request_firewall_custom',
      'http_request_late_transform',
      'cache',
      'origin',
      'store',
      'http_response_headers_transform',
    ],
  );
  t.match(phases.find(({ phase }) => phase === 'cache')?.detail, { key: { target: '/real/alias/x' } });
}

/** A config with a rule for every action and phase, and requests with what must come of each. */
import { type ConfigObject, type ConfigValue, siteConfig } from '../../support/config.ts';
import type { Address, Answer, RequestOptions } from '../../support/raw-client.ts';

const redirect = (ref: string, expression: string, from: { [key: string]: ConfigValue }): ConfigObject => ({
  ref,
  expression,
  action: 'redirect',
  action_parameters: { from_value: from },
});
const uri = (ref: string, expression: string, parts: ConfigObject): ConfigObject => ({
  ref,
  expression,
  action: 'rewrite',
  action_parameters: { uri: parts },
});
const fields = (ref: string, expression: string | boolean, headers: ConfigObject): ConfigObject => ({
  ref,
  expression,
  action: 'rewrite',
  action_parameters: { headers },
});

const path = (value: string) => `http.request.uri.path eq "${value}"`;

export const lists: ConfigObject = {
  agents: { kind: 'string', items: ['EvilBot/1.0', 'Bad "quoted" agent'] },
  far: { kind: 'ip', items: ['198.51.100.0/24', '2001:db8::/32'] },
};

/** Of all zones: they run before those of the zone. */
export const sharedRules: { [phase: string]: ConfigValue } = {
  http_request_firewall_custom: [
    { ref: 'shared-log', expression: path('/logged'), action: 'log', description: 'seen everywhere' },
    {
      ref: 'shared-skip',
      expression: 'http.request.headers["x-pass"][0] eq "ruleset"',
      action: 'skip',
      action_parameters: { ruleset: 'current' },
    },
    {
      ref: 'shared-skip-phase',
      expression: 'http.request.headers["x-pass"][0] eq "phase"',
      action: 'skip',
      action_parameters: { phase: 'current' },
    },
    { ref: 'shared-block', expression: path('/shared-block'), action: 'block' },
  ],
};

export const zoneRules: { [phase: string]: ConfigValue } = {
  http_request_dynamic_redirect: [
    redirect('moved', path('/moved'), { target_url: { value: 'https://new.test/x' }, status_code: 308 }),
    redirect('keep', path('/keep'), {
      target_url: { expression: 'concat("https://", http.host, "/kept")' },
      status_code: 302,
      preserve_query_string: true,
    }),
  ],
  http_request_transform: [
    uri('alias', 'starts_with(http.request.uri.path, "/alias/")', {
      path: { expression: 'concat("/real", http.request.uri.path)' },
    }),
    uri('bare', path('/bare'), { query: { value: '' } }),
  ],
  http_request_firewall_custom: [
    { ref: 'dotfiles', expression: 'http.request.uri.path contains "/.env"', action: 'block' },
    {
      ref: 'teapot',
      description: 'short and stout',
      expression: path('/teapot'),
      action: 'block',
      action_parameters: {
        response: { status_code: 418, content_type: 'application/json', content: '{"tea":"ä"}' },
      },
    },
    { ref: 'agents', expression: 'http.user_agent in $agents', action: 'block' },
    { ref: 'rewritten', expression: path('/real/alias/log'), action: 'log' },
    {
      ref: 'quiet',
      expression: path('/quiet'),
      action: 'skip',
      action_parameters: { phases: ['http_request_late_transform', 'http_response_headers_transform'] },
    },
    { ref: 'zone-block', expression: path('/shared-block'), action: 'block', enabled: true },
    { ref: 'off', expression: true, action: 'block', enabled: false },
    { ref: 'far', expression: 'ip.src in $far', action: 'block' },
  ],
  http_request_late_transform: [
    fields('to-origin', true, {
      'X-Edge': { operation: 'set', value: 'parapet' },
      'X-List': { operation: 'add', expression: 'http.request.uri.path' },
      'X-Secret': { operation: 'remove' },
    }),
  ],
  http_response_headers_transform: [
    fields('to-client', 'http.request.uri.path ne "/plain"', {
      'X-Frame-Options': { operation: 'set', value: 'DENY' },
      'X-Origin': { operation: 'remove' },
      'X-Path': { operation: 'add', expression: 'http.request.uri.path' },
    }),
  ],
};

export function rulesConfig(origin: Address, over: ConfigObject = {}): ConfigObject {
  const zone = { name: 'site', hosts: ['*'], origin: 'site', rules: zoneRules };
  return siteConfig(origin, { zones: [zone], rules: sharedRules, lists, ...over });
}

export interface Case {
  name: string;
  target: string;
  options?: RequestOptions;
  status: number;
  location?: string;
  /** What the origin is asked for, where it is. */
  asks?: string;
  /** Fields of the answer; null: it must not be there. */
  answer?: Record<string, string | null>;
  /** Rules of the record: the last one, and all of them. */
  matched?: string[];
}

const framed = (at: string): Record<string, string | null> => ({
  'X-Frame-Options': 'DENY',
  'X-Origin': null,
  'X-Path': at,
});
const agent = (value: string): RequestOptions => ({ fields: { 'User-Agent': value } });
const pass = (value: string): RequestOptions => ({ fields: { 'X-Pass': value } });

export const cases: readonly Case[] = [
  { name: 'no request rule', target: '/page?q=1', status: 200, asks: '/page?q=1', answer: framed('/page') },
  {
    name: 'no rule at all but the late one',
    target: '/plain',
    status: 200,
    asks: '/plain',
    answer: { 'X-Frame-Options': null, 'X-Origin': 'yes' },
  },
  {
    name: 'redirect to a value',
    target: '/moved',
    status: 308,
    location: 'https://new.test/x',
    matched: ['moved'],
    answer: framed('/moved'),
  },
  {
    name: 'redirect to an expression',
    target: '/keep?a=1&b',
    status: 302,
    location: 'https://site.test/kept?a=1&b',
    matched: ['keep'],
  },
  {
    name: 'rewritten path',
    target: '/alias/a?x',
    status: 200,
    asks: '/real/alias/a?x',
    answer: framed('/real/alias/a'),
  },
  {
    name: 'rewritten path, then a rule that sees it',
    target: '/alias/log',
    status: 200,
    asks: '/real/alias/log',
    matched: ['rewritten'],
  },
  { name: 'query removed', target: '/bare?secret=1', status: 200, asks: '/bare' },
  { name: 'block', target: '/a/.env', status: 403, matched: ['dotfiles'], answer: framed('/a/.env') },
  {
    name: 'block with content',
    target: '/teapot',
    status: 418,
    matched: ['teapot'],
    answer: { 'Content-Type': 'application/json; charset=utf-8' },
  },
  {
    name: 'block by a list',
    target: '/page?q=1',
    options: agent('Bad "quoted" agent'),
    status: 403,
    matched: ['agents'],
  },
  { name: 'log', target: '/logged', status: 200, asks: '/logged', matched: ['shared-log'] },
  { name: 'all zones first', target: '/shared-block', status: 403, matched: ['shared-block'] },
  {
    name: 'skip a ruleset',
    target: '/shared-block',
    options: pass('ruleset'),
    status: 403,
    matched: ['shared-skip', 'zone-block'],
  },
  {
    name: 'skip a phase',
    target: '/shared-block',
    options: pass('phase'),
    status: 200,
    asks: '/shared-block',
    matched: ['shared-skip-phase'],
  },
  {
    name: 'skip later phases',
    target: '/quiet',
    status: 200,
    asks: '/quiet',
    matched: ['quiet'],
    answer: { 'X-Frame-Options': null, 'X-Origin': 'yes' },
  },
  { name: 'HEAD', target: '/page?q=1', options: { method: 'HEAD' }, status: 200 },
  {
    name: 'POST',
    target: '/alias/post',
    options: { method: 'POST', body: 'hello' },
    status: 200,
    asks: '/real/alias/post',
  },
];

/** What is wrong with an answer; empty: nothing. */
export function faultsOf(one: Case, answer: Answer): string[] {
  const faults: string[] = [];
  if (answer.status !== one.status) faults.push(`status ${answer.status} in place of ${one.status}`);
  if (one.location !== undefined && answer.field('Location') !== one.location)
    faults.push(`Location ${answer.field('Location')}`);
  for (const [name, value] of Object.entries(one.answer ?? {})) {
    const given = answer.field(name) ?? null;
    if (given !== value) faults.push(`${name}: ${given} in place of ${value}`);
  }
  return faults;
}

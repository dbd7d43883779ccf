/** What a client sends stays a value, whatever it looks like; names of rules and lists are names, whatever they are called. */
import type { Test } from 'tap';
import { type ConfigObject, siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { startOrigin } from './phases.ts';

const header = (name: string) => `http.request.headers["${name}"][0]`;

export async function injections(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const rules = {
    http_request_dynamic_redirect: [
      {
        expression: `len(${header('x-to')}) > 0`,
        action: 'redirect',
        action_parameters: { from_value: { target_url: { expression: `concat("/", ${header('x-to')})` } } },
      },
    ],
    http_request_transform: [
      {
        expression: `len(${header('x-path')}) > 0`,
        action: 'rewrite',
        action_parameters: {
          uri: { path: { expression: header('x-path') }, query: { expression: header('x-query') } },
        },
      },
    ],
    http_request_late_transform: [
      {
        expression: `len(${header('x-value')}) > 0`,
        action: 'rewrite',
        action_parameters: { headers: { 'x-copy': { operation: 'set', expression: header('x-value') } } },
      },
    ],
    http_response_headers_transform: [
      {
        expression: `len(${header('x-value')}) > 0`,
        action: 'rewrite',
        action_parameters: { headers: { 'x-back': { operation: 'set', expression: header('x-value') } } },
      },
    ],
  };
  const zone = { name: 'site', hosts: ['*'], origin: 'site', rules };
  const parapet = await startParapet(t, siteConfig(origin.address, { zones: [zone] }));
  const ask = (fields: Record<string, string>) => fetchOnce(parapet.listener(), '/own?q', { fields });

  // CR and LF cannot come in a field value: percent-encoded ones stay encoded, everything else is encoded.
  const to = '\t/%0d%0aSet-Cookie: a=b\xff"<>\\^`{|} end';
  t.equal(
    (await ask({ 'X-To': to })).field('Location'),
    '//%0d%0aSet-Cookie:%20a=b%FF%22%3C%3E%5C%5E%60%7B%7C%7D%20end',
  );
  const answer = await ask({ 'X-Path': 'x HTTP/1.1\t?a#b\xe4', 'X-Query': 'q HTTP/1.0#\xe4' });
  t.equal(answer.status, 200);
  t.equal(origin.seen.at(-1)?.path, '/x%20HTTP/1.1%09%3Fa%23b%E4');
  t.equal(origin.seen.at(-1)?.query, 'q%20HTTP/1.0%23%E4');
  const value = 'a"b\'c\\d;e\tf\xff';
  t.equal((await ask({ 'X-Value': value })).field('X-Back'), value);
  t.equal(origin.seen.at(-1)?.fields['x-copy'], value);
  t.equal((await ask({ 'X-Path': `/${'x'.repeat(16_000)}` })).status, 414);
}

const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];

export async function hostileNames(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const block = (ref: string, expression: string): ConfigObject => ({ ref, expression, action: 'block' });
  const list = (name: string) => name.toLowerCase();
  const rules = {
    http_request_firewall_custom: names.flatMap((name) => [
      block(name, `${header(name.toLowerCase())} eq "on"`),
      block(`cookie-${name}`, `http.request.cookies["${name}"][0] eq "on"`),
      block(`argument-${name}`, `http.request.uri.args["${name}"][0] eq "on"`),
      block(`list-${name}`, `${header('x-key')} in $${list(name)}`),
    ]),
  };
  const lists = Object.create(null) as ConfigObject;
  for (const name of names) lists[list(name)] = { kind: 'string', items: [`key of ${name}`, name] };
  const zone = { name: 'constructor', hosts: ['*'], origin: 'site', rules };
  const config = siteConfig(origin.address, { zones: [zone] });
  config['lists'] = lists;
  const { logs } = config as { logs: { jobs: { output?: object }[] } };
  for (const job of logs.jobs) job.output = { field_names: ['RayID', 'SecurityRuleID'] };
  const parapet = await startParapet(t, config);
  const ask = async (target: string, fields: Record<string, string>) => {
    const answer = await fetchOnce(parapet.listener(), target, { fields });
    const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
    return `${answer.status} ${String(record['SecurityRuleID'])}`;
  };
  t.equal(await ask('/', {}), '200 ', 'nothing is found that was not sent');
  t.equal(await ask('/?a=on', { Cookie: 'a=on', 'X-Key': 'valueOf' }), '200 ');
  for (const name of names) {
    t.equal(await ask('/', { [name]: 'on' }), `403 ${name}`);
    t.equal(await ask('/', { Cookie: `a=b; ${name}=on` }), `403 cookie-${name}`);
    t.equal(await ask(`/?a=b&${name}=on`, {}), `403 argument-${name}`);
    t.equal(await ask('/', { 'X-Key': `key of ${name}` }), `403 list-${name}`);
  }
}

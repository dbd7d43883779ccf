/** The phases of rules, and what each action does, over a whole proxy without sockets. */
import t from 'tap';
import type { RulesetSettings } from '../../src/rules/config.ts';
import { FakeProxy, type Origin, snapshotWith } from '../support/fake-proxy.ts';
import { type GivenRules, ruleset } from '../support/rules.ts';

const origin: Origin = (request) => ({
  fields: [
    ['cache-control', 'max-age=60'],
    ['x-origin', 'yes'],
  ],
  body: request.target,
});

function proxyWith(rulesets: readonly RulesetSettings[], asked: Origin = origin): FakeProxy {
  const base = snapshotWith();
  const zone = {
    ...(base.zones[0] as (typeof base.zones)[number]),
    rulesets: rulesets.map((_, index) => index),
  };
  return new FakeProxy(asked, { ...base, zones: [zone], rulesets });
}

const proxyOf = (rules: GivenRules, asked?: Origin) => proxyWith([ruleset(rules)], asked);

const block = (expression: string, more: object = {}) => ({ expression, action: 'block', ...more });
const uri = (expression: string, parts: object, more: object = {}) => ({
  expression,
  action: 'rewrite',
  action_parameters: { uri: parts },
  ...more,
});
const headers = (expression: string, fields: object) => ({
  expression,
  action: 'rewrite',
  action_parameters: { headers: fields },
});
const redirect = (expression: string, target: object, more: object = {}) => ({
  expression,
  action: 'redirect',
  action_parameters: {
    from_value: { target_url: target, status_code: 301, preserve_query_string: false, ...more },
  },
});

t.test('block: a page in the format that Accept asks for, at hits too', async (t) => {
  const proxy = proxyOf({
    http_request_firewall_custom: [
      block('http.user_agent contains "bad"', { ref: 'agents', description: 'no bots' }),
    ],
  });
  t.equal(proxy.send().status, 200);
  t.equal(proxy.send().cacheResult, 'hit', 'a request that no rule matches goes on as ever');
  const answer = proxy.send({
    fields: [
      ['user-agent', 'very bad'],
      ['accept', 'application/json'],
    ],
  });
  t.equal(answer.status, 403);
  t.equal(answer.reason, 'rule');
  t.equal(answer.get('content-type'), 'application/problem+json');
  t.same(JSON.parse(answer.body), { type: 'about:blank', title: 'Forbidden', status: 403 });
  t.same(answer.notes, {
    securityAction: 'block',
    securityRuleId: 'agents',
    securityRuleDescription: 'no bots',
    securityActions: 'block',
    securityRuleIds: 'agents',
    securitySources: 'firewallCustom',
  });
  t.equal(proxy.asked.length, 1);
});

t.test('block: status, type and content are those of the rule', async (t) => {
  const response = { status_code: 451, content_type: 'text/xml', content: '<no>ä</no>' };
  const proxy = proxyOf({
    http_request_firewall_custom: [block('true', { action_parameters: { response } })],
  });
  const answer = proxy.send();
  t.equal(answer.status, 451);
  t.equal(answer.get('content-type'), 'text/xml; charset=utf-8');
  t.equal(answer.body, '<no>ä</no>');
});

t.test('log goes on, and its match is told; one that is not to be logged is not', async (t) => {
  const proxy = proxyOf({
    http_request_firewall_custom: [
      { expression: 'true', action: 'log', ref: 'first' },
      { expression: 'true', action: 'log', ref: 'silent', logging: { enabled: false } },
      { expression: 'true', action: 'log', ref: 'second' },
    ],
  });
  for (const result of ['miss', 'hit']) {
    const answer = proxy.send();
    t.equal(answer.cacheResult, result);
    t.equal(answer.notes.securityRuleId, 'second');
    t.equal(answer.notes.securityRuleIds, 'first\u001fsecond');
    t.equal(answer.notes.securityActions, 'log\u001flog');
  }
});

t.test('skip: the rest of the ruleset, of the phase, or later phases', async (t) => {
  const rest = [block('true')];
  const skip = (parameters: object) => ({
    expression: 'http.request.uri.path eq "/skip"',
    action: 'skip',
    action_parameters: parameters,
  });
  const own = (parameters: object) => ruleset({ http_request_firewall_custom: [skip(parameters), ...rest] });
  t.equal(proxyWith([own({ ruleset: 'current' })]).send({ target: '/skip' }).status, 200);
  t.equal(proxyWith([own({ ruleset: 'current' })]).send({ target: '/other' }).status, 403);
  const second = ruleset({ http_request_firewall_custom: rest });
  t.equal(proxyWith([own({ ruleset: 'current' }), second]).send({ target: '/skip' }).status, 403);
  t.equal(proxyWith([own({ phase: 'current' }), second]).send({ target: '/skip' }).status, 200);
  const proxy = proxyOf({
    http_request_firewall_custom: [
      skip({ phases: ['http_request_late_transform', 'http_response_headers_transform'] }),
    ],
    http_request_late_transform: [headers('true', { 'x-added': { operation: 'set', value: '1' } })],
    http_response_headers_transform: [headers('true', { 'x-sent': { operation: 'set', value: '1' } })],
  });
  for (const [target, expected] of [
    ['/skip', undefined],
    ['/other', '1'],
    ['/skip', undefined],
    ['/other', '1'],
  ] as const)
    t.equal(proxy.send({ target }).get('x-sent'), expected, target);
  t.same(
    proxy.asked.map((request) => request.get('x-added')),
    [undefined, '1'],
  );
});

t.test('redirect: a URL that is given or computed, safe to stand in Location', async (t) => {
  const proxy = proxyOf({
    http_request_dynamic_redirect: [
      redirect(
        'http.request.uri.path eq "/old"',
        { value: 'https://new.example/ä?x=1#top' },
        { status_code: 308 },
      ),
      redirect(
        'http.request.uri.path eq "/keep"',
        { value: '/kept#end' },
        { status_code: 302, preserve_query_string: true },
      ),
      redirect('http.request.uri.path eq "/echo"', { expression: 'http.request.headers["x-to"][0]' }),
      redirect('not ssl', { expression: 'concat("https://", http.host, http.request.uri)' }),
    ],
  });
  const location = (target: string, fields: [string, string][] = []) => {
    const answer = proxy.send({ target, fields });
    return `${answer.status} ${answer.get('location')}`;
  };
  t.equal(location('/old'), '308 https://new.example/%C3%A4?x=1#top');
  t.equal(location('/keep?a=b&c'), '302 /kept?a=b&c#end');
  t.equal(location('/keep'), '302 /kept#end');
  t.equal(location('/echo', [['x-to', '/a b"<\x0b\xff']]), '301 /a%20b%22%3C%0B%FF');
  t.equal(location('/echo'), '301 https://site.example/echo', 'a URL without a value redirects nowhere');
  t.equal(location('/any?q=1'), '301 https://site.example/any?q=1');
  t.equal(proxy.send({ isTls: true }).status, 200);
  const answer = proxy.send({ target: '/old' });
  t.equal(answer.notes.securityAction, 'redirect');
  t.equal(answer.notes.securityRuleId, 'http_request_dynamic_redirect:0');
  t.equal(proxy.asked.length, 1);
});

t.test('rewrite of the URI: the origin, the key and later rules see it, raw fields do not', async (t) => {
  const proxy = proxyOf({
    http_request_transform: [
      uri('starts_with(http.request.uri.path, "/a/")', {
        path: { expression: 'concat("/b", http.request.uri.path)' },
      }),
      uri('http.request.uri.path eq "/noquery"', { query: { value: '' } }),
      uri('http.request.uri.path eq "/query"', { query: { value: 'x=ä y#' } }),
    ],
    http_request_firewall_custom: [
      { expression: 'http.request.uri.path eq "/b/a/1"', action: 'log', ref: 'rewritten' },
      { expression: 'raw.http.request.uri.path eq "/a/1"', action: 'log', ref: 'raw' },
    ],
  });
  const first = proxy.send({ target: '/a/1?q' });
  t.equal(first.body, '/b/a/1?q');
  t.equal(first.notes.securityRuleIds, 'rewritten\u001fraw');
  t.equal(proxy.send({ target: '/a/1?q' }).cacheResult, 'hit');
  t.equal(proxy.send({ target: '/b/a/1?q' }).cacheResult, 'hit', 'both names have one key');
  t.equal(proxy.send({ target: '/noquery?secret' }).body, '/noquery');
  t.equal(proxy.send({ target: '/noquery' }).cacheResult, 'hit');
  t.equal(proxy.send({ target: '/query?old' }).body, '/query?x=%C3%A4%20y%23');
});

t.test('the rules of a phase see what it began with, and the last match wins', async (t) => {
  const proxy = proxyOf({
    http_request_transform: [
      uri('http.request.uri.path eq "/x"', { path: { value: '/one' } }),
      uri('http.request.uri.path eq "/x"', { path: { value: '/two' } }),
      uri('http.request.uri.path eq "/one" or http.request.uri.path eq "/two"', {
        path: { value: '/three' },
      }),
    ],
  });
  t.equal(proxy.send({ target: '/x' }).body, '/two');
  t.equal(proxy.send({ target: '/one' }).body, '/three');
});

t.test('a path that is computed cannot become another part of the request', async (t) => {
  const proxy = proxyOf({
    http_request_transform: [
      uri('len(http.request.headers["x-path"][0]) > 0', {
        path: { expression: 'http.request.headers["x-path"][0]' },
      }),
      uri('true', { query: { expression: 'http.request.headers["x-query"][0]' } }),
    ],
  });
  const ask = (fields: [string, string][]) => proxy.send({ target: '/own?q', fields }).body;
  t.equal(ask([['x-path', 'no slash?a#b HTTP/1.1']]), '/no%20slash%3Fa%23b%20HTTP/1.1?q');
  t.equal(ask([['x-path', '/\xe4\x01%41']]), '/%E4%01%41?q');
  t.equal(ask([['x-query', 'a#b c\x7f']]), '/own?a%23b%20c%7F');
  t.equal(ask([]), '/own?q', 'nothing to rewrite with: it stays');
  const long = '/'.padEnd(20_000, 'x');
  t.equal(proxy.send({ fields: [['x-path', long]] }).status, 414);
});

t.test('rewrite of request fields: set, add, remove, and expressions without a result', async (t) => {
  const proxy = proxyOf({
    http_request_late_transform: [
      headers('true', {
        'X-Set': { operation: 'set', value: 'ä' },
        'X-Add': { operation: 'add', value: 'more' },
        'X-Gone': { operation: 'remove' },
        'X-From': { operation: 'set', expression: 'http.request.headers["x-source"][0]' },
        'X-Add-From': { operation: 'add', expression: 'http.request.headers["x-source"][0]' },
      }),
    ],
  });
  const ask = (fields: [string, string][]) => {
    proxy.send({ method: 'POST', fields });
    return proxy.asked.at(-1);
  };
  const first = ask([
    ['x-set', 'old'],
    ['x-add', 'old'],
    ['x-gone', 'old'],
    ['x-from', 'old'],
    ['x-source', 'new\x00\x0b value'],
  ]);
  t.equal(first?.get('x-set'), '\xc3\xa4');
  t.equal(first?.get('x-add'), 'old, more');
  t.equal(first?.get('x-gone'), undefined);
  t.equal(first?.get('x-from'), 'new  value');
  t.equal(first?.get('x-add-from'), 'new  value');
  const second = ask([['x-from', 'old']]);
  t.equal(second?.get('x-from'), undefined, 'set to nothing: it is removed');
  t.equal(second?.get('x-add-from'), undefined);
});

t.test('rewrite of response fields: whoever made the response', async (t) => {
  const proxy = proxyOf({
    http_request_dynamic_redirect: [redirect('http.request.uri.path eq "/r"', { value: '/' })],
    http_request_firewall_custom: [block('http.request.uri.path eq "/b"')],
    http_response_headers_transform: [
      headers('true', {
        'X-Frame-Options': { operation: 'set', value: 'DENY' },
        'X-Origin': { operation: 'remove' },
        'Set-Cookie': { operation: 'add', expression: 'concat("path=", http.request.uri.path)' },
      }),
      headers('http.request.uri.path eq "/two"', {
        'x-frame-options': { operation: 'set', value: 'SAMEORIGIN' },
      }),
    ],
  });
  const check = (target: string, status: number, frame = 'DENY') => {
    const answer = proxy.send({ target });
    t.equal(answer.status, status, target);
    t.equal(answer.get('x-frame-options'), frame);
    t.equal(answer.get('x-origin'), undefined);
    t.equal(answer.get('set-cookie'), `path=${target}`);
    return answer;
  };
  t.equal(check('/one', 200).cacheResult, 'miss');
  t.equal(check('/one', 200).cacheResult, 'hit');
  check('/two', 200, 'SAMEORIGIN');
  check('/r', 301);
  check('/b', 403);
  proxy.origin = () => ({ fails: 'connectionRefused' });
  check('/gone', 502);
  t.ok(
    [...proxy.engine.store.values()].every(({ fields }) => !fields.some(([name]) => name === 'set-cookie')),
  );
});

t.test('what a rule gives a field is what responses vary on', async (t) => {
  const proxy = proxyOf(
    {
      http_request_late_transform: [
        headers('http.user_agent contains "Phone"', { 'x-device': { operation: 'set', value: 'phone' } }),
      ],
    },
    (request) => ({
      fields: [
        ['cache-control', 'max-age=60'],
        ['vary', 'x-device'],
      ],
      body: request.get('x-device') ?? 'other',
    }),
  );
  const ask = (agent: string) => proxy.send({ fields: [['user-agent', agent]] });
  for (const result of ['miss', 'hit']) {
    for (const [agent, body] of [
      ['Phone 1', 'phone'],
      ['Desk', 'other'],
    ] as const) {
      const answer = ask(agent);
      t.equal(answer.body, body);
      t.equal(answer.cacheResult, result);
    }
  }
  t.equal(ask('Phone 2').cacheResult, 'hit');
});

t.test('a stale response of a rewritten request is refreshed under its own key', async (t) => {
  let version = 1;
  const proxy = proxyOf(
    {
      http_request_transform: [uri('ip.src eq 192.0.2.77', { path: { value: '/private' } })],
      http_request_late_transform: [
        headers('ip.src eq 192.0.2.77', { 'x-who': { operation: 'set', value: 'friend' } }),
      ],
    },
    (request) => ({
      fields: [['cache-control', 'max-age=10, stale-while-revalidate=60']],
      body: `${request.target} ${request.get('x-who')} ${version}`,
    }),
  );
  const friend = () => proxy.send({ target: '/page', peer: '192.0.2.77' });
  const other = () => proxy.send({ target: '/page', peer: '192.0.2.1' });
  t.equal(friend().body, '/private friend 1');
  t.equal(other().body, '/page undefined 1');
  proxy.advance(20);
  version = 2;
  t.equal(friend().body, '/private friend 1');
  t.ok(proxy.asked.at(-1)?.isBackground);
  t.equal(proxy.asked.at(-1)?.target, '/private');
  t.equal(proxy.asked.at(-1)?.get('x-who'), 'friend');
  t.equal(friend().body, '/private friend 2');
  t.equal(other().body, '/page undefined 1', 'nothing of it gets under the name that was asked for');
});

t.test('a retry asks for the same, whatever the time says meanwhile', async (t) => {
  const proxy = proxyOf({
    http_request_transform: [
      uri('http.request.timestamp.sec eq 1800000000', { path: { value: '/at-first' } }),
    ],
  });
  let calls = 0;
  proxy.origin = (request) => {
    calls += 1;
    proxy.advance(1);
    if (calls === 1) return { fails: 'connectionRefused', mayRetry: true };
    return { body: request.target, fields: [['cache-control', 'max-age=60']] };
  };
  t.equal(proxy.send({ target: '/page' }).body, '/at-first');
  t.ok([...proxy.engine.store.keys()].some((key) => key.endsWith('\0/at-first')));
});

t.test('unsafe methods invalidate what they were rewritten to', async (t) => {
  const proxy = proxyOf({
    http_request_transform: [uri('http.request.uri.path eq "/alias"', { path: { value: '/real' } })],
  });
  proxy.send({ target: '/real' });
  t.equal(proxy.send({ target: '/alias' }).cacheResult, 'hit');
  proxy.send({ target: '/alias', method: 'POST' });
  t.equal(proxy.send({ target: '/real' }).cacheResult, 'miss');
});

t.test('zones without rules are not asked, and disabled rules do not exist', async (t) => {
  const proxy = proxyWith([
    ruleset({ http_request_firewall_custom: [block('true', { enabled: false }), block('ssl')] }),
  ]);
  t.equal(proxy.send().status, 200);
  t.equal(proxy.send({ isTls: true }).status, 403);
  const [zone] = proxy.snapshot.zones;
  if (zone === undefined) throw new Error('no zone');
  const plain = new FakeProxy(origin, { ...proxy.snapshot, zones: [{ ...zone, rulesets: [] }] });
  t.equal(plain.send({ isTls: true }).status, 200);
});

t.test('a flood of blocks fits, however large what they answer', async (t) => {
  const content = 'x'.repeat(30_000);
  const { snapshot, engine, policy } = proxyOf({
    http_request_firewall_custom: [block('true', { action_parameters: { response: { content } } })],
  });
  engine.begin();
  const head = engine.request({ target: '/', fields: [['host', 'site.example']] });
  for (let slot = 0; slot < 60; slot += 1)
    engine.event('request', { slot, generation: 1, head, snapshot: snapshot.id, clientAddress: 0 });
  const commands = engine.run(() => policy.onBatch()).filter(({ kind }) => kind === 'respond');
  t.equal(commands.length, 60);
  t.ok(commands.every((command) => command.word('status') === 403 && command.body === content));
});

t.test('however many rules change a field, the message is changed once', async (t) => {
  const rules = Array.from({ length: 300 }, (_, index) =>
    headers('true', { 'x-count': { operation: 'set', value: `${index}` } }),
  );
  const proxy = proxyOf({
    http_request_late_transform: rules,
    http_response_headers_transform: rules,
  });
  const answer = proxy.send();
  t.equal(answer.get('x-count'), '299');
  t.equal(proxy.asked[0]?.get('x-count'), '299');
  for (const command of answer.commands)
    t.ok(command.edits.filter(({ name }) => name === 'x-count').length <= 1, command.kind);
});

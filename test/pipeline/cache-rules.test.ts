/** Rules around the cache: http_request_cache_settings and http_response_cache_settings, over a whole proxy without sockets. */
import t from 'tap';
import { type CacheSettings, defaultCacheSettings } from '../../src/pipeline/protocol.ts';
import type { Fields } from '../support/fake-engine.ts';
import { FakeProxy, type Origin, snapshotWith } from '../support/fake-proxy.ts';
import { findingsOf, type GivenRules, ruleset } from '../support/rules.ts';

function proxyWith(rules: GivenRules, origin: Origin, cache: Partial<CacheSettings> = {}): FakeProxy {
  const base = snapshotWith();
  const zones = [{ ...base.zones[0]!, cache: { ...defaultCacheSettings, ...cache }, rulesets: [0] }];
  return new FakeProxy(origin, { ...base, zones, rulesets: [ruleset(rules)] });
}

const settings = (expression: string, action_parameters: object) => ({
  expression,
  action: 'set_cache_settings',
  action_parameters,
});
const answering =
  (...fields: Fields): Origin =>
  (request) => ({ fields, body: request.target });
const fresh = answering(['cache-control', 'max-age=60']);
const edge = (value: number) => ({
  edge_ttl: { mode: 'override_origin', default: value, status_code_ttl: [] },
});

t.test('cache: eligible or not, and the last match wins', async (t) => {
  const proxy = proxyWith(
    {
      http_request_cache_settings: [
        settings('starts_with(http.request.uri.path, "/api/")', { cache: false }),
        settings('http.request.uri.path eq "/api/list"', { cache: true }),
      ],
    },
    fresh,
  );
  const api = proxy.send({ target: '/api/x' });
  t.equal(api.cacheResult, 'dynamic');
  t.equal(api.get('cache-status'), 'parapet; fwd=bypass');
  t.equal(proxy.send({ target: '/api/list' }).cacheResult, 'miss');
  t.equal(proxy.send({ target: '/api/list' }).cacheResult, 'hit');
  const cdn = proxyWith(
    { http_request_cache_settings: [settings('http.host eq "site.example"', { cache: true })] },
    answering(),
    { mode: 'cdn' },
  );
  cdn.send({ target: '/page' });
  t.equal(cdn.send({ target: '/page' }).get('cache-status'), 'parapet; hit; ttl=7200');
});

t.test('edge_ttl and key of a rule hold at every event of the exchange', async (t) => {
  const proxy = proxyWith(
    {
      http_request_cache_settings: [
        settings('http.request.uri.path contains "/long/"', edge(100)),
        settings('true', { cache_key: { ignore_query_strings_order: true } }),
        settings('true', { cache_key: { cache_by_device_type: true } }),
      ],
    },
    answering(['cache-control', 'private']),
  );
  t.equal(proxy.send({ target: '/long/a?b&a' }).cacheResult, 'miss');
  proxy.advance(90);
  t.equal(proxy.send({ target: '/long/a?a&b' }).cacheResult, 'hit', 'parts of the key add up');
  t.equal(proxy.send({ target: '/long/a?a&b', fields: [['user-agent', 'iPhone']] }).cacheResult, 'miss');
  t.equal(proxy.send({ target: '/short' }).cacheResult, 'bypass');
});

t.test('a background refresh has the settings of the request that it is for', async (t) => {
  const proxy = proxyWith(
    {
      http_request_cache_settings: [
        settings('http.request.headers["x-tenant"][0] eq "a"', {
          ...edge(10),
          cache_key: { custom_key: { header: { include: ['x-tenant'] } } },
        }),
      ],
    },
    answering(['cache-control', 'max-age=1, stale-while-revalidate=60'], ['etag', '"a"']),
  );
  const fields: Fields = [['x-tenant', 'a']];
  t.equal(proxy.send({ fields }).cacheResult, 'miss');
  proxy.advance(15);
  t.equal(proxy.send({ fields }).cacheResult, 'updating');
  t.equal(proxy.asked.at(-1)!.isBackground, true);
  proxy.advance(9);
  t.equal(proxy.send({ fields }).cacheResult, 'hit', 'refreshed under its own key, for its own time');
});

t.test(
  'a hit that no rule of the request matches is answered at once, whatever waits for responses',
  async (t) => {
    const proxy = proxyWith(
      { http_response_cache_settings: [settings('true', { strip_etags: true })] },
      answering(['cache-control', 'max-age=60'], ['etag', '"a"']),
    );
    t.equal(proxy.send().get('etag'), undefined);
    const hit = proxy.send();
    t.equal(hit.cacheResult, 'hit');
    t.equal(hit.get('etag'), undefined);
    t.equal(hit.commands[0]!.edits.length, 0, 'it was served as it is stored');
  },
);

t.test('fields of the response in expressions', async (t) => {
  const rules: GivenRules = {
    http_response_cache_settings: [
      settings('http.response.code eq 200 and http.response.content_type.media_type eq "text/css"', {
        strip_set_cookie: true,
      }),
      settings('any(http.response.headers["x-app"][*] eq "old")', { strip_last_modified: true }),
    ],
  };
  const type = (value: string): Origin =>
    answering(
      ['content-type', value],
      ['set-cookie', 'a=1'],
      ['last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ['x-app', 'old'],
    );
  const css = proxyWith(rules, type('Text/CSS; charset=utf-8')).send();
  t.equal(css.get('set-cookie'), undefined);
  t.equal(css.get('last-modified'), undefined);
  const html = proxyWith(rules, type('text/html')).send();
  t.equal(html.get('set-cookie'), 'a=1');
  t.equal(html.cacheResult, 'bypass', 'and it keeps the response out of the store');
});

t.test('set_cache_control: what the cache and what the client sees', async (t) => {
  const control = (action_parameters: object, own = 'max-age=600, private') =>
    proxyWith(
      {
        http_response_cache_settings: [
          { expression: 'true', action: 'set_cache_control', action_parameters },
        ],
      },
      answering(['cache-control', own]),
    );
  const open = control({ private: { operation: 'remove' }, 's-maxage': { operation: 'set', value: 30 } });
  t.equal(open.send().get('cache-control'), 'max-age=600, s-maxage=30');
  t.equal(open.send().get('cache-status'), 'parapet; hit; ttl=30');
  const hidden = control({
    private: { operation: 'remove', cloudflare_only: true },
    'max-age': { operation: 'set', value: 5, cloudflare_only: true },
  });
  t.equal(hidden.send().get('cache-control'), 'max-age=600, private');
  const hit = hidden.send();
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=5');
  t.equal(hit.get('cache-control'), 'max-age=600, private');
  const named = control({ 'no-cache': { operation: 'set', qualifiers: ['x-a', 'x-b'] } }, 'max-age=9');
  t.equal(named.send().get('cache-control'), 'max-age=9, no-cache="x-a, x-b"');
  t.equal(control({ 'no-store': { operation: 'set' } }, 'max-age=9').send().cacheResult, 'bypass');
});

t.test('set_cache_tags: the tags are for the cache alone', async (t) => {
  const proxy = proxyWith(
    {
      http_response_cache_settings: [
        {
          expression: 'true',
          action: 'set_cache_tags',
          action_parameters: { operation: 'add', expression: 'concat("host-", http.host)' },
        },
        {
          expression: 'true',
          action: 'set_cache_tags',
          action_parameters: { operation: 'remove', values: ['B'] },
        },
      ],
    },
    answering(['cache-control', 'max-age=60'], ['cache-tag', 'a, b']),
  );
  const answer = proxy.send();
  t.equal(answer.get('cache-tag'), undefined);
  const forward = answer.commands.find(({ kind }) => kind === 'forward')!;
  const tags = forward.edits.filter(({ name }) => name === 'cache-tag').map(({ value }) => value);
  t.ok(tags.includes('a,host-site.example'));
});

t.test('a validation that rules change, too', async (t) => {
  const proxy = proxyWith(
    {
      http_response_cache_settings: [
        {
          expression: 'http.response.code eq 304',
          action: 'set_cache_control',
          action_parameters: { 'max-age': { operation: 'set', value: 50 } },
        },
      ],
    },
    (request) =>
      request.get('if-none-match') === undefined
        ? {
            fields: [
              ['cache-control', 'max-age=1'],
              ['etag', '"a"'],
            ],
            body: 'a',
          }
        : { status: 304, fields: [['cache-control', 'max-age=1']] },
  );
  proxy.send();
  proxy.advance(2);
  t.equal(proxy.send().cacheResult, 'revalidated');
  proxy.advance(40);
  const hit = proxy.send();
  t.equal(hit.cacheResult, 'hit');
  t.equal(hit.get('cache-control'), 'max-age=50');
});

t.test('faults are told', async (t) => {
  const messages = (rules: GivenRules) => findingsOf(rules).map(({ message }) => message);
  t.same(
    messages({ http_request_cache_settings: [settings('http.response.code eq 200', { cache: true })] }),
    ['the field "http.response.code" is not known in this phase: there is no response yet'],
  );
  t.same(messages({ http_request_cache_settings: [settings('true', {})] }), ['no setting is changed']);
  t.match(
    messages({
      http_request_cache_settings: [
        settings('true', { cache_key: { custom_key: { header: { include: ['user-agent'] } } } }),
      ],
    }),
    [/cannot be part of a cache key/],
  );
  const tags = (action_parameters: object) =>
    messages({
      http_response_cache_settings: [{ expression: 'true', action: 'set_cache_tags', action_parameters }],
    });
  t.same(tags({ operation: 'set' }), ['no tag is named']);
  t.same(tags({ operation: 'set', values: ['a b'] }), ['"a b" cannot be a tag']);
});

/** Cache settings of zones and rules in a running proxy: one proxy, one origin, a zone for each kind of setting. */
import t, { type Test } from 'tap';
import { type ConfigObject, siteConfig } from '../support/config.ts';
import { type CountingOrigin, type Handler, startCountingOrigin } from '../support/counting-origin.ts';
import { type Parapet, skipReason, startParapet } from '../support/parapet.ts';
import { type Answer, fetchOnce } from '../support/raw-client.ts';
import { patience } from '../support/scale.ts';
import { Deferred } from '../support/within.ts';
import { dictionaries, versioned } from './cache-settings/dictionary.ts';
import { geo } from './cache-settings/geo.ts';

t.setTimeout(patience(60_000));

const answering =
  (fields: Record<string, string | string[]>, status = 200): Handler =>
  (_request, response, seen) => {
    response.writeHead(status, { 'Cache-Control': 'max-age=60', ...fields });
    response.end(`${seen.path}?${seen.query}`);
  };

const settings = (expression: string, action_parameters: ConfigObject): ConfigObject => ({
  expression,
  action: 'set_cache_settings',
  action_parameters,
});
const path = (name: string) => `http.request.uri.path eq "${name}"`;

const zones: ConfigObject[] = [
  {
    name: 'keys',
    hosts: ['keys.test'],
    origin: 'site',
    cache: {
      cache_key: {
        ignore_query_strings_order: true,
        custom_key: { query_string: { exclude: { list: ['utm_source'] } }, cookie: { include: ['plan'] } },
      },
    },
  },
  {
    name: 'cdn',
    hosts: ['cdn.test'],
    origin: 'site',
    cache: {
      mode: 'cdn',
      cache_key: { cache_deception_armor: true },
      vary: {
        headers: {
          'Accept-Language': { action: 'normalize', languages: ['de', 'en'] },
          'Accept-Encoding': { action: 'normalize' },
          'Available-Dictionary': { action: 'passthrough' },
        },
      },
      shared_dictionary: { match_pattern: '/app/*.js' },
    },
  },
  {
    name: 'rules',
    hosts: ['rules.test'],
    origin: 'site',
    rules: {
      http_request_cache_settings: [
        settings(path('/never'), { cache: false }),
        settings(path('/private'), { edge_ttl: { mode: 'override_origin', default: 3600 } }),
        settings(path('/app/main.js'), { shared_dictionary: { match_pattern: '/app/*.js' } }),
        settings(path('/hangs'), { read_timeout: 1 }),
        settings(path('/browser'), { browser_ttl: { mode: 'override_origin', default: 7 } }),
        settings(path('/device'), { cache_key: { cache_by_device_type: true } }),
        settings(path('/all'), { cache_key: { custom_key: { query_string: { exclude: '*' } } } }),
      ],
      http_response_cache_settings: [
        settings('http.response.content_type.media_type eq "text/css"', { strip_set_cookie: true }),
        {
          expression: 'any(http.response.headers["x-long"][*] eq "yes")',
          action: 'set_cache_control',
          action_parameters: { 'max-age': { operation: 'set', value: 3000 } },
        },
      ],
    },
  },
];

const handlers: Record<string, Handler> = {
  '/page': answering({ 'Content-Type': 'text/html' }),
  '/a.css': answering({ 'Content-Type': 'text/css', Vary: 'Accept-Language' }),
  '/account/x.css': answering({ 'Content-Type': 'text/html' }),
  '/agent.css': answering({ 'Content-Type': 'text/css', Vary: 'User-Agent' }),
  '/app/main.js': versioned,
  '/hangs': () => {},
  '/private': answering({ 'Cache-Control': 'private' }),
  '/cookie': answering({
    'Cache-Control': 'etag',
    'Content-Type': 'text/css',
    'Set-Cookie': 'a=1',
    ETag: '"a"',
  }),
  '/long': answering({ 'X-Long': 'yes' }),
};

class Site {
  readonly parapet: Parapet;
  readonly origin: CountingOrigin;
  readonly #host: string;

  constructor(parapet: Parapet, origin: CountingOrigin, host: string) {
    this.parapet = parapet;
    this.origin = origin;
    this.#host = host;
  }

  get(target: string, fields: Record<string, string> = {}): Promise<Answer> {
    return fetchOnce(this.parapet.listener(), target, { host: this.#host, fields });
  }

  /** Whether a request was answered from the store. */
  async hits(target: string, fields: Record<string, string> = {}): Promise<boolean> {
    const status = (await this.get(target, fields)).field('cache-status') ?? '';
    return status.startsWith('parapet; hit');
  }
}

type Case = [name: string, host: string, run: (t: Test, site: Site) => Promise<void>];

const cases: Case[] = [
  [
    'queries and cookies as they are part of the key',
    'keys.test',
    async (t, site) => {
      t.notOk(await site.hits('/k?a=1&b=2'));
      t.ok(await site.hits('/k?b=2&a=1&utm_source=x'));
      t.notOk(await site.hits('/k?a=1&b=2', { Cookie: 'plan=gold' }));
      t.ok(await site.hits('/k?b=2&a=1', { Cookie: 'x=y; plan=gold' }));
      const post = await fetchOnce(site.parapet.listener(), '/k?b=2&a=1', {
        host: 'keys.test',
        method: 'POST',
        body: '',
      });
      t.equal(post.status, 200);
      t.notOk(await site.hits('/k?a=1&b=2'), 'an unsafe request drops it');
    },
  ],
  [
    'requests that share a key of settings share a fetch',
    'rules.test',
    async (t, site) => {
      const arrived = new Deferred<void>();
      const release = new Deferred<void>();
      site.origin.handlers.set('/all', async (request, response, seen) => {
        arrived.resolve();
        await release.promise;
        await answering({})(request, response, seen);
      });
      const first = site.get('/all?first');
      await arrived.promise;
      const others = Array.from({ length: 20 }, (_, index) => site.get(`/all?n=${index}`));
      release.resolve();
      const answers = await Promise.all([first, ...others]);
      t.ok(answers.every(({ body }) => body.toString() === '/all?first'));
      t.equal(site.origin.count('/all'), 1);
    },
  ],
  [
    'mode cdn: extensions, armor, Vary in normal form',
    'cdn.test',
    async (t, site) => {
      t.equal((await site.get('/page')).field('cache-status'), 'parapet; fwd=bypass');
      for (const target of ['/account/x.css', '/agent.css']) {
        t.match((await site.get(target)).field('cache-status'), 'NOT-STORABLE', target);
        t.notOk(await site.hits(target));
      }
      t.notOk(await site.hits('/a.css', { 'Accept-Language': 'de-AT, fr;q=0.9, en;q=0.5' }));
      t.equal(site.origin.of('/a.css').at(-1)?.fields['accept-language'], 'de,en');
      t.ok(await site.hits('/a.css', { 'Accept-Language': 'DE,en-GB;q=0.1' }));
      t.notOk(await site.hits('/a.css', { 'Accept-Language': 'en,de;q=0.1' }));
    },
  ],
  [
    'rules of http_request_cache_settings',
    'rules.test',
    async (t, site) => {
      t.equal((await site.get('/never')).field('cache-status'), 'parapet; fwd=bypass');
      t.notOk(await site.hits('/private'));
      const hit = await site.get('/private');
      t.match(hit.field('cache-status'), /^parapet; hit; ttl=3[56]/);
      t.equal(hit.field('cache-control'), 'private', 'the client sees what the origin said');
      for (const _ of [1, 2]) t.equal((await site.get('/browser')).field('cache-control'), 'max-age=7');
      t.notOk(await site.hits('/device'));
      t.notOk(await site.hits('/device', { 'User-Agent': 'Mozilla/5.0 (iPhone) Mobile' }));
      t.ok(await site.hits('/device', { 'User-Agent': 'another iPhone Mobile' }));
    },
  ],
  [
    'an origin that says nothing for the time that a rule allows',
    'rules.test',
    async (t, site) => {
      const answer = await site.get('/hangs');
      t.equal(answer.status, 504);
      t.match(answer.field('proxy-status'), 'error=http_response_timeout');
    },
  ],
  [
    'rules of http_response_cache_settings',
    'rules.test',
    async (t, site) => {
      t.equal((await site.get('/cookie')).field('set-cookie'), undefined);
      t.equal(site.origin.count('/cookie'), 1);
      t.equal((await site.get('/long')).field('cache-control'), 'max-age=3000');
      const hit = await site.get('/long');
      t.match(hit.field('cache-status'), /^parapet; hit; ttl=(2|30)/);
      t.equal(hit.field('cache-control'), 'max-age=3000');
    },
  ],
  ['compression dictionaries in mode standard, by a rule', 'rules.test', dictionaries],
  ['compression dictionaries in mode cdn', 'cdn.test', dictionaries],
];

t.test('cache settings', { skip: skipReason }, async (t) => {
  const origin = await startCountingOrigin(t, handlers);
  origin.fallback = answering({});
  const base = siteConfig(origin.address);
  const parapet = await startParapet(t, {
    ...base,
    zones,
  });
  for (const [name, host, run] of cases) await t.test(name, (t) => run(t, new Site(parapet, origin, host)));
});

t.test('countries of clients', { skip: skipReason }, geo);

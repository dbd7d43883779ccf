/** What an operator meets beyond the conformance suite: one proxy, one origin that answers step by step. */
import t, { type Test } from 'tap';
import { siteConfig } from '../support/config.ts';
import { type CountingOrigin, startCountingOrigin } from '../support/counting-origin.ts';
import { type Parapet, skipReason, startParapet } from '../support/parapet.ts';
import { fetchOnce } from '../support/raw-client.ts';
import { patience } from '../support/scale.ts';

t.setTimeout(patience(60_000));

type Fields = Record<string, string | string[]>;
interface Step {
  status?: number;
  fields?: Fields;
}

class Site {
  readonly #parapet: Parapet;
  readonly origin: CountingOrigin;
  readonly #host: string;

  constructor(parapet: Parapet, origin: CountingOrigin, host: string) {
    this.#parapet = parapet;
    this.origin = origin;
    this.#host = host;
  }

  /** The origin's answers for a path, one after the other; the last one stays. */
  script(path: string, ...steps: Step[]): void {
    this.origin.handlers.set(path, (_request, response) => {
      const step = steps.length > 1 ? steps.shift() : steps[0];
      response.writeHead(step?.status ?? 200, step?.fields ?? {});
      response.end('body');
    });
  }

  get(target: string, fields: Fields = {}, method = 'GET') {
    return fetchOnce(this.#parapet.listener(), target, { host: this.#host, fields, method });
  }

  /** Cache-Status without the cache's name. */
  async status(target: string, fields: Fields = {}): Promise<string> {
    const [own = ''] = (await this.get(target, fields)).all('cache-status').slice(-1);
    return own.replace('parapet; ', '');
  }
}

type Case = [name: string, host: string, run: (t: Test, site: Site) => Promise<void>];

const cases: Case[] = [
  [
    'a response that may be stored ends hit-for-miss',
    'site.test',
    async (t, site) => {
      const storable = { fields: { 'Cache-Control': 'max-age=600' } };
      site.script('/once', { fields: { 'Cache-Control': 'no-store' } }, storable);
      t.equal(await site.status('/once'), 'fwd=uri-miss; detail=NOT-STORABLE');
      t.equal(await site.status('/once'), 'fwd=uri-miss; fwd-status=200; stored');
      t.match(await site.status('/once'), /^hit/);
      t.equal(site.origin.count('/once'), 2);
    },
  ],
  [
    'a variant that may not be stored leaves the others stored',
    'site.test',
    async (t, site) => {
      const variant = { fields: { 'Cache-Control': 'max-age=600', Vary: 'X-Kind' } };
      site.script('/variants', variant, { fields: { 'Cache-Control': 'no-store' } }, variant);
      t.match(await site.status('/variants', { 'X-Kind': 'a' }), /stored$/);
      t.match(await site.status('/variants', { 'X-Kind': 'b' }), /NOT-STORABLE$/);
      t.match(await site.status('/variants', { 'X-Kind': 'a' }), /^hit/);
      t.match(await site.status('/variants', { 'X-Kind': 'b' }), /stored$/);
      t.match(await site.status('/variants', { 'X-Kind': 'b' }), /^hit/);
    },
  ],
  [
    'what may not be stored of a 304 reaches its own client and no other',
    'site.test',
    async (t, site) => {
      const stale = { 'Cache-Control': 'max-age=60', ETag: '"a"', Age: '70' };
      const personal = { 'Set-Cookie': 'user=one', 'X-User': 'one', 'Cache-Tag': 'a' };
      for (const control of ['no-store', 'private', 'max-age=60, private="x-user, set-cookie"']) {
        const path = `/personal/${control.length}`;
        const fields = { ...personal, 'Cache-Control': control };
        site.script(
          path,
          { fields: stale },
          { status: 304, fields },
          { status: 304, fields: { 'Cache-Control': 'max-age=60', 'Parapet-Cache-Control': 'max-age=90' } },
        );
        await site.get(path);
        const one = await site.get(path, { 'Cache-Control': 'no-cache' });
        const other = await site.get(path, { 'Cache-Control': 'no-cache' });
        const third = await site.get(path);
        t.same([one.status, one.field('x-user'), one.field('set-cookie')], [200, 'one', 'user=one']);
        t.equal(one.body.toString(), 'body');
        for (const answer of [other, third])
          t.same([answer.field('x-user'), answer.field('set-cookie')], [undefined, undefined], control);
        t.match(third.field('cache-status'), /^parapet; hit; ttl=(89|90)/);
        for (const answer of [one, other, third])
          t.same([answer.field('cache-tag'), answer.field('parapet-cache-control')], [undefined, undefined]);
      }
    },
  ],
  [
    'a field for this cache alone counts on when a 304 leaves it out, and is sent to nobody',
    'site.test',
    async (t, site) => {
      const control = { 'Cache-Control': 'no-store', Server: 'origin' };
      const own = { 'Parapet-Cache-Control': 'max-age=60', 'Cloudflare-CDN-Cache-Control': 'max-age=1' };
      const fields = { ...own, ...control, ETag: '"a"', Age: '70', 'Content-Type': 'text/x' };
      site.script('/own', { fields }, { status: 304 }, { status: 304, fields: { ...own, ETag: '"a"' } });
      const wanted = [
        /uri-miss/,
        /fwd=stale; fwd-status=304/,
        /hit; ttl=(59|60)/,
        /fwd=request/,
        /hit/,
        /hit/,
      ];
      for (const [index, want] of wanted.entries()) {
        const ask: Fields = index === 3 ? { 'Cache-Control': 'no-cache' } : {};
        const answer = await site.get('/own', index === 5 ? { 'If-None-Match': '"a"' } : ask);
        t.match(answer.field('cache-status'), want);
        t.equal(answer.status, index === 5 ? 304 : 200);
        for (const name of Object.keys(own)) t.equal(answer.field(name), undefined);
        t.equal(answer.field('cache-control'), 'no-store');
        if (index < 5) t.equal(answer.field('content-type'), 'text/x');
      }
    },
  ],
  [
    'an unsafe request invalidates a URL under every key that settings make of it',
    'keys.test',
    async (t, site) => {
      site.script('/k', { fields: { 'Cache-Control': 'max-age=600' } });
      site.script('/done', { status: 201, fields: { Location: '/k?b=2&a=1&utm=x' } });
      const gold = { 'X-Tenant': 'one', Cookie: 'plan=gold' };
      for (const unsafe of ['/k?a=1&b=2', '/done']) {
        await site.get('/k?a=1&b=2', gold);
        t.match(await site.status('/k?b=2&a=1', gold), /^hit/);
        await site.get(unsafe, { 'X-Tenant': 'two' }, 'POST');
        t.match(await site.status('/k?a=1&b=2', gold), /stored$/, unsafe);
      }
    },
  ],
];

await t.test('one site', { skip: skipReason }, async (t) => {
  const origin = await startCountingOrigin(t);
  const cache_key = {
    ignore_query_strings_order: true,
    custom_key: {
      query_string: { exclude: { list: ['utm'] } },
      header: { include: ['X-Tenant'] },
      cookie: { include: ['plan'] },
    },
  };
  const zones = [
    { name: 'keys', hosts: ['keys.test'], origin: 'site', cache: { cache_key } },
    { name: 'site', hosts: ['*'], origin: 'site', cache: { mode: 'standard' } },
  ];
  const parapet = await startParapet(t, siteConfig(origin.address, { zones }));
  for (const [name, host, run] of cases)
    await t.test(
      name,
      { timeout: patience(30_000) },
      async (t) => await run(t, new Site(parapet, origin, host)),
    );
});

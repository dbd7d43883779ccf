/** What each form of a purge reaches and leaves, on every connection of both workers. */
import type { Test } from 'tap';
import { ask, askAll, isHit, numberOf, purge, type Site } from './site.ts';

interface Form {
  body: Record<string, unknown>;
  /** Hit by it: host and target. */
  gone: readonly [host: string, target: string][];
  stays: readonly [host: string, target: string][];
}

const forms: readonly Form[] = [
  {
    body: { url: 'http://shop.test/f/url?vary' },
    gone: [['shop.test', '/f/url?vary']],
    stays: [
      ['shop.test', '/f/url'],
      ['shop.test', '/f/url/below'],
      ['www.shop.test', '/f/url?vary'],
    ],
  },
  {
    body: { tag: 'Red' },
    gone: [
      ['shop.test', '/f/a?tags=red'],
      ['shop.test', '/f/b?tags=blue,RED'],
      ['other.test', '/f/a?tags=green,%20red'],
    ],
    stays: [
      ['shop.test', '/f/c?tags=blue'],
      ['shop.test', '/f/d?tags=redder'],
      ['shop.test', '/f/red'],
    ],
  },
  {
    body: { tag: ['red', 'none'], zone: 'other' },
    gone: [['other.test', '/z/a?tags=red']],
    stays: [['shop.test', '/z/a?tags=red']],
  },
  {
    body: { prefix: 'shop.test/p/img' },
    gone: [
      ['shop.test', '/p/img'],
      ['shop.test', '/p/img?size=1'],
      ['shop.test', '/p/img/a/b.png'],
    ],
    stays: [
      ['shop.test', '/p/images'],
      ['shop.test', '/p'],
      ['other.test', '/p/img'],
      ['www.shop.test', '/p/img'],
    ],
  },
  {
    body: { host: 'www.shop.test' },
    gone: [
      ['www.shop.test', '/h'],
      ['www.shop.test:8080', '/h?vary'],
    ],
    stays: [
      ['shop.test', '/h'],
      ['m.www.shop.test', '/h'],
    ],
  },
  {
    body: { all: true, zone: 'shop' },
    gone: [
      ['shop.test', '/all'],
      ['www.shop.test', '/all?vary'],
    ],
    stays: [['other.test', '/all']],
  },
  {
    body: { all: true },
    gone: [
      ['shop.test', '/all'],
      ['other.test', '/all?vary'],
    ],
    stays: [],
  },
];

export async function everyForm(t: Test, site: Site): Promise<void> {
  for (const { body, gone, stays } of forms) {
    for (const soft of [false, true]) {
      const what = JSON.stringify({ ...body, soft });
      const before = new Map<string, number>();
      for (const [host, target] of [...gone, ...stays]) {
        await ask(site, target, host);
        const answer = await ask(site, target, host);
        t.ok(isHit(answer), `${host}${target} is stored`);
        t.equal(answer.field('Cache-Tag'), undefined, 'and tells no tag');
        before.set(host + target, numberOf(answer));
      }
      await purge(t, site, { ...body, soft });
      for (const [host, target] of gone) {
        const answers = await askAll(site, target, host);
        const old = before.get(host + target) as number;
        t.ok(
          answers.every((one) => numberOf(one) > old),
          `${what}: ${host}${target} is gone in each worker`,
        );
        const forwarded = answers.find((one) => !isHit(one))?.field('Cache-Status');
        t.match(forwarded, soft ? /fwd=stale/ : /fwd=(uri|vary)-miss/, what);
      }
      for (const [host, target] of stays) {
        const answer = await ask(site, target, host);
        t.ok(
          isHit(answer) && numberOf(answer) === before.get(host + target),
          `${what}: ${host}${target} stays`,
        );
      }
    }
  }
}

export async function variantsAndFields(t: Test, site: Site): Promise<void> {
  const kinds = [
    ...['en', 'de', 'fr'].map((language) => ({ 'Accept-Language': language })),
    { Origin: 'http://a.test', 'Accept-Language': 'en' },
  ];
  const all = async () =>
    await Promise.all(kinds.map((fields) => ask(site, '/variants?vary', 'shop.test', fields)));
  for (const soft of [false, true]) {
    await all();
    t.ok((await all()).every(isHit), 'each variant is stored');
    await purge(t, site, { url: 'http://shop.test/variants?vary', soft });
    for (const answer of await all())
      t.match(answer.field('Cache-Status'), soft ? /fwd=stale/ : /fwd=.*miss/);
  }
}

export async function staleRules(t: Test, site: Site): Promise<void> {
  await ask(site, '/stale?swr', 'shop.test');
  const first = numberOf(await ask(site, '/stale?swr'));
  await purge(t, site, { url: 'http://shop.test/stale?swr', soft: true });
  const stale = await ask(site, '/stale?swr');
  t.match(
    stale.field('Cache-Status'),
    /^parapet; hit; ttl=-\d{1,3}; detail=SWR/,
    'used while it is revalidated',
  );
  t.equal(numberOf(stale), first);
  await ask(site, '/failing?sie');
  await purge(t, site, { host: 'shop.test', soft: true });
  site.origin.scripts.set('/failing', async (connection) => {
    await connection.write('HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n');
  });
  const onError = await ask(site, '/failing?sie');
  t.equal(onError.status, 200);
  t.match(onError.field('Cache-Status'), /detail=SIE/, 'and where the origin fails');
  site.origin.scripts.delete('/failing');
}

export async function tagsOverRevalidation(t: Test, site: Site): Promise<void> {
  let tag = 'first';
  site.origin.scripts.set('/validated', async (connection, request) => {
    const fields = `ETag: "1"\r\nCache-Control: max-age=600\r\n${tag === '' ? '' : `Cache-Tag: ${tag}\r\n`}`;
    const isSame = request.value('if-none-match') !== undefined;
    await connection.write(
      isSame ? `HTTP/1.1 304 X\r\n${fields}\r\n` : `HTTP/1.1 200 X\r\n${fields}Content-Length: 2\r\n\r\nok`,
    );
  });
  const status = async () => {
    const answer = await ask(site, '/validated');
    t.equal(answer.field('Cache-Tag'), undefined);
    return answer.field('Cache-Status');
  };
  await status();
  await purge(t, site, { tag: 'first', soft: true });
  tag = '';
  t.match(await status(), /fwd=stale; fwd-status=304/);
  t.match(await status(), /hit/);
  await purge(t, site, { tag: 'first', soft: true });
  tag = 'second';
  t.match(await status(), /fwd-status=304/, 'a 304 without tags leaves those that there were');
  await purge(t, site, { tag: 'first' });
  t.match(await status(), /hit/, 'one with tags replaces them');
  await purge(t, site, { tag: 'second' });
  t.match(await status(), /fwd=uri-miss/);
}

export async function tagsByRules(t: Test, site: Site): Promise<void> {
  for (const target of ['/ruled?ruled', '/ruled?ruled&tags=taken,left', '/ruled?ruled&tags=taken']) {
    const status = async () => {
      const answer = await ask(site, target, 'rewriting.test');
      t.equal(answer.field('Cache-Tag'), undefined);
      return isHit(answer);
    };
    await status();
    await purge(t, site, { tag: 'taken' });
    t.ok(await status(), 'a tag that a rule takes away is none');
    await purge(t, site, { tag: 'by-rule' });
    t.notOk(await status(), 'one that a rule adds is one');
    if (!target.includes('left')) continue;
    await purge(t, site, { tag: 'left' });
    t.notOk(await status());
  }
}

export async function rewrittenUrl(t: Test, site: Site): Promise<void> {
  await ask(site, '/old/a', 'rewriting.test');
  t.ok(isHit(await ask(site, '/moved', 'rewriting.test')), 'stored under what the rules made of it');
  const { purged } = await purge(t, site, { url: 'http://rewriting.test/old/a' });
  t.equal(purged, 1);
  t.notOk(isHit(await ask(site, '/old/a', 'rewriting.test')));
}

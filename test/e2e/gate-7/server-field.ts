/** The field Server: what `server_header` says, for what is fetched, stored and made by Parapet itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { exchangeRaw, fetchOnce } from '../../support/raw-client.ts';

/** With a Server of its own, repeated where the path says so, and none under `/plain`. */
async function startOrigin(t: Test): Promise<AddressInfo> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (!path.startsWith('/plain'))
      response.setHeader('Server', path.startsWith('/two') ? ['origin/1.2', 'second/3'] : 'origin/1.2');
    response.setHeader('Cache-Control', path.endsWith('stored') ? 'max-age=60' : 'no-store');
    response.setHeader('Last-Modified', 'Sat, 21 Nov 2026 10:00:00 GMT');
    response.end('page');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return server.address() as AddressInfo;
}

const wanted: [
  policy: string | undefined,
  origin: string[],
  two: string[],
  plain: string[],
  own: string[],
][] = [
  [undefined, ['parapet'], ['parapet'], ['parapet'], ['parapet']],
  ['replace', ['parapet'], ['parapet'], ['parapet'], ['parapet']],
  ['pass', ['origin/1.2'], ['origin/1.2', 'second/3'], [], ['parapet']],
  ['remove', [], [], [], []],
];

export async function serverField(t: Test): Promise<void> {
  const { port } = await startOrigin(t);
  for (const [policy, origin, two, plain, own] of wanted) {
    const config = siteConfig({ host: '127.0.0.1', port }, { server_header: policy });
    const zones = [{ name: 'site', hosts: ['site.test'], origin: 'site' }];
    const parapet = await startParapet(t, { ...config, zones });
    const site = parapet.listener();
    const name = policy ?? 'the default';
    for (const kind of ['fetched', 'stored', 'stored']) {
      const hit = await fetchOnce(site, `/${kind}`);
      t.same(hit.all('server'), origin, `${name}, ${kind}: ${hit.field('cache-status')}`);
      t.same((await fetchOnce(site, `/two/${kind}`)).all('server'), two, `${name}, two, ${kind}`);
      t.same((await fetchOnce(site, `/plain/${kind}`)).all('server'), plain, `${name}, none, ${kind}`);
    }
    const fields = { 'If-Modified-Since': 'Sat, 21 Nov 2026 10:00:00 GMT' };
    const unchanged = await fetchOnce(site, '/stored', { fields });
    t.equal(unchanged.status, 304);
    t.same(unchanged.all('server'), origin, `${name}, 304`);
    const range = await fetchOnce(site, '/stored', { fields: { Range: 'bytes=1-2' } });
    t.equal(range.body.toString(), 'ag');
    t.same(range.all('server'), origin, `${name}, 206`);
    t.same((await fetchOnce(site, '/', { host: 'else.test' })).all('server'), own, `${name}, 421`);
    t.same((await exchangeRaw(site, 'NONSENSE\r\n\r\n')).answer.all('server'), own, `${name}, 400`);
    t.notMatch(JSON.stringify((await fetchOnce(site, '/stored')).fields), /parapet\/[0-9]/, 'no version');
    await parapet.stop();
  }
}

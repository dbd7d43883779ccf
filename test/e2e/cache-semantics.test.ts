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
];

await t.test('one site', { skip: skipReason }, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  for (const [name, host, run] of cases)
    await t.test(
      name,
      { timeout: patience(30_000) },
      async (t) => await run(t, new Site(parapet, origin, host)),
    );
});

/** Compression dictionaries (RFC 9842) through a running proxy: what clients and origins tell each other arrives. */
import type { Test } from 'tap';
import type { Handler } from '../../support/counting-origin.ts';

interface Site {
  readonly origin: { of(path: string): { fields: Record<string, unknown> }[] };
  get(
    target: string,
    fields?: Record<string, string>,
  ): Promise<{ field(name: string): string | undefined; body: Buffer }>;
}

/** The client's dictionary, where it takes deltas, or the whole. */
export const versioned: Handler = (request, response) => {
  const dictionary = request.headers['available-dictionary'];
  const isDelta = dictionary !== undefined && /\bdcb\b/.test(String(request.headers['accept-encoding']));
  response.writeHead(200, {
    'Cache-Control': 'max-age=60',
    'Content-Type': 'text/javascript',
    Vary: 'Accept-Encoding, Available-Dictionary',
    ...(isDelta && { 'Content-Encoding': 'dcb' }),
  });
  response.end(isDelta ? `delta to ${String(dictionary)}` : 'whole');
};

export async function dictionaries(t: Test, site: Site): Promise<void> {
  const target = '/app/main.js';
  const ask = async (fields: Record<string, string> = {}) => {
    const answer = await site.get(target, fields);
    const isHit = answer.field('cache-status')?.startsWith('parapet; hit');
    t.equal(answer.field('use-as-dictionary'), 'match="/app/*.js"');
    return `${isHit ? 'hit' : 'miss'} ${answer.body.toString()}`;
  };
  const encodings = 'gzip, br, dcb, dcz';
  const first = {
    'Accept-Encoding': encodings,
    'Available-Dictionary': ':cZb9W2Zyc3Q=:',
    'Dictionary-ID': '"/app, v1"',
  };
  t.equal(await ask(first), 'miss delta to :cZb9W2Zyc3Q=:');
  const { fields } = site.origin.of(target).at(-1)!;
  t.equal(fields['available-dictionary'], first['Available-Dictionary']);
  t.equal(fields['dictionary-id'], first['Dictionary-ID']);
  t.same(String(fields['accept-encoding']).split(/, */).sort(), ['br', 'dcb', 'dcz', 'gzip']);
  t.equal(await ask(first), 'hit delta to :cZb9W2Zyc3Q=:');
  const second = { ...first, 'Available-Dictionary': ':c2Vjb25k:' };
  t.equal(await ask(second), 'miss delta to :c2Vjb25k:');
  t.equal(await ask({ 'Accept-Encoding': 'gzip, br' }), 'miss whole');
  t.equal(await ask(first), 'hit delta to :cZb9W2Zyc3Q=:');
  t.equal(await ask(second), 'hit delta to :c2Vjb25k:');
  t.equal(await ask({ 'Accept-Encoding': 'gzip, br' }), 'hit whole');
}

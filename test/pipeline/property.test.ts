/** Whatever comes: every exchange is answered, and nothing is reused that must not be. */
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import t from 'tap';
import { type ClientResponse, FakeProxy, type OriginResponse } from '../support/fake-proxy.ts';

interface Turn {
  target: string;
  method: string;
  foo: string;
  bar: string;
  requestControl: string;
  condition: string;
  range: string;
  status: number;
  control: string;
  vary: string;
  etag: string;
  age: string;
  failure: number;
  pause: number;
}

const turn = record<Turn>({
  target: constantFrom('/a', '/b?c'),
  method: constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
  foo: constantFrom('', '1', '2'),
  bar: constantFrom('', '1', '1, 2', '2,1'),
  requestControl: constantFrom(
    '',
    '',
    '',
    'no-cache',
    'max-age=1',
    'max-stale',
    'no-store',
    'only-if-cached',
    '"x',
  ),
  condition: constantFrom('', '', '"1"', 'W/"2"', '*', '"'),
  range: constantFrom('', '', 'bytes=0-1', 'bytes=-1', 'bytes=9999-', 'bytes=x'),
  status: constantFrom(200, 200, 200, 203, 206, 302, 304, 404, 500, 503),
  control: constantFrom(
    '',
    'max-age=5',
    'max-age=5, stale-while-revalidate=5, stale-if-error=9',
    'no-store, max-age=5',
    'private, max-age=5',
    'no-cache',
    's-maxage=2',
    'max-age=5, private="x-own"',
    'max-age="',
    ',,=,"\\',
  ),
  vary: constantFrom('', '', 'foo', 'foo, Bar', '*', ',,foo'),
  etag: constantFrom('', '"1"', 'W/"2"', '"'),
  age: constantFrom('', '3', 'x', '99999999999'),
  failure: integer({ min: 0, max: 9 }),
  pause: integer({ min: 0, max: 4 }),
});

interface Body {
  foo: string;
  bar: string;
  vary: string;
  control: string;
  target: string;
}

function fieldsOf(rows: readonly [string, string][]): [string, string][] {
  return rows.filter(([, value]) => value !== '');
}

function answerOf(now: Turn): OriginResponse {
  if (now.failure === 0) return { fails: 'connectionTerminated', mayRetry: true };
  const { foo, bar, vary, control, target } = now;
  const fields = fieldsOf([
    ['cache-control', control],
    ['vary', vary],
    ['etag', now.etag],
    ['age', now.age],
  ]);
  return {
    status: now.status,
    fields,
    body: JSON.stringify({ foo, bar, vary, control, target } satisfies Body),
  };
}

/** What a response that was not fetched for this request must fulfil. */
function isAllowed(now: Turn, response: ClientResponse): boolean {
  if (response.status !== 200 && response.status !== 203 && response.status !== 404) return true;
  if (response.body === '' || !response.body.startsWith('{')) return true;
  const body = JSON.parse(response.body) as Body;
  if (body.target !== now.target) return false;
  if (body.vary.includes('*') || body.control.includes('no-store') || body.control.startsWith('private,'))
    return false;
  const list = (text: string): string => text.replaceAll(' ', '');
  if (body.vary.includes('foo') && body.foo !== now.foo) return false;
  return !body.vary.includes('Bar') || list(body.bar) === list(now.bar);
}

t.test('any conversation', async () => {
  assert(
    property(array(turn, { minLength: 2, maxLength: 25 }), (turns) => {
      const proxy = new FakeProxy(() => ({}));
      for (const now of turns) {
        proxy.advance(now.pause);
        proxy.origin = () => answerOf(now);
        const before = proxy.asked.length;
        const fields = fieldsOf([
          ['foo', now.foo],
          ['bar', now.bar],
          ['cache-control', now.requestControl],
          ['if-none-match', now.condition],
          ['range', now.range],
        ]);
        const response = proxy.send({ target: now.target, method: now.method, fields });
        const wasFetched = proxy.asked.slice(before).some((request) => !request.isBackground);
        if (!wasFetched && !isAllowed(now, response)) return false;
        if (now.method === 'POST' && !wasFetched) return false;
        const hits = ['hit', 'updating', 'stale'].includes(response.cacheResult);
        if (hits && response.get('age') === undefined) return false;
      }
      return true;
    }),
    { numRuns: 400 },
  );
});

import t from 'tap';
import {
  currentAge,
  heuristicSeconds,
  initialAge,
  isHeuristicallyCacheable,
  isUnderstood,
  pointInTime,
} from '../../src/cache/freshness.ts';

t.test('the age of a response that has just come (RFC 9111 4.2.3)', async (t) => {
  const rows: [string, [age: number, date: number, now: number, delayMs: number], number][] = [
    ['just made', [0, 1000, 1000, 0], 0],
    ['Date is behind: apparent age', [0, 900, 1000, 0], 100],
    ['Date is ahead: none', [0, 1100, 1000, 0], 0],
    ['Age', [50, 1000, 1000, 0], 50],
    ['Age and delay', [50, 1000, 1000, 3999], 53],
    ['the larger of both', [50, 900, 1000, 3000], 100],
  ];
  for (const [name, values, expected] of rows) t.equal(initialAge(...values), expected, name);
});

t.test('the age of a stored response', async (t) => {
  t.equal(currentAge(5, 1000, 1010), 15);
  t.equal(currentAge(2_147_483_647, 1000, 1010), 2_147_483_647, 'it stops at what can be said');
  t.equal(currentAge(5, 1000, 990), 5, 'a clock that goes back does not make it younger');
});

t.test('heuristic freshness is a tenth of the time since the last change, capped', async (t) => {
  t.equal(heuristicSeconds(0, 1000, 0.1, 86_400), 100);
  t.equal(heuristicSeconds(0, 10_000_000, 0.1, 86_400), 86_400);
  t.equal(heuristicSeconds(-1, 1000, 0.1, 86_400), 0, 'no Last-Modified');
  t.equal(heuristicSeconds(1000, 1000, 0.1, 86_400), 0);
  t.equal(heuristicSeconds(2000, 1000, 0.1, 86_400), 0, 'changed in the future');
});

t.test('statuses', async (t) => {
  for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
    t.ok(isHeuristicallyCacheable(status));
  for (const status of [201, 206, 302, 403, 500, 502, 503, 504, 599])
    t.notOk(isHeuristicallyCacheable(status));
  t.ok(isUnderstood(200));
  t.notOk(isUnderstood(206));
  t.notOk(isUnderstood(599));
});

t.test('points in time stay within 32 bits', async (t) => {
  t.equal(pointInTime(-5), 0);
  t.equal(pointInTime(10_000_000_000), 4_294_967_295);
});

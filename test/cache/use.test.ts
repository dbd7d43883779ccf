import t from 'tap';
import { chooseUse, isOriginError, mayServeOnError, use } from '../../src/cache/use.ts';
import { objectFlag } from '../../src/engine/contract.ts';
import { Directives } from '../../src/lib/cache-control.ts';

const now = 1000;
const fresh = {
  freshUntil: 1100,
  staleWhileRevalidateUntil: 0,
  staleIfErrorUntil: 0,
  objectFlags: 0,
  ageSeconds: 50,
};
const stale = { ...fresh, freshUntil: 990, ageSeconds: 160 };
const staleForAWhile = { ...stale, staleWhileRevalidateUntil: 1001 };

function directives(line: string): Directives | undefined {
  if (line === '') return undefined;
  const parsed = new Directives();
  parsed.addLine(new Uint8Array(Buffer.from(line)), 0, line.length);
  return parsed;
}

t.test('what a stored response may be used for', async (t) => {
  const rows: [string, typeof fresh, string, number][] = [
    ['fresh', fresh, '', use.fresh],
    ['fresh, to the second', { ...fresh, freshUntil: 1001 }, '', use.fresh],
    ['stale, to the second', { ...fresh, freshUntil: 1000 }, '', use.validate],
    ['stale', stale, '', use.validate],
    ['stale for a while', staleForAWhile, '', use.staleWhileRevalidate],
    ['stale for too long', { ...staleForAWhile, staleWhileRevalidateUntil: 1000 }, '', use.validate],
    [
      'stale, never to be served so',
      { ...staleForAWhile, objectFlags: objectFlag.mustRevalidate },
      '',
      use.validate,
    ],
    ['always to be validated', { ...fresh, objectFlags: objectFlag.noCache }, '', use.validate],
    ['no-cache', fresh, 'no-cache', use.validateForRequest],
    ['no-cache of what is stale anyhow', stale, 'no-cache', use.validate],
    ['max-age met', fresh, 'max-age=50', use.fresh],
    ['max-age exceeded', fresh, 'max-age=49', use.validateForRequest],
    ['max-age=0', { ...fresh, ageSeconds: 0 }, 'max-age=0', use.validateForRequest],
    ['an invalid max-age says nothing', fresh, 'max-age=x', use.fresh],
    ['max-age exceeded, within max-stale', fresh, 'max-age=40, max-stale=10', use.fresh],
    ['min-fresh met', fresh, 'min-fresh=100', use.fresh],
    ['min-fresh not met', fresh, 'min-fresh=101', use.validateForRequest],
    ['max-stale', stale, 'max-stale', use.stale],
    ['max-stale enough', stale, 'max-stale=10', use.stale],
    ['max-stale not enough', stale, 'max-stale=9', use.validate],
    [
      'max-stale of what is never served stale',
      { ...stale, objectFlags: objectFlag.mustRevalidate },
      'max-stale',
      use.validate,
    ],
    ['no-cache ends stale-while-revalidate', staleForAWhile, 'no-cache', use.validate],
    ['max-age=0 ends stale-while-revalidate', staleForAWhile, 'max-age=0', use.validate],
    ['min-fresh ends stale-while-revalidate', staleForAWhile, 'min-fresh=1', use.validate],
    ['no-store alone allows a stored response', fresh, 'no-store', use.fresh],
  ];
  for (const [name, times, line, expected] of rows)
    t.equal(chooseUse(times, directives(line), now), expected, name);
});

t.test('what may stand in for an error of the origin', async (t) => {
  const rows: [string, typeof fresh, string, boolean][] = [
    ['stale', stale, '', false],
    ['stale, within its time', { ...stale, staleIfErrorUntil: 1001 }, '', true],
    ['stale, beyond it', { ...stale, staleIfErrorUntil: 1000 }, '', false],
    ['still fresh', fresh, 'no-cache', true],
    ['the request allows it', stale, 'stale-if-error=11', true],
    ['the request does not allow so much', stale, 'stale-if-error=10', false],
    [
      'never',
      { ...stale, staleIfErrorUntil: 1001, objectFlags: objectFlag.mustRevalidate },
      'stale-if-error=99',
      false,
    ],
    ['not without validation', { ...fresh, objectFlags: objectFlag.noCache }, '', false],
  ];
  for (const [name, times, line, expected] of rows) {
    t.equal(mayServeOnError(times, directives(line), now, 0), expected, name);
  }
  t.ok(mayServeOnError(stale, undefined, now, 11), 'the origin cannot be reached');
  t.notOk(mayServeOnError(stale, undefined, now, 10), 'for too long');
  t.notOk(mayServeOnError({ ...stale, staleIfErrorUntil: 1000 }, undefined, now, 99), 'it says for how long');
  t.notOk(mayServeOnError({ ...stale, objectFlags: objectFlag.mustRevalidate }, undefined, now, 99));
  t.same([500, 501, 502, 503, 504, 404].map(isOriginError), [true, false, true, true, true, false]);
});

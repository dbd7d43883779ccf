import { assert, integer, property } from 'fast-check';
import t from 'tap';
import { latin1Bytes } from '../../src/lib/bytes.ts';
import { formatHttpDate, parseHttpDate } from '../../src/lib/http-date.ts';

const now = Date.UTC(2026, 10, 22) / 1000;

function parse(text: string, at = now): number {
  const bytes = latin1Bytes(`..${text}..`);
  return parseHttpDate(bytes, 2, text.length, at);
}

t.test('the three formats of one moment are the same moment', async (t) => {
  t.equal(parse('Sun, 06 Nov 1994 08:49:37 GMT'), 784_111_777);
  t.equal(parse('Sunday, 06-Nov-94 08:49:37 GMT'), 784_111_777);
  t.equal(parse('Sun Nov  6 08:49:37 1994'), 784_111_777);
  t.equal(parse('Wednesday, 16-Nov-94 08:49:37 GMT'), 784_975_777);
  t.equal(parse('Wed Nov 16 08:49:37 1994'), 784_975_777);
});

t.test('names are read in any case', async (t) => {
  for (const text of ['SUN, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 NOV 1994 08:49:37 gMt']) {
    t.equal(parse(text), 784_111_777, text);
  }
});

t.test('a two-digit year lies at most fifty years ahead', async (t) => {
  t.equal(parse('Thursday, 18-Aug-50 02:01:18 GMT'), Date.UTC(2050, 7, 18, 2, 1, 18) / 1000);
  t.equal(parse('Thursday, 18-Aug-77 02:01:18 GMT'), Date.UTC(1977, 7, 18, 2, 1, 18) / 1000);
});

t.test('what is not a date is refused', async (t) => {
  const bad = [
    '',
    '0',
    '-1',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 31 Feb 2050 02:01:18 GMT',
    'Thu, 29 Feb 2051 02:01:18 GMT',
    'Thu, 18 Aug 2050 24:01:18 GMT',
    'Thu, 18 Aug 2050 02:60:18 GMT',
    'Xyz, 18 Aug 2050 02:01:18 GMT',
    'Sunday, 06-Nov-94 08:49:37 UTC',
    'Foonday, 06-Nov-94 08:49:37 GMT',
  ];
  for (const text of bad) t.equal(parse(text), -1, text);
});

t.test('times beyond 2038 and 2106 are exact, times before 1970 are the beginning', async (t) => {
  t.equal(parse('Tue, 19 Jan 2038 14:14:08 GMT'), Date.UTC(2038, 0, 19, 14, 14, 8) / 1000);
  t.equal(parse('Sun, 21 Nov 2286 04:46:39 GMT'), Date.UTC(2286, 10, 21, 4, 46, 39) / 1000);
  t.equal(parse('Thu, 01 Jan 1900 00:00:00 GMT'), 0);
});

t.test('what is written is read back', async () => {
  assert(
    property(integer({ min: 0, max: 8_000_000_000 }), (seconds) => {
      const text = formatHttpDate(seconds);
      return text === new Date(seconds * 1000).toUTCString() && parse(text) === seconds;
    }),
  );
});

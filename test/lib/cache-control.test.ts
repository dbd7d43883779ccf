import { array, assert, constantFrom, property } from 'fast-check';
import t from 'tap';
import { latin1Bytes } from '../../src/lib/bytes.ts';
import {
  absent,
  Directives,
  directive,
  invalid,
  qualifiedNames,
  unlimited,
} from '../../src/lib/cache-control.ts';

function read(...lines: string[]): Directives {
  const directives = new Directives();
  for (const line of lines) directives.addLine(latin1Bytes(line), 0, line.length);
  return directives;
}

t.test('seconds are read in both forms, and nothing else is a number', async (t) => {
  const rows: [string, number][] = [
    ['max-age=3600', 3600],
    ['MaX-aGe=3600', 3600],
    ['max-age="3600"', 3600],
    ['max-age=003600', 3600],
    ['max-age=99999999999', 2_147_483_647],
    ['max-age=2147483648', 2_147_483_647],
    ['foo, max-age=3600', 3600],
    [' , ,max-age=3600 ,', 3600],
    ['extension="max-age=3600", max-age=1', 1],
    ['max-age=1, extension="max-age=3600"', 1],
    ['extension="a\\"b,max-age=3600", max-age="1"', 1],
    ['max-age=1800, max-age=1', 1800],
    ["max-age='3600'", invalid],
    ['max-age =3600', invalid],
    ['max-age= 3600', invalid],
    ['max-age=3600.0', invalid],
    ['max-age=-1', invalid],
    ['max-age=a3600', invalid],
    ['max-age=3600a', invalid],
    ['max-age=', invalid],
    ['max-age=""', invalid],
    ['max-age', invalid],
    ['max-age=3600;foo', invalid],
    ['no-store', absent],
    ['x-max-age=3600', absent],
    ['"max-age=3600"', absent],
  ];
  for (const [line, expected] of rows) t.equal(read(line).maxAge, expected, line);
});

t.test('lines add up, and the first of repeated values counts', async (t) => {
  const directives = read('max-age=1', 'max-age=1800, s-maxage=5');
  t.equal(directives.maxAge, 1);
  t.equal(directives.sMaxage, 5);
});

t.test('every directive has its bit', async (t) => {
  const rows: [string, number][] = [
    ['no-store', directive.noStore],
    ['No-StOrE', directive.noStore],
    ['no-cache', directive.noCache],
    ['no-cache=""', directive.noCache],
    ['no-cache="a"', directive.noCacheFields],
    ['no-cache=a', directive.noCacheFields],
    ['private', directive.private],
    ['private="set-cookie, a"', directive.privateFields],
    ['public', directive.public],
    ['must-revalidate', directive.mustRevalidate],
    ['proxy-revalidate', directive.proxyRevalidate],
    ['must-understand', directive.mustUnderstand],
    ['no-transform', directive.noTransform],
    ['immutable', directive.immutable],
    ['only-if-cached', directive.onlyIfCached],
    ['no-store=1', directive.noStore],
    ['no-storee', 0],
    ['foo="no-store"', 0],
  ];
  for (const [line, bits] of rows) t.equal(read(line).flags, bits, line);
});

t.test('max-stale may come without a number', async (t) => {
  t.equal(read('max-stale').maxStale, unlimited);
  t.equal(read('max-stale=5').maxStale, 5);
  t.equal(read('max-stale=x').maxStale, invalid);
});

t.test('a value is reused after it is cleared', async (t) => {
  t.same(read('no-store, max-age=5').clear(), new Directives());
});

t.test('field names that a directive lists', async (t) => {
  t.same(qualifiedNames('max-age=1, private="Set-Cookie, a", no-cache=b', 'private'), ['set-cookie', 'a']);
  t.same(qualifiedNames('max-age=1, private="Set-Cookie, a", no-cache=b', 'no-cache'), ['b']);
  t.same(qualifiedNames('private, x="private=y"', 'private'), []);
});

t.test('any line is read to its end, and no further', async () => {
  const alphabet = constantFrom(
    '"',
    '\\',
    ',',
    '=',
    ' ',
    '\t',
    ';',
    'max-age',
    'no-store',
    'private',
    '1',
    'a',
  );
  assert(
    property(array(alphabet, { maxLength: 30 }), (parts) => {
      const line = parts.join('');
      const padded = latin1Bytes(`${line}, no-store, max-age=7`);
      const directives = new Directives();
      directives.addLine(padded, 0, line.length);
      const alone = read(line);
      return directives.flags === alone.flags && directives.maxAge === alone.maxAge;
    }),
  );
});

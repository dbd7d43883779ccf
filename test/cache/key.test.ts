import t from 'tap';
import { KeyBuilder, putEarlyKey, putExtensions } from '../../src/cache/key.ts';
import { normalForm, parseVary, putSecondaryKey } from '../../src/cache/vary.ts';
import { Arena } from '../../src/engine/arena.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { earlyKey, FakeEngine, type Fields } from '../support/fake-engine.ts';

const room = 4096;
const place = 65_536;

function build(
  target: string,
  fields: Fields,
  put: (key: KeyBuilder, request: HeadView) => void,
  capacity = room,
): KeyBuilder & { text: string } {
  const engine = new FakeEngine();
  engine.begin();
  const arena = new Arena(engine.memory);
  const request = new HeadView(arena).reset(engine.request({ target, fields }));
  const key = new KeyBuilder(arena).begin(place, capacity);
  put(key, request);
  return Object.assign(key, { text: arena.text(key.offset, key.length) });
}

function primary(target: string, fields: Fields, isTls = false): string {
  return build(target, fields, (key, request) => {
    putEarlyKey(key, 0x01020304, isTls, request);
    putExtensions(key, request);
  }).text;
}

t.test('the early key', async (t) => {
  t.equal(primary('/', [['host', 'Site.Example']]), '\x04\x03\x02\x01hsite.example\0/');
  t.equal(
    primary('/a?b=c', [['host', 'site.example:8080']]),
    earlyKey(0x01020304, 'site.example:8080', '/a?b=c'),
  );
  t.equal(
    primary('/a?', [['host', 'site.example:80']]),
    earlyKey(0x01020304, 'site.example', '/a?'),
    'an empty query',
  );
  t.equal(
    primary('/', [['host', 'site.example:443']], true),
    earlyKey(0x01020304, 'site.example', '/', true),
  );
  t.not(primary('/', [['host', 'site.example:443']]), earlyKey(0x01020304, 'site.example', '/'));
  t.equal(primary('/', []), earlyKey(0x01020304, '', '/'), 'no host');
});

t.test('fields that an origin may act upon are part of the key', async (t) => {
  const base = earlyKey(0x01020304, 'a', '/');
  t.equal(
    primary('/', [
      ['host', 'a'],
      ['origin', 'http://b'],
    ]),
    `${base}\x01origin=http://b`,
  );
  t.equal(
    primary('/', [
      ['x-host', '1'],
      ['host', 'a'],
      ['x-forwarded-host', '2'],
      ['x-host', '3'],
    ]),
    `${base}\x01x-forwarded-host=2\x01x-host=1,3`,
    'in the order of the table, lines joined',
  );
  t.equal(
    primary('/', [
      ['host', 'a'],
      ['x-forwarded-scheme', 'HTTPS'],
    ]),
    base,
  );
  t.equal(
    primary('/', [
      ['host', 'a'],
      ['x-forwarded-scheme', 'ws'],
    ]),
    `${base}\x01x-forwarded-scheme=ws`,
  );
});

t.test('a key that does not fit is none', async (t) => {
  const key = build(
    '/',
    [['host', 'a'.repeat(50)]],
    (builder, request) => putEarlyKey(builder, 1, false, request),
    20,
  );
  t.notOk(key.isWhole);
  t.ok(key.length <= 20);
});

t.test('the secondary key names every selecting field', async (t) => {
  const fields: Fields = [
    ['foo', '1'],
    ['accept-encoding', 'gzip'],
    ['foo', '2'],
  ];
  const key = build('/', fields, (builder, request) => {
    putSecondaryKey(builder, 0x0a0b0c0d, parseVary('Foo, bar, ACCEPT-ENCODING,foo'), request);
  });
  t.equal(key.text, '\x02\x0d\x0c\x0b\x0a\x03gzip\x04\x031,2');
});

t.test('a Vary value is a set of names', async (t) => {
  t.equal(parseVary(' Foo , bar,,FOO').text, 'bar,foo');
  t.equal(parseVary('').fields.length, 0);
  t.ok(parseVary('foo, *').isAny);
  t.notOk(parseVary('foo').isAny);
});

t.test('values in their normal form', async (t) => {
  const rows: [string, string, string][] = [
    ['foo', '1, 2', '1,2'],
    ['foo', ' 1 ,2 ', '1,2'],
    ['foo', 'a  b', 'a  b'],
    ['foo', 'a="x, y" , b', 'a="x, y",b'],
    ['accept-language', 'en, de', 'de,en'],
    ['accept-language', 'de,eN', 'de,en'],
    ['accept-language', 'fr;q=0.5, de; q=1.0', 'de,fr;q=0.5'],
    ['accept-encoding', 'gzip, br;q=0, *;q=0.10', 'gzip,*;q=0.1,br;q=0'],
    ['accept', 'text/html;level=1;q=0.5, */*', '*/*,text/html;level=1;q=0.5'],
    ['accept', 'a;q=foo', 'a'],
    ['user-agent', 'A (KHTML,  like B)', 'A (KHTML,  like B)'],
    ['cookie', 'a=1, 2', 'a=1, 2'],
  ];
  for (const [name, value, expected] of rows) {
    t.equal(normalForm(name, value), expected, `${name}: ${value}`);
    t.equal(normalForm(name, value), expected, 'remembered');
  }
  t.equal(normalForm('foo', 'a, b'.repeat(1000)), 'a, b'.repeat(1000), 'what is long is taken as it is');
});

import t from 'tap';
import { parseDictionary } from '../../src/lib/structured-field.ts';

t.test('members of every type are read', async (t) => {
  const text =
    'a=1, b=-2.5,c="x\\"y", d=tok/en:*, e=:aGk=:, f, g=?0, h=(1 "b";q=1  c), i=@12, j=%"f%c3%bc", k;p=1;q';
  t.same(
    [...parseDictionary(text)!],
    [
      ['a', { type: 'integer', value: 1 }],
      ['b', { type: 'decimal', value: -2.5 }],
      ['c', { type: 'string', value: 'x"y' }],
      ['d', { type: 'token', value: 'tok/en:*' }],
      ['e', { type: 'bytes', value: 'aGk=' }],
      ['f', { type: 'boolean', value: true }],
      ['g', { type: 'boolean', value: false }],
      ['h', { type: 'list' }],
      ['i', { type: 'date', value: 12 }],
      ['j', { type: 'display', value: 'f%c3%bc' }],
      ['k', { type: 'boolean', value: true }],
    ],
  );
});

t.test('the last of repeated keys counts', async (t) => {
  t.same(parseDictionary('a=1,a=2')?.get('a'), { type: 'integer', value: 2 });
});

t.test('nothing at all is an empty dictionary', async (t) => {
  t.equal(parseDictionary('')?.size, 0);
  t.equal(parseDictionary('  ')?.size, 0);
});

t.test('what the grammar does not allow fails the whole', async (t) => {
  const bad = [
    'max-age=10000, &&&&&',
    'max-age =100',
    'max-age= 100',
    'MaX-aGe=3600',
    'a=1,',
    ',a',
    'a=1 b=2',
    'a="x',
    'a=1.',
    'a=1.2345',
    'a=1234567890123456',
    'a=?2',
    'a=(1',
    'a=(1"b")',
    'a;',
    'a=:x',
    'a=-',
    'a=@1.5',
    'a=%"x"y"',
    'a="\\x"',
  ];
  for (const text of bad) t.equal(parseDictionary(text), undefined, text);
});

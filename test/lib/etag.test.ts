import t from 'tap';
import { latin1Bytes } from '../../src/lib/bytes.ts';
import { equalTags, listHasTag } from '../../src/lib/etag.ts';

function tagInList(list: string, tag: string, strong: boolean): boolean {
  return listHasTag(latin1Bytes(list), 0, list.length, latin1Bytes(tag), 0, tag.length, strong);
}

t.test('entity tags compare weakly and strongly', async (t) => {
  const equal = (a: string, b: string, strong: boolean): boolean =>
    equalTags(latin1Bytes(a), 0, a.length, latin1Bytes(b), 0, b.length, strong);
  // RFC 9110 8.8.3.2, the table of examples.
  const rows: [string, string, boolean, boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ];
  for (const [a, b, strongly, weakly] of rows) {
    t.equal(equal(a, b, true), strongly, `${a} ${b} strongly`);
    t.equal(equal(a, b, false), weakly, `${a} ${b} weakly`);
  }
});

t.test('a tag in a list of tags', async (t) => {
  t.ok(tagInList('"1234", "abcdef", "5678"', '"abcdef"', true));
  t.ok(tagInList('"1234",W/"abcdef"', '"abcdef"', false));
  t.notOk(tagInList('"1234",W/"abcdef"', '"abcdef"', true));
  t.ok(tagInList('*', '"abcdef"', true));
  t.ok(tagInList('"a,b", "c"', '"a,b"', true), 'a comma within a tag');
  t.ok(tagInList('"\xfc"', '"\xfc"', true), 'obs-text');
  t.notOk(tagInList('"abcdef', '"abcde"', true));
  t.notOk(tagInList('', '""', true));
  t.ok(tagInList('"a", ""', '""', true), 'the empty tag');
  t.notOk(tagInList('"a"', '', true), 'no tag at all');
  t.ok(tagInList('abc, def', 'def', false), 'tags without quotes');
});

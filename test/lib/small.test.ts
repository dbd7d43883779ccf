import fc from 'fast-check';
import t from 'tap';
import { latin1Bytes, readDeltaSeconds } from '../../src/lib/bytes.ts';
import { equalTags, listHasTag } from '../../src/lib/etag.ts';
import { formatIp, NetworkSet, parseIp } from '../../src/lib/ip.ts';
import { ListCursor } from '../../src/lib/list.ts';
import { removeDotSegments, resolveSameOrigin } from '../../src/lib/uri.ts';

function tagInList(list: string, tag: string, strong: boolean): boolean {
  return listHasTag(latin1Bytes(list), 0, list.length, latin1Bytes(tag), 0, tag.length, strong);
}

t.test('members of a list', async (t) => {
  const cursor = new ListCursor();
  const members = (text: string): string[] => {
    const found: string[] = [];
    cursor.start(latin1Bytes(text), 0, text.length);
    while (cursor.next()) found.push(text.slice(cursor.offset, cursor.offset + cursor.length));
    return found;
  };
  t.same(members(''), []);
  t.same(members(' , ,'), []);
  t.same(members('a, b ,\tc'), ['a', 'b', 'c']);
  t.same(members('a="x, \\" y", b'), ['a="x, \\" y"', 'b']);
  t.same(members('a="x, y'), ['a="x, y']);
  t.same(members('a="x\\'), ['a="x\\']);
});

t.test('delta-seconds', async (t) => {
  const read = (text: string): number => readDeltaSeconds(latin1Bytes(text), 0, text.length);
  t.equal(read('0'), 0);
  t.equal(read('007'), 7);
  t.equal(read('99999999999999999999'), 2_147_483_647);
  for (const text of ['', '-1', '1.0', 'a', '1 ', '1,2']) t.equal(read(text), -1, text);
});

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

t.test('addresses are read and written', async (t) => {
  const rows: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::', '2001:db8::'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, expected] of rows) {
    const bytes = new Uint8Array(20);
    t.ok(parseIp(text, bytes, 4), text);
    t.equal(formatIp(bytes, 4), expected, text);
  }
  for (const text of ['', '1.2.3', '1.2.3.4:80', '[::1]', 'fe80::1%eth0', 'x', '1::2::3']) {
    t.notOk(parseIp(text, new Uint8Array(16)), text);
  }
});

t.test('an address that is written is read back', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const again = new Uint8Array(16);
      return parseIp(formatIp(bytes), again) && Buffer.compare(bytes, again) === 0;
    }),
  );
});

t.test('networks', async (t) => {
  const set = new NetworkSet(['10.0.0.0/8', '2001:db8::/33', '192.0.2.7', '::1/128']);
  const has = (text: string): boolean => {
    const bytes = new Uint8Array(16);
    parseIp(text, bytes);
    return set.has(bytes, 0);
  };
  for (const text of ['10.255.0.1', '2001:db8:7fff::1', '192.0.2.7', '::1', '::ffff:10.1.1.1'])
    t.ok(has(text), text);
  for (const text of ['11.0.0.1', '2001:db8:8000::1', '192.0.2.6', '::2', '::10.0.0.1'])
    t.notOk(has(text), text);
  t.ok(new NetworkSet([]).isEmpty);
  t.throws(() => new NetworkSet(['nonsense']));
});

t.test('references resolve within the same origin only', async (t) => {
  const resolve = (reference: string): unknown =>
    resolveSameOrigin(reference, 'http', 'a.example:8080', '/b/c/d', 'q');
  t.same(resolve('/x?y#z'), { path: '/x', query: 'y' });
  t.same(resolve('x'), { path: '/b/c/x', query: undefined });
  t.same(resolve('../x'), { path: '/b/x', query: undefined });
  t.same(resolve('../../../x/.'), { path: '/x/', query: undefined });
  t.same(resolve(''), { path: '/b/c/d', query: 'q' });
  t.same(resolve('?'), { path: '/b/c/d', query: '' });
  t.same(resolve('?p'), { path: '/b/c/d', query: 'p' });
  t.same(resolve('http://A.example:8080'), { path: '/', query: undefined });
  t.same(resolve('//a.example:8080/e'), { path: '/e', query: undefined });
  for (const other of [
    'https://a.example:8080/',
    'http://a.example/',
    'http://b.example:8080/',
    '//c/',
    'mailto:x',
  ]) {
    t.equal(resolve(other), undefined, other);
  }
  t.same(resolveSameOrigin('http://a.example:80/x', 'http', 'a.example', '/', undefined), {
    path: '/x',
    query: undefined,
  });
});

t.test('dot segments', async (t) => {
  // RFC 3986 5.2.4.
  t.equal(removeDotSegments('/a/b/c/./../../g'), '/a/g');
  t.equal(removeDotSegments('/..'), '/');
  t.equal(removeDotSegments('/a/.hidden'), '/a/.hidden');
});

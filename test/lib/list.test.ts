import { array, assert, constantFrom, property } from 'fast-check';
import t from 'tap';
import { latin1Bytes } from '../../src/lib/bytes.ts';
import { ListCursor, splitList } from '../../src/lib/list.ts';

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

t.test('both ways of walking a list find the same members', async (t) => {
  const piece = constantFrom('"', '\\', ',', ' ', 'a', 'b=');
  assert(
    property(array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('');
      const cursor = new ListCursor().start(latin1Bytes(text), 0, text.length);
      const found: string[] = [];
      while (cursor.next()) found.push(text.slice(cursor.offset, cursor.offset + cursor.length));
      return JSON.stringify(found) === JSON.stringify(splitList(text));
    }),
    { numRuns: 2000 },
  );
  t.same(splitList(' a, "b, \\" c" ,, d'), ['a', '"b, \\" c"', 'd']);
});

t.test('a long list of open quotes takes one pass', async (t) => {
  // Going back for every quote would take hours.
  t.equal(splitList('"a\\'.repeat(1_000_000)).length, 1);
});

import t from 'tap';
import { latin1Bytes } from '../../src/lib/bytes.ts';
import { ListCursor } from '../../src/lib/list.ts';

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

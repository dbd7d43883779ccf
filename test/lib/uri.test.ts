import t from 'tap';
import { removeDotSegments, resolveSameOrigin } from '../../src/lib/uri.ts';

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

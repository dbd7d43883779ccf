import t from 'tap';
import { readPurge } from '../../src/admin/purge.ts';

const read = (body: unknown) => readPurge(JSON.stringify(body));

t.test('each form is read, alone or as an array', async (t) => {
  for (const [body, expected] of [
    [{ all: true }, { what: 'all', values: [] }],
    [
      { all: true, zone: 'site' },
      { what: 'all', values: [], zone: 'site' },
    ],
    [{ url: 'http://a.test/B' }, { what: 'url', values: ['http://a.test/B'] }],
    [{ tag: 'Product-1' }, { what: 'tag', values: ['product-1'] }],
    [{ tag: ['a', 'B'] }, { what: 'tag', values: ['a', 'b'] }],
    [{ host: 'Shop.Example:8080' }, { what: 'host', values: ['shop.example'] }],
    [{ host: '[::1]:80' }, { what: 'host', values: ['[::1]'] }],
    [{ prefix: 'Shop.example/A/b/' }, { what: 'prefix', values: ['shop.example/A/b'] }],
    [{ prefix: 'shop.example:81/a' }, { what: 'prefix', values: ['shop.example/a'] }],
    [{ prefix: ['shop.example', 'b.example/'] }, { what: 'prefix', values: ['shop.example', 'b.example'] }],
  ] as const) {
    t.same(read(body), { soft: false, ...expected }, JSON.stringify(body));
    t.same(read({ ...body, soft: true }), { soft: true, ...expected });
  }
});

t.test('what is none is told with what would be right', async (t) => {
  for (const [body, detail] of [
    [{}, /names one of "url"/],
    [[], /has to be an object/],
    [null, /has to be an object/],
    [{ url: 'http://a/', all: true }, /names one of/],
    [{ url: 'http://a/', tag: 'x' }, /names one of/],
    [{ all: false }, /names one of/],
    [{ tags: 'x' }, /"tags" is not known/],
    [{ all: true, soft: 1 }, /"soft" has to be/],
    [{ all: true, zone: 1 }, /"zone" has to be/],
    [{ tag: [] }, /an empty array/],
    [{ tag: 5 }, /a text, or an array/],
    [{ tag: ['a', ''] }, /a text, or an array/],
    [{ tag: 'a b' }, /printable ASCII/],
    [{ tag: 'ä' }, /printable ASCII/],
    [{ tag: 'a,b' }, /comma/],
    [{ tag: 'x'.repeat(1025) }, /at most 1024 characters, this one has 1025/],
    [{ tag: Array.from({ length: 1001 }, () => 'x') }, /1001 values, at most 1000/],
    [{ url: Array.from({ length: 31 }, () => 'http://a/') }, /31 values, at most 30/],
    [{ host: 'http://a.test' }, /without scheme/],
    [{ host: 'a.test/b' }, /purge by "prefix"/],
    [{ host: '*.a.test' }, /wildcard/],
    [{ host: 'a:b:c' }, /not a host/],
    [{ prefix: 'https://a.test/b' }, /has a scheme/],
    [{ prefix: 'a.test/b?c' }, /has a query/],
    [{ prefix: 'a.test/b*' }, /wildcard/],
    [{ prefix: '/b' }, /does not begin with a host/],
    [{ prefix: `a.test${'/s'.repeat(33)}` }, /at most 32 segments/],
    [{ prefix: `a.test/${'s'.repeat(8200)}` }, /at most 8192/],
  ] as const) {
    t.match(read(body), { status: 400, detail }, JSON.stringify(body).slice(0, 60));
  }
  t.match(readPurge('{'), { status: 400, detail: /not JSON/ });
});

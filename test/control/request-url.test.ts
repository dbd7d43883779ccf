/** URLs as an operator names them, the keys that the engine makes of requests for them, and the zones that take them. */
import t from 'tap';
import { parseRequestUrl, primaryKey, type RequestUrl } from '../../src/control/request-url.ts';
import { zoneOf } from '../../src/control/zone-of.ts';

t.test('a URL is taken apart, path and query byte for byte', async (t) => {
  t.same(parseRequestUrl('HTTP://Example.COM/A/../%7e?x=%20&&#frag'), {
    isTls: false,
    host: 'example.com',
    port: 0,
    path: '/A/../%7e',
    query: 'x=%20&&',
  });
  t.match(parseRequestUrl('https://[::1]:443'), { isTls: true, host: '[::1]', port: 0, path: '/' });
  t.match(parseRequestUrl('http://a:8080/?'), { port: 8080, path: '/', query: '' });
  t.match(parseRequestUrl('http://a?b'), { path: '/', query: 'b' });
  for (const text of [
    '',
    '/a',
    'a/b',
    'ftp://a/',
    'http://',
    'http://a b/',
    'http://u@a/',
    'http://a:99999/',
    'http://a/ü',
    'http://a/\n',
  ]) {
    t.equal(parseRequestUrl(text), undefined, text);
  }
});

t.test('the primary key has zone, scheme, host with its own port, path and query', async (t) => {
  const key = (text: string) =>
    Buffer.from(primaryKey(0x01020304, parseRequestUrl(text) as RequestUrl)).toString('latin1');
  t.equal(key('http://example.com:80/a?b'), '\x04\x03\x02\x01hexample.com\0/a?b');
  t.equal(key('https://example.com:80/'), '\x04\x03\x02\x01sexample.com:80\0/');
  t.equal(key('http://a/?'), '\x04\x03\x02\x01ha\0/?');
});

t.test(
  'exact hosts come before wildcards, longer wildcards before shorter, the catch-all last',
  async (t) => {
    const zones = {
      names: [],
      keys: [],
      exact: [['www.example.com', 1]] as [string, number][],
      wildcard: [
        ['example.com', 2],
        ['deep.example.com', 3],
      ] as [string, number][],
      catchAll: 4,
    };
    t.equal(zoneOf(zones, 'www.example.com'), 1);
    t.equal(zoneOf(zones, 'www.example.com.'), 1);
    t.equal(zoneOf(zones, 'a.example.com'), 2);
    t.equal(zoneOf(zones, 'b.a.example.com'), 2);
    t.equal(zoneOf(zones, 'a.deep.example.com'), 3);
    t.equal(zoneOf(zones, 'example.com'), 4);
    t.equal(zoneOf(zones, 'badexample.com'), 4);
    t.equal(zoneOf({ ...zones, catchAll: -1 }, 'other'), -1);
  },
);

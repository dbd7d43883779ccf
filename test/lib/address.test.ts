import t from 'tap';
import { canonicalHost, formatAddress, isLoopback, isNetwork, parseAddress } from '../../src/lib/address.ts';
import { parseOriginUrl } from '../../src/lib/origin-url.ts';

t.test('an address is an IP literal with a port', async (t) => {
  t.same(parseAddress('127.0.0.1:8080'), { family: 4, host: '127.0.0.1', port: 8080 });
  t.same(parseAddress('[::1]:0'), { family: 6, host: '::1', port: 0 });
  for (const text of [
    '',
    ':80',
    '80',
    'localhost:80',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:80',
    '[127.0.0.1]:80',
    '[::1]',
    '1.2.3:4',
    '127.0.0.1:80x',
  ]) {
    t.equal(parseAddress(text), undefined, text);
  }
  t.equal(formatAddress('::1', 80), '[::1]:80');
  t.equal(formatAddress('127.0.0.1', 80), '127.0.0.1:80');
});

t.test('addresses compare in one spelling', async (t) => {
  t.equal(canonicalHost('0:0:0:0:0:0:0:1'), '::1');
  t.equal(canonicalHost('2001:DB8::0'), '2001:db8::');
  t.ok(['127.0.0.1', '127.9.9.9', '::1', '0::1', '::ffff:127.0.0.1'].every(isLoopback));
  t.notOk(['10.0.0.1', '::', '0.0.0.0', '::ffff:10.0.0.1'].some(isLoopback));
});

t.test('networks', async (t) => {
  t.ok(['10.0.0.0/8', '10.0.0.1', '::/0', '2001:db8::/32', '::1'].every(isNetwork));
  t.notOk(['10.0.0.0/33', '10.0.0', '::/129', 'a/8', '10.0.0.0/', '10.0.0.0/8/8'].some(isNetwork));
});

t.test('the URL of an origin server has a scheme, a host and a port, and nothing else', async (t) => {
  t.same(parseOriginUrl('http://Example.COM'), {
    scheme: 'http',
    host: 'example.com',
    port: 80,
    authority: 'example.com',
    isLiteral: false,
  });
  t.same(parseOriginUrl('http://[::1]:81/'), {
    scheme: 'http',
    host: '::1',
    port: 81,
    authority: '[::1]:81',
    isLiteral: true,
  });
  t.match(parseOriginUrl('https://a:443'), { scheme: 'https', port: 443, authority: 'a' });
  for (const text of [
    '',
    'a',
    'localhost:80',
    'ftp://a',
    'http://a/b',
    'http://a?b',
    'http://a#b',
    'http://u@a',
    'http://a:0',
    'http:a',
  ]) {
    t.ok('fault' in parseOriginUrl(text), text);
  }
});

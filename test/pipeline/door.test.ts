/** What the proxy answers by itself. */
import t from 'tap';
import { commandFlag } from '../../src/engine/contract.ts';
import { chooseFormat } from '../../src/pipeline/error-page.ts';
import { FakeProxy } from '../support/fake-proxy.ts';

function proxyOf(): FakeProxy {
  return new FakeProxy(() => ({ body: 'origin' }));
}

t.test('TRACE and CONNECT are not allowed', async (t) => {
  for (const method of ['TRACE', 'CONNECT']) {
    const proxy = proxyOf();
    const response = proxy.send({ method });
    t.equal(response.status, 405);
    t.match(response.get('allow'), /GET, HEAD/);
    t.equal(response.reason, 'method_not_allowed');
    t.equal(proxy.asked.length, 0);
  }
});

t.test('OPTIONS for the proxy itself', async (t) => {
  const proxy = proxyOf();
  const star = proxy.send({ method: 'OPTIONS', target: '*', zone: -1 });
  t.equal(star.status, 200);
  t.match(star.get('allow'), /GET/);
  t.equal(star.body, '');
  const last = proxy.send({ method: 'OPTIONS', fields: [['max-forwards', '0']] });
  t.equal(last.status, 200);
  t.equal(proxy.asked.length, 0);
  proxy.send({ method: 'OPTIONS', fields: [['max-forwards', '3']] });
  t.equal(proxy.asked[0]?.get('max-forwards'), '2');
  proxy.send({ method: 'OPTIONS', fields: [['max-forwards', 'x']] });
  t.equal(proxy.asked[1]?.get('max-forwards'), 'x');
  proxy.send({ fields: [['max-forwards', '0']] });
  t.equal(proxy.asked.length, 3, 'it says nothing of other methods');
});

t.test('a host that no zone takes', async (t) => {
  const response = proxyOf().send({ zone: -1 });
  t.equal(response.status, 421);
  t.equal(response.reason, 'no_zone');
  t.equal(response.cacheResult, 'none');
  t.equal(response.get('cache-status'), undefined);
});

t.test('a loop ends', async (t) => {
  const proxy = proxyOf();
  const via = (hops: number): string => Array.from({ length: hops }, () => '1.1 parapet').join(', ');
  t.equal(proxy.send({ fields: [['via', via(7)]] }).status, 200);
  const looped = proxy.send({ fields: [['via', via(8)]] });
  t.equal(looped.status, 502);
  t.equal(looped.get('proxy-status'), 'parapet; error=proxy_loop_detected');
  t.equal(looped.reason, 'loop_detected');
});

t.test('pages in the format that Accept asks for', async (t) => {
  const rows: [string, string][] = [
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/json', 'application/problem+json'],
    ['application/json;q=0.5, text/html;q=0.6', 'text/html'],
    ['text/html;q=0, application/*', 'application/problem+json'],
    ['text/plain', 'text/plain'],
    ['image/png', 'text/plain'],
    ['*/*, text/html', 'text/html'],
  ];
  for (const [accept, format] of rows) t.equal(chooseFormat(accept), format, accept);
  const send = (accept: string): ReturnType<FakeProxy['send']> =>
    proxyOf().send({ zone: -1, fields: [['accept', accept]] });
  t.same(JSON.parse(send('application/json').body), {
    type: 'about:blank',
    title: 'Misdirected Request',
    status: 421,
  });
  t.equal(send('application/json').get('content-type'), 'application/problem+json');
  t.match(send('text/html').body, /<h1>421 Misdirected Request<\/h1>/);
  t.equal(send('').body, '421 Misdirected Request\n');
  t.equal(send('').get('cache-control'), 'no-store');
});

t.test('what is answered by itself gives way to a page of the operator', async (t) => {
  const { commands } = proxyOf().send({ zone: -1 });
  t.ok(((commands[0]?.flags ?? 0) & commandFlag.page) !== 0);
});

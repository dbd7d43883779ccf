/** Choosing servers, failures, retries, and what the origin is told of the client. */
import t from 'tap';
import { defaultOriginSettings } from '../../src/pipeline/protocol.ts';
import { FakeProxy, type OriginResponse, snapshotWith } from '../support/fake-proxy.ts';

const servers = [
  { id: 11, hostHeader: '' },
  { id: 12, hostHeader: 'two.internal:8080' },
];

function twoServers(origin: (server: number) => OriginResponse): FakeProxy {
  const origins = [{ ...defaultOriginSettings, name: 'site', servers, ejectFailures: 2 }];
  return new FakeProxy((request) => origin(request.server), snapshotWith({ origins }));
}

t.test('servers take turns, each with its own Host', async (t) => {
  const proxy = twoServers(() => ({}));
  for (let index = 0; index < 4; index += 1) proxy.send({ method: 'POST' });
  t.same(
    proxy.asked.map((request) => [request.server, request.get('host')]),
    [
      [11, 'site.example'],
      [12, 'two.internal:8080'],
      [11, 'site.example'],
      [12, 'two.internal:8080'],
    ],
  );
});

t.test('a failure is tried again on another server, once, where it may be', async (t) => {
  const proxy = twoServers((server) => (server === 11 ? { fails: 'connectionRefused', mayRetry: true } : {}));
  t.equal(proxy.send().status, 200);
  t.same(
    proxy.asked.map((request) => request.server),
    [11, 12],
  );
  const failing = twoServers(() => ({ fails: 'connectionTerminated', mayRetry: true }));
  t.equal(failing.send().status, 502);
  t.equal(failing.asked.length, 2);
  const unsafe = twoServers(() => ({ fails: 'connectionTerminated' }));
  t.equal(unsafe.send({ method: 'POST' }).status, 502);
  t.equal(unsafe.asked.length, 1);
});

t.test('a retry asks the same question', async (t) => {
  const proxy = twoServers(() => ({
    fields: [
      ['cache-control', 'max-age=10'],
      ['etag', '"a"'],
    ],
  }));
  proxy.send({ fields: [['if-none-match', '"z"']] });
  proxy.advance(11);
  proxy.origin = () =>
    proxy.asked.length === 2 ? { fails: 'connectionTerminated', mayRetry: true } : { status: 304 };
  t.equal(proxy.send().cacheResult, 'revalidated');
  t.same(
    proxy.asked.slice(1).map((request) => request.get('if-none-match')),
    ['"a"', '"a"'],
  );
});

t.test('a server that keeps failing is left out', async (t) => {
  const proxy = twoServers((server) => (server === 11 ? { fails: 'connectionRefused' } : {}));
  for (let index = 0; index < 4; index += 1) proxy.send({ method: 'POST' });
  proxy.asked.length = 0;
  for (let index = 0; index < 3; index += 1) t.equal(proxy.send({ method: 'POST' }).status, 200);
  t.same(
    proxy.asked.map((request) => request.server),
    [12, 12, 12],
  );
  proxy.advance(11);
  proxy.send({ method: 'POST' });
  proxy.send({ method: 'POST' });
  t.ok(
    proxy.asked.some((request) => request.server === 11),
    'until its time is over',
  );
});

t.test('failures are told by Proxy-Status', async (t) => {
  const rows: [OriginResponse['fails'] & string, number, string][] = [
    ['connectionRefused', 502, 'connection_refused'],
    ['connectionTimeout', 504, 'connection_timeout'],
    ['responseTimeout', 504, 'http_response_timeout'],
    ['protocolError', 502, 'http_protocol_error'],
    ['connectionLimitReached', 503, 'connection_limit_reached'],
    ['dnsError', 502, 'dns_error'],
  ];
  for (const [fails, status, text] of rows) {
    const response = new FakeProxy(() => ({ fails })).send();
    t.equal(response.status, status, fails);
    t.equal(response.get('proxy-status'), `parapet; error=${text}`);
    t.equal(response.reason, 'origin_failed');
    t.equal(response.get('cache-status'), 'parapet; fwd=uri-miss');
    t.equal(response.cacheResult, 'miss');
  }
});

t.test('forwarding fields: not believed from anyone, kept from a trusted proxy', async (t) => {
  const fields: [string, string][] = [
    ['x-forwarded-for', '203.0.113.1'],
    ['x-forwarded-proto', 'https'],
  ];
  const untrusted = new FakeProxy(() => ({}));
  untrusted.send({ fields, peer: '10.0.0.1' });
  t.equal(untrusted.asked[0]?.get('x-forwarded-for'), '10.0.0.1');
  const trusted = new FakeProxy(() => ({}), snapshotWith({ trustedProxies: ['10.0.0.0/8'] }));
  trusted.send({ fields, peer: '10.0.0.1' });
  t.equal(trusted.asked[0]?.get('x-forwarded-for'), '203.0.113.1, 10.0.0.1');
  t.equal(trusted.asked[0]?.get('x-forwarded-proto'), 'https');
  t.equal(trusted.asked[0]?.get('forwarded'), 'for=10.0.0.1;host=site.example;proto=http');
  trusted.send({ fields, peer: '192.0.2.9' });
  t.equal(trusted.asked[1]?.get('x-forwarded-for'), '192.0.2.9', 'another peer is not');
});

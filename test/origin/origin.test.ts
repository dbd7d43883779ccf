import t from 'tap';
import { Arena } from '../../src/engine/arena.ts';
import { batchRegion, CommandWriter } from '../../src/engine/command-writer.ts';
import { commandKind, commandWord, eventFlag, failCause, failCauses } from '../../src/engine/contract.ts';
import { decodeEdits } from '../../src/engine/edits.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { formatIp, NetworkSet } from '../../src/lib/ip.ts';
import { Balancer } from '../../src/origin/balance.ts';
import { failureStatus, proxyStatusEdit, proxyStatusText } from '../../src/origin/failure.ts';
import {
  forwardedNodes,
  nodeAddress,
  resolveClient,
  writeForwarding,
} from '../../src/origin/forwarding-fields.ts';
import { HealthTable } from '../../src/origin/health.ts';
import { maxForwards, viaHops } from '../../src/origin/hops.ts';
import { defaultOriginSettings } from '../../src/origin/protocol.ts';
import { mayRetry } from '../../src/origin/retry.ts';
import { FakeEngine, type Fields } from '../support/fake-engine.ts';

function balancerOf(ids: number[], table = new HealthTable(), first = 0): Balancer {
  const servers = ids.map((id) => ({ id, hostHeader: '' }));
  return new Balancer(
    { ...defaultOriginSettings, name: 'o', servers, ejectFailures: 2, ejectMs: 1000 },
    table,
    first,
  );
}

function take(balancer: Balancer, times: number, nowMs = 0, avoid = 0): number[] {
  return Array.from({ length: times }, () => balancer.choose(nowMs, avoid).server.id);
}

t.test('servers take turns', async (t) => {
  t.same(take(balancerOf([1, 2, 3]), 7), [1, 2, 3, 1, 2, 3, 1]);
  t.same(take(balancerOf([1, 2, 3], new HealthTable(), 4), 3), [2, 3, 1], 'workers begin at different ones');
  t.same(take(balancerOf([1]), 3), [1, 1, 1]);
});

t.test('a server that fails again and again is left out for a while', async (t) => {
  const balancer = balancerOf([1, 2]);
  balancer.noteFailure(1, failCause.connectionRefused, 0);
  t.same(take(balancer, 2), [1, 2], 'once is not enough');
  balancer.noteFailure(1, failCause.connectionRefused, 0);
  t.same(take(balancer, 4, 999), [2, 2, 2, 2]);
  t.same(take(balancer, 2, 1000), [1, 2], 'its time is over');
  balancer.noteFailure(1, failCause.connectionRefused, 1000);
  t.same(take(balancer, 2, 1500), [2, 2], 'one more failure is enough now');
  balancer.noteSuccess(1);
  t.same(take(balancer, 2, 1500), [1, 2]);
});

t.test('where all are left out, they take turns all the same', async (t) => {
  const balancer = balancerOf([1, 2]);
  for (const server of [1, 2, 1, 2]) balancer.noteFailure(server, failCause.connectionTimeout, 0);
  t.same(take(balancer, 4), [1, 2, 1, 2]);
});

t.test('failures that are not the server’s do not count', async (t) => {
  const balancer = balancerOf([1, 2]);
  for (let index = 0; index < 9; index += 1) balancer.noteFailure(1, failCause.connectionLimitReached, 0);
  t.same(take(balancer, 2), [1, 2]);
});

t.test('a retry goes to another server where there is one', async (t) => {
  t.same(take(balancerOf([1, 2]), 3, 0, 1), [2, 2, 2]);
  t.same(take(balancerOf([1]), 1, 0, 1), [1]);
  const balancer = balancerOf([1, 2]);
  for (const server of [2, 2]) balancer.noteFailure(server, failCause.connectionTimeout, 0);
  t.same(take(balancer, 2, 0, 1), [2, 2], 'even one that was left out');
});

t.test('health outlives a reload, and servers that are gone are forgotten', async (t) => {
  const table = new HealthTable();
  const before = balancerOf([1, 2], table);
  for (let index = 0; index < 2; index += 1) before.noteFailure(1, failCause.connectionRefused, 0);
  t.same(take(balancerOf([1, 2], table), 2), [2, 2]);
  table.retain(new Set([2]));
  t.same(take(balancerOf([1, 2], table), 2), [1, 2]);
});

t.test('when a fetch is tried again', async (t) => {
  t.ok(mayRetry(eventFlag.mayRetry, failCause.connectionTerminated, 1, 1));
  t.notOk(mayRetry(eventFlag.mayRetry, failCause.connectionTerminated, 2, 1), 'once');
  t.notOk(mayRetry(0, failCause.connectionTerminated, 1, 1), 'the request may have been acted upon');
  t.notOk(mayRetry(eventFlag.mayRetry, failCause.connectionTerminated, 1, 0));
  t.notOk(mayRetry(eventFlag.mayRetry, failCause.connectionLimitReached, 1, 1));
  t.notOk(
    mayRetry(eventFlag.mayRetry, failCause.responseTimeout, 1, 1, false),
    'the only server had its time',
  );
  t.ok(mayRetry(eventFlag.mayRetry, failCause.responseTimeout, 1, 1, true));
  t.ok(mayRetry(eventFlag.mayRetry, failCause.connectionTerminated, 1, 1, false));
});

t.test('every cause has a status and a text', async (t) => {
  for (const [cause, name] of failCauses.entries()) {
    t.ok([500, 502, 503, 504].includes(failureStatus(cause)), name);
    if (cause > 0) t.equal(proxyStatusText(cause), `parapet; error=${name}`);
  }
  t.equal(failureStatus(failCause.connectionRefused), 502);
  t.equal(failureStatus(failCause.connectionTimeout), 504);
  t.equal(failureStatus(failCause.responseTimeout), 504);
  t.equal(failureStatus(failCause.connectionLimitReached), 503);
  t.equal(decodeEdits(proxyStatusEdit(failCause.dnsError))[0]?.value, 'parapet; error=dns_error');
});

function requestWith(fields: Fields): { engine: FakeEngine; request: HeadView } {
  const engine = new FakeEngine();
  engine.begin();
  return { engine, request: new HeadView(new Arena(engine.memory)).reset(engine.request({ fields })) };
}

t.test('hops of a request', async (t) => {
  const rows: [string, number][] = [
    ['1.1 parapet', 1],
    ['1.1 Parapet (comment), 1.0 other, HTTP/1.1 parapet', 2],
    ['1.1 parapets, 1.1 a-parapet, parapet', 0],
  ];
  for (const [via, hops] of rows) t.equal(viaHops(requestWith([['via', via]]).request), hops, via);
  t.equal(
    viaHops(
      requestWith([
        ['via', '1.1 parapet'],
        ['via', '1.1 parapet'],
      ]).request,
    ),
    2,
  );
  t.equal(viaHops(requestWith([]).request), 0);
  t.equal(maxForwards(requestWith([['max-forwards', '0']]).request), 0);
  t.equal(maxForwards(requestWith([['max-forwards', '3']]).request), 3);
  t.equal(maxForwards(requestWith([['max-forwards', 'x']]).request), -1);
  t.equal(maxForwards(requestWith([]).request), -1);
});

t.test('nodes of forwarding fields', async (t) => {
  t.equal(nodeAddress(' 192.0.2.1 '), '192.0.2.1');
  t.equal(nodeAddress('192.0.2.1:80'), '192.0.2.1');
  t.equal(nodeAddress('"[2001:db8::1]:4711"'), '2001:db8::1');
  t.equal(nodeAddress('[2001:db8::1]'), '2001:db8::1');
  t.equal(nodeAddress('2001:db8::1'), '2001:db8::1');
  for (const text of ['', 'unknown', '_hidden', '192.0.2.1:x', '[1', '1.2.3.4.5'])
    t.equal(nodeAddress(text), undefined);
  t.same(forwardedNodes('for=192.0.2.1;proto=http, proto=https;For="[2001:db8::1]:80";host="a,b"'), [
    '192.0.2.1',
    '"[2001:db8::1]:80"',
  ]);
});

t.test('the client behind trusted proxies', async (t) => {
  const trusted = new NetworkSet(['10.0.0.0/8', '2001:db8::/32']);
  const rows: [string, Fields, string][] = [
    ['nothing named', [], 'peer'],
    ['one', [['x-forwarded-for', '192.0.2.1']], '192.0.2.1'],
    ['behind another proxy', [['x-forwarded-for', '203.0.113.9, 192.0.2.1, 10.0.0.2']], '192.0.2.1'],
    [
      'over several lines',
      [
        ['x-forwarded-for', '192.0.2.1'],
        ['x-forwarded-for', '10.0.0.2'],
      ],
      '192.0.2.1',
    ],
    ['all trusted: the farthest', [['x-forwarded-for', '10.0.0.3, 10.0.0.2']], '10.0.0.3'],
    ['what is no address ends the search', [['x-forwarded-for', '192.0.2.1, unknown, 10.0.0.2']], '10.0.0.2'],
    ['nothing but that', [['x-forwarded-for', 'unknown']], 'peer'],
    ['Forwarded', [['forwarded', 'for=192.0.2.1, for="[2001:db8::5]:8080"']], '192.0.2.1'],
    [
      'X-Forwarded-For before Forwarded',
      [
        ['forwarded', 'for=192.0.2.1'],
        ['x-forwarded-for', '192.0.2.2'],
      ],
      '192.0.2.2',
    ],
  ];
  for (const [name, fields, expected] of rows) {
    const into = new Uint8Array(16);
    const isFound = resolveClient(requestWith(fields).request, trusted, into);
    t.equal(isFound ? formatIp(into) : 'peer', expected, name);
  }
});

t.test('fields of a trusted proxy are kept and extended', async (t) => {
  const write = (fields: Fields, peer: string, isTls = false): Record<string, string> => {
    const { engine, request } = requestWith(fields);
    const writer = new CommandWriter(new Arena(engine.memory), batchRegion);
    writer.start();
    writer.begin(commandKind.fetch, 1, 1);
    writer.beginEdits();
    writeForwarding(writer, request, engine.address(peer), isTls);
    writer.endEdits(commandWord.editsOffset);
    writer.end();
    return Object.fromEntries(engine.commands()[0]!.edits.map(({ name, value = '' }) => [name, value]));
  };
  t.same(
    write(
      [
        ['host', 'a.example:81'],
        ['x-forwarded-for', '192.0.2.1'],
        ['x-forwarded-proto', 'https'],
      ],
      '10.0.0.2',
    ),
    {
      'x-forwarded-for': '192.0.2.1, 10.0.0.2',
      'x-forwarded-host': 'a.example:81',
      forwarded: 'for=10.0.0.2;host="a.example:81";proto=http',
    },
  );
  t.same(
    write(
      [
        ['forwarded', 'for=192.0.2.1'],
        ['x-forwarded-host', 'b'],
      ],
      '2001:db8::1',
      true,
    ),
    {
      'x-forwarded-for': '2001:db8::1',
      'x-forwarded-proto': 'https',
      forwarded: 'for=192.0.2.1, for="[2001:db8::1]";proto=https',
    },
  );
});

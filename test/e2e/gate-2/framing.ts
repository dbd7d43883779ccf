/** The door is strict: what is ambiguous is refused, and what is merely odd is served. */
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { type CountingOrigin, startCountingOrigin } from '../../support/counting-origin.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { exchangeRaw, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { within } from '../../support/within.ts';
import { framingCases } from './framing-cases.ts';

export async function refusedRequests(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  for (const row of framingCases) {
    await t.test(row.name, async (t) => {
      const { answer, closing, client } = await exchangeRaw(parapet.listener(), row.bytes);
      t.ok(row.status.includes(answer.status), `${answer.status} is one of ${row.status.join(' ')}`);
      t.equal(
        await within(5_000, 'the close after a refusal', closing),
        'end',
        'closed in order, so that the answer arrives',
      );
      t.equal(client.excess.length, 0, 'one answer and no more');
      t.match(answer.field('Connection'), /close/i);
      client.destroy();
      const record = await waitRecord(parapet.recordsFile, answer.field('parapet-ray'));
      t.match(record, { EdgeResponseStatus: answer.status, Outcome: 'refused' });
      t.not(record['Reason'], 'none', 'the record says why');
    });
  }
  t.equal(origin.count('/smuggled'), 0, 'nothing was smuggled');
  t.same(
    origin.seen.filter(({ path }) => path !== '/framed').map(({ path }) => path),
    [],
    'only bodies that failed later were begun',
  );
}

interface AcceptedCase {
  name: string;
  bytes: string;
  /** Looks at what the origin saw last. */
  check?: (t: Test, origin: CountingOrigin) => void;
}

const lastOf = (origin: CountingOrigin) => origin.seen.at(-1);

const acceptedCases: AcceptedCase[] = [
  { name: 'one empty line before the request', bytes: '\r\nGET /odd HTTP/1.1\r\nHost: site.test\r\n\r\n' },
  {
    name: 'two empty lines before the request',
    bytes: '\r\n\r\nGET /odd HTTP/1.1\r\nHost: site.test\r\n\r\n',
  },
  { name: 'HTTP/1.0 without Host goes to the catch-all zone', bytes: 'GET /odd HTTP/1.0\r\n\r\n' },
  {
    name: 'white space around a value',
    bytes: 'GET /odd HTTP/1.1\r\nHost: site.test\r\nName: \t value \t\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.fields['name'], 'value'),
  },
  {
    name: 'an empty value',
    bytes: 'GET /odd HTTP/1.1\r\nHost: site.test\r\nName:\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.fields['name'], ''),
  },
  {
    name: 'bytes above ASCII in a value',
    bytes: 'GET /odd HTTP/1.1\r\nHost: site.test\r\nName: gr\xfc\xdf\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.fields['name'], 'gr\xfc\xdf'),
  },
  {
    name: 'Host with a port',
    bytes: 'GET /odd HTTP/1.1\r\nHost: site.test:8080\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.fields['host'], 'site.test:8080'),
  },
  { name: 'an IPv6 literal as Host', bytes: 'GET /odd HTTP/1.1\r\nHost: [::1]:80\r\n\r\n' },
  {
    name: 'the authority of an absolute target replaces Host',
    bytes: 'GET http://other.test/odd?q HTTP/1.1\r\nHost: site.test\r\n\r\n',
    check: (t, origin) => {
      t.equal(lastOf(origin)?.fields['host'], 'other.test');
      t.equal(lastOf(origin)?.path, '/odd');
    },
  },
  {
    name: 'an absolute target without a path',
    bytes: 'GET http://other.test HTTP/1.1\r\nHost: site.test\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.path, '/'),
  },
  {
    name: 'chunk extensions are read over',
    bytes:
      'POST /odd HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c="d;e"\r\nabc\r\n0;x\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.bodyBytes, 3),
  },
  {
    name: 'a coding in upper case',
    bytes: 'POST /odd HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.bodyBytes, 3),
  },
  {
    name: 'a chunk size with leading zeros and capitals',
    bytes:
      'POST /odd HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n000A\r\n0123456789\r\n0\r\n\r\n',
    check: (t, origin) => t.equal(lastOf(origin)?.bodyBytes, 10),
  },
];

export async function oddRequests(t: Test): Promise<void> {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  for (const row of acceptedCases) {
    await t.test(row.name, async (t) => {
      const before = origin.seen.length;
      const { answer, client } = await exchangeRaw(parapet.listener(), row.bytes);
      t.equal(answer.status, 200);
      t.equal(answer.body.toString(), 'origin\n');
      t.equal(origin.seen.length, before + 1);
      row.check?.(t, origin);
      client.destroy();
    });
  }
  await t.test('a field that Connection names, and every hop-by-hop field, stops here', (t) =>
    hopByHop(t, parapet, origin),
  );
  await t.test('OPTIONS * is answered by us', (t) => optionsAsterisk(t, parapet, origin));
  await t.test('Max-Forwards is counted down, and 0 is answered by us', (t) =>
    maxForwards(t, parapet, origin),
  );
  await t.test('HTTP/1.0 closes unless it asks to be kept', (t) => oldVersion(t, parapet));
  await t.test('Connection: close is obeyed, and what is behind it is not read', (t) =>
    closing(t, parapet, origin),
  );
}

async function hopByHop(t: Test, parapet: Parapet, origin: CountingOrigin): Promise<void> {
  const client = await RawClient.connect(parapet.listener());
  await client.request('/hop', {
    fields: {
      Connection: 'X-Private, keep-alive, Upgrade',
      'X-Private': '1',
      'Keep-Alive': 'timeout=5',
      'Proxy-Connection': 'keep-alive',
      TE: 'trailers',
      Upgrade: 'websocket',
      'Proxy-Authorization': 'Basic x',
      'X-Public': '1',
    },
  });
  const names = (lastOf(origin)?.rawFields ?? [])
    .filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase());
  for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'upgrade', 'proxy-authorization']) {
    t.notOk(names.includes(name), `${name} does not cross`);
  }
  t.ok(names.includes('x-public'));
  t.notMatch(lastOf(origin)?.fields['connection'] ?? '', /x-private|upgrade/i);
  client.destroy();
}

async function optionsAsterisk(t: Test, parapet: Parapet, origin: CountingOrigin): Promise<void> {
  const before = origin.seen.length;
  const { answer, client } = await exchangeRaw(
    parapet.listener(),
    'OPTIONS * HTTP/1.1\r\nHost: site.test\r\n\r\n',
    { method: 'OPTIONS' },
  );
  t.ok([200, 204].includes(answer.status), `${answer.status}`);
  t.equal(origin.seen.length, before);
  client.destroy();
}

async function maxForwards(t: Test, parapet: Parapet, origin: CountingOrigin): Promise<void> {
  const client = await RawClient.connect(parapet.listener());
  await client.request('/forwards', { method: 'OPTIONS', fields: { 'Max-Forwards': '3' } });
  t.equal(lastOf(origin)?.fields['max-forwards'], '2');
  const before = origin.seen.length;
  const last = await client.request('/forwards', { method: 'OPTIONS', fields: { 'Max-Forwards': '0' } });
  t.ok([200, 204].includes(last.status), `${last.status}`);
  t.equal(origin.seen.length, before, 'the origin is not asked');
  client.destroy();
}

async function oldVersion(t: Test, parapet: Parapet): Promise<void> {
  const closed = await exchangeRaw(parapet.listener(), 'GET /old HTTP/1.0\r\nHost: site.test\r\n\r\n');
  t.equal(closed.answer.status, 200);
  t.equal(await within(5_000, 'the close', closed.closing), 'end');
  const kept = await exchangeRaw(
    parapet.listener(),
    'GET /old HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\n\r\n',
  );
  t.match(kept.answer.field('Connection'), /keep-alive/i);
  await kept.client.write('GET /old HTTP/1.0\r\nHost: site.test\r\n\r\n');
  t.equal((await kept.client.read()).status, 200, 'the connection serves a second request');
  t.equal(await kept.client.waitClosed(), 'end');
}

async function closing(t: Test, parapet: Parapet, origin: CountingOrigin): Promise<void> {
  const text =
    'GET /last HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\nGET /behind HTTP/1.1\r\nHost: site.test\r\n\r\n';
  const { answer, client } = await exchangeRaw(parapet.listener(), text);
  t.equal(answer.status, 200);
  t.match(answer.field('Connection'), /close/i);
  t.equal(await client.waitClosed(), 'end');
  t.equal(client.excess.length, 0);
  t.equal(origin.count('/behind'), 0);
}

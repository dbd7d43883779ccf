/** Names of origins: against a name server on loopback, with time driven by hand. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { HostsFile, parseHosts } from '../../src/control/hosts-file.ts';
import { NameResolver, type ResolverName, systemNameServers } from '../../src/control/resolve.ts';
import { HandClock } from '../support/hand-clock.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/within.ts';

interface Zone {
  a?: string[];
  aaaa?: string[];
  ttl?: number;
  /** SERVFAIL instead of an answer. */
  fails?: boolean;
}

class NameServer {
  readonly zones = new Map<string, Zone>();
  readonly asked: string[] = [];
  readonly #socket: Socket = createSocket('udp4');

  async start(): Promise<string> {
    this.#socket.on('message', (query, from) =>
      this.#socket.send(this.#answer(query), from.port, from.address),
    );
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer {
    const end = query.indexOf(0, 12);
    const isV6 = query.readUInt16BE(end + 1) === 28;
    const labels: string[] = [];
    for (let at = 12; at < end; at += (query[at] ?? 0) + 1)
      labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${isV6 ? 'AAAA' : 'A'} ${name}`);
    const zone = this.zones.get(name);
    const addresses = (isV6 ? zone?.aaaa : zone?.a) ?? [];
    const code = zone === undefined ? 3 : zone.fails === true ? 2 : 0;
    const head = Buffer.from([
      query[0] ?? 0,
      query[1] ?? 0,
      0x81,
      0x80 | code,
      0,
      1,
      0,
      addresses.length,
      0,
      0,
      0,
      0,
    ]);
    const records = addresses.map((address) => {
      const data = isV6 ? v6Bytes(address) : Buffer.from(address.split('.').map(Number));
      const record = Buffer.from([0xc0, 0x0c, 0, isV6 ? 28 : 1, 0, 1, 0, 0, 0, 0, 0, data.length]);
      record.writeUInt32BE(zone?.ttl ?? 60, 6);
      return Buffer.concat([record, data]);
    });
    return Buffer.concat([head, query.subarray(12, end + 5), ...records]);
  }
}

/** Of an address that is written with `::` once. */
function v6Bytes(address: string): Buffer {
  const [before = '', after = ''] = address.split('::');
  const words = (text: string) =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [low, high] = [words(before), words(after)];
  const all = [...low, ...Array.from({ length: 8 - low.length - high.length }, () => 0), ...high];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

async function setUp(t: Test, hosts = '') {
  const server = new NameServer();
  const address = await server.start();
  t.teardown(() => server.close());
  const clock = new HandClock();
  const hostsFile = join(temporaryFolder(t), 'hosts');
  writeFileSync(hostsFile, hosts);
  const published: [number, string[]][] = [];
  const told: string[] = [];
  const settings = {
    servers: [address],
    timeoutMs: 1000,
    ttlSecondsMin: 1,
    ttlSecondsMax: 300,
    retrySeconds: 5,
  };
  const resolver = new NameResolver(settings, {
    clock,
    hosts: new HostsFile(hostsFile),
    nameServers: systemNameServers(settings),
    forbidden: [{ host: '127.0.0.1', port: 9901 }],
    publish: (id, addresses) => published.push([id, addresses]),
    tell: (line) => told.push(line),
  });
  t.teardown(() => resolver.close());
  return { server, clock, resolver, published, told, hostsFile };
}

const name = (id: number, host: string, over: Partial<ResolverName> = {}): ResolverName => ({
  id,
  host,
  port: 80,
  family: 'any',
  ...over,
});

t.test('both families are asked for, once per name, IPv6 first', async (t) => {
  const { server, resolver, published } = await setUp(t);
  server.zones.set('o.test', { a: ['192.0.2.2', '192.0.2.1'], aaaa: ['2001:db8::1'] });
  await resolver.follow([
    name(1, 'o.test'),
    name(2, 'o.test', { family: 'ipv4' }),
    name(3, 'o.test', { family: 'ipv6' }),
  ]);
  t.same(server.asked.toSorted(), ['A o.test', 'AAAA o.test']);
  t.same(published, [
    [1, ['2001:db8::1', '192.0.2.1', '192.0.2.2']],
    [2, ['192.0.2.1', '192.0.2.2']],
    [3, ['2001:db8::1']],
  ]);
  t.same(resolver.addressesOf(name(2, 'o.test', { family: 'ipv4' })), ['192.0.2.1', '192.0.2.2']);
});

t.test(
  'an answer is asked for again when its time is over; the same one is not published twice',
  async (t) => {
    const { server, clock, resolver, published } = await setUp(t);
    server.zones.set('o.test', { a: ['192.0.2.1'], ttl: 30 });
    await resolver.follow([name(1, 'o.test')]);
    clock.advance(29_999);
    t.equal(server.asked.length, 2);
    clock.advance(1);
    await until(5_000, 'the second question', () => (server.asked.length >= 4 ? true : undefined));
    server.zones.set('o.test', { a: ['192.0.2.9'], ttl: 30 });
    await until(5_000, 'the changed answer', () => {
      clock.advance(30_000);
      return published.length >= 2 ? true : undefined;
    });
    t.same(published, [
      [1, ['192.0.2.1']],
      [1, ['192.0.2.9']],
    ]);
  },
);

t.test('times to live are clamped', async (t) => {
  const { server, clock, resolver } = await setUp(t);
  server.zones.set('short.test', { a: ['192.0.2.1'], ttl: 0 });
  server.zones.set('long.test', { a: ['192.0.2.1'], ttl: 86_400 });
  await resolver.follow([name(1, 'short.test')]);
  t.equal(clock.nextMs, 1000);
  resolver.close();
  await resolver.follow([name(1, 'long.test')]);
  clock.advance(299_999);
  t.equal(server.asked.filter((one) => one === 'A long.test').length, 1);
  clock.advance(1);
  await until(5_000, 'the question after 300 s', () =>
    server.asked.filter((one) => one === 'A long.test').length === 2 ? true : undefined,
  );
});

t.test('the last good addresses are kept while name servers fail', async (t) => {
  const { server, clock, resolver, published, told } = await setUp(t);
  server.zones.set('o.test', { a: ['192.0.2.1'], ttl: 10 });
  await resolver.follow([name(1, 'o.test')]);
  server.zones.set('o.test', { fails: true });
  clock.advance(10_000);
  await until(5_000, 'the failure', () => told[0]);
  t.match(told[0], /o\.test cannot be resolved: its last addresses stay in use/);
  t.same(resolver.addressesOf(name(1, 'o.test')), ['192.0.2.1']);
  t.equal(published.length, 1);
  server.zones.set('o.test', { a: ['192.0.2.2'], ttl: 10 });
  await until(5_000, 'the recovery', () => {
    clock.advance(5_000);
    return told[1];
  });
  t.match(told[1], /resolves again/);
  t.same(resolver.addressesOf(name(1, 'o.test')), ['192.0.2.2']);
});

t.test('a name that does not exist has no addresses, and is told once', async (t) => {
  const { clock, resolver, published, told, server } = await setUp(t);
  await resolver.follow([name(1, 'none.test')]);
  t.match(told, [/none\.test cannot be resolved: requests to it fail/]);
  const before = server.asked.length;
  await until(5_000, 'another question', () => {
    clock.advance(5_000);
    return server.asked.length > before ? true : undefined;
  });
  t.equal(told.length, 1);
  t.same(published, []);
});

t.test('the hosts file comes first, and is read again when it changes', async (t) => {
  const { server, clock, resolver, published, hostsFile } = await setUp(
    t,
    '192.0.2.7 O.test other # comment\n',
  );
  await resolver.follow([name(1, 'o.test')]);
  t.same(published, [[1, ['192.0.2.7']]]);
  t.same(server.asked, []);
  writeFileSync(hostsFile, '192.0.2.8 o.test\n2001:db8::8 o.test\n');
  clock.advance(2000);
  await until(5_000, 'the changed file', () => (published.length === 2 ? true : undefined));
  t.same(published[1], [1, ['2001:db8::8', '192.0.2.8']]);
});

t.test('the address of the admin API is left out', async (t) => {
  const { server, resolver, told } = await setUp(t);
  server.zones.set('o.test', { a: ['127.0.0.1', '192.0.2.1'] });
  const admin = name(1, 'o.test', { port: 9901 });
  await resolver.follow([admin, name(2, 'o.test')]);
  t.same(resolver.addressesOf(admin), ['192.0.2.1']);
  t.same(resolver.addressesOf(name(2, 'o.test')), ['127.0.0.1', '192.0.2.1']);
  t.match(told[0], /address of the admin API, which is left out/);
});

t.test('a name that is let go is not asked for any more', async (t) => {
  const { server, clock, resolver } = await setUp(t);
  server.zones.set('a.test', { a: ['192.0.2.1'], ttl: 1 });
  await resolver.follow([name(1, 'a.test')]);
  await resolver.follow([]);
  const before = server.asked.length;
  clock.advance(100_000);
  t.equal(server.asked.length, before);
  t.same(resolver.addressesOf(name(1, 'a.test')), []);
});

t.test('hosts files have comments, several names, several addresses, and lines that are none', async (t) => {
  const table = parseHosts(
    '# x\n127.0.0.1\tlocalhost LOCAL\n::1 localhost\nnonsense a\n\n127.0.0.1 localhost\n',
  );
  t.same(table.get('localhost'), ['127.0.0.1', '::1']);
  t.same(table.get('local'), ['127.0.0.1']);
  t.equal(table.get('a'), undefined);
});

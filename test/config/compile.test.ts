/** From a config to snapshot and tables: numbers stay with their names, plain data goes to every thread. */
import t from 'tap';
import { type Compiled, compile, type Ids, loadConfig, noIds } from '../../src/config/index.ts';

function build(text: string, before: Ids = noIds): { compiled: Compiled; ids: Ids } {
  const loaded = loadConfig('a.yaml', text);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compile(loaded.config, before, { testFaults: false });
}

const first = `
listeners: [{ address: 127.0.0.1:0 }, { address: 127.0.0.1:0 }, { address: "[::1]:8081", backlog: 7 }]
origins:
  a: { servers: [{ url: http://127.0.0.1:9100 }, { url: http://127.0.0.1:9100 }], host_header: server }
  b: { servers: [{ url: "http://Origin.Example:81", max_connections: 3 }], dns: { family: ipv6 } }
zones:
  - { name: one, hosts: [example.com, "*.example.com"], origin: b }
  - { name: two, hosts: ["*"], origin: a, cache: { mode: "off" } }
trusted_proxies: [10.0.0.0/8]
drainMs: 5
`;

t.test('zones, servers and listeners become tables', async (t) => {
  const { compiled } = build(first);
  t.same(compiled.tables.zones, {
    names: ['one', 'two'],
    keys: [1, 2],
    exact: [['example.com', 0]],
    wildcard: [['example.com', 0]],
    catchAll: 1,
  });
  t.match(compiled.tables.servers, [
    { id: 1, host: '127.0.0.1', port: 9100, addresses: ['127.0.0.1'], maxConnections: 1024 },
    { id: 2, host: '127.0.0.1', addresses: ['127.0.0.1'] },
    {
      id: 3,
      host: 'origin.example',
      port: 81,
      authority: 'origin.example:81',
      addresses: [],
      maxConnections: 3,
    },
  ]);
  t.same(compiled.names, [{ id: 3, origin: 'b', host: 'origin.example', port: 81, family: 'ipv6' }]);
  t.same(
    compiled.listeners.map(({ id, host, port, backlog }) => [id, host, port, backlog]),
    [
      [1, '127.0.0.1', 0, 4096],
      [2, '127.0.0.1', 0, 4096],
      [3, '::1', 8081, 7],
    ],
  );
  t.equal(compiled.tables.timeouts.drainMs, 5);
});

t.test('the snapshot refers to origins and servers by number', async (t) => {
  const { policy } = build(first).compiled;
  t.equal(policy.id, 1);
  t.same(
    policy.zones.map(({ name, key, origin }) => [name, key, origin]),
    [
      ['one', 1, 1],
      ['two', 2, 0],
    ],
  );
  t.same(policy.origins[0]?.servers, [
    { id: 1, hostHeader: '127.0.0.1:9100' },
    { id: 2, hostHeader: '127.0.0.1:9100' },
  ]);
  t.same(policy.origins[1]?.servers, [{ id: 3, hostHeader: '' }]);
  t.same(policy.trustedProxies, ['10.0.0.0/8']);
  t.equal(policy.testFaults, false);
});

t.test('numbers stay with their names over a reload, and are never given twice', async (t) => {
  const { ids } = build(first);
  const second = first
    .replace('name: one', 'name: three')
    .replace(':9100 }, {', ':9200 }, {')
    .replace('127.0.0.1:0 }, {', '127.0.0.1:1 }, {');
  const { compiled } = build(second, ids);
  t.same(compiled.tables.zones.keys, [3, 2]);
  t.same(
    compiled.tables.servers.map(({ id }) => id),
    [4, 1, 3],
  );
  t.same(
    compiled.listeners.map(({ id }) => id),
    [4, 1, 3],
  );
  t.equal(compiled.policy.id, 2);
  t.equal(ids.snapshot, 1, 'the numbers before are as they were');
});

t.test('what goes to the threads is plain data', async (t) => {
  const { compiled } = build(first);
  t.same(structuredClone(compiled), compiled);
});

t.test('many zones compile fast enough to reload', async (t) => {
  const zones = Array.from(
    { length: 20_000 },
    (_, n) => `  - { name: z${n}, hosts: [h${n}.example], origin: a }`,
  );
  const { compiled } = build(
    `listeners: [{ address: 127.0.0.1:0 }]\norigins: { a: { servers: [{ url: http://127.0.0.1:1 }] } }\nzones:\n${zones.join('\n')}\n`,
  );
  t.equal(compiled.tables.zones.exact.length, 20_000);
});

import t from 'tap';
import { noIds } from '../../src/config/index.ts';
import { type Configuration, readConfiguration } from '../../src/control/configuration.ts';
import { type PurgeBinding, purge, purgeChangedZones, purgeGroup } from '../../src/control/purge.ts';

const text = (zones: string) => `
listeners: [{ address: 127.0.0.1:0 }]
origins: { o: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones:
${zones}`;
const one = `  - { name: shop, hosts: [shop.test, "*.shop.test"], origin: o }\n`;
const two = `  - name: moved
    hosts: [moved.test]
    origin: o
    rules:
      http_request_transform:
        - { ref: r, expression: "true", action: rewrite, action_parameters: { uri: { path: { value: /new } } } }
`;

function configuration(zones = one + two, before?: Configuration): Configuration {
  const read = readConfiguration('p.yaml', text(zones), before?.ids ?? noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  return read.configuration;
}

function fake(answer = 1) {
  const calls: unknown[][] = [];
  const lines: string[] = [];
  const binding: PurgeBinding = {
    storePurge: (key, soft) => {
      calls.push(['url', Buffer.from(key).toString('latin1', 4), soft]);
      return answer;
    },
    storePurgeGroup: (group, zone, bytes, soft) => {
      calls.push([group, zone, Buffer.from(bytes).toString('latin1'), soft]);
      return answer < 0 ? answer : 0;
    },
    storePurgeAll: (soft) => {
      calls.push(['all', soft]);
      return answer;
    },
  };
  const nowMs = 1_800_000_000_000;
  const ask = (request: Parameters<typeof purge>[2]) =>
    purge(binding, configuration(), request, { by: 'somebody', nowMs, tell: (line) => lines.push(line) });
  return { calls, lines, ask, binding };
}

t.test('groups are purged in the zone that has them', async (t) => {
  const { calls, lines, ask } = fake();
  const [shop] = configuration().compiled.tables.zones.keys;
  t.same(ask({ what: 'tag', values: ['a', 'b'], soft: false }), { ok: true, value: { purged: null } });
  ask({ what: 'tag', values: ['a'], zone: 'shop', soft: true });
  ask({ what: 'host', values: ['www.shop.test'], soft: false });
  ask({ what: 'prefix', values: ['shop.test/a'], soft: false });
  ask({ what: 'all', values: [], zone: 'shop', soft: false });
  t.same(ask({ what: 'all', values: [], soft: true }), { ok: true, value: { purged: 1 } });
  t.same(calls, [
    [purgeGroup.tag, 0xffff_ffff, 'a', false],
    [purgeGroup.tag, 0xffff_ffff, 'b', false],
    [purgeGroup.tag, shop, 'a', true],
    [purgeGroup.host, shop, 'www.shop.test', false],
    [purgeGroup.host, shop, 'www.shop.test.', false],
    [purgeGroup.prefix, shop, 'shop.test/a', false],
    [purgeGroup.prefix, shop, 'shop.test./a', false],
    [purgeGroup.zone, shop, '', false],
    ['all', true],
  ]);
  const when = '2027-01-15T08:00:00.000Z';
  t.same(lines.slice(0, 2), [
    `audit: ${when} purge of tag a, b; by somebody`,
    `audit: ${when} soft purge of tag a in zone shop; by somebody`,
  ]);
  t.equal(lines.at(-1), `audit: ${when} soft purge of everything: 1 stored; by somebody`);
});

t.test('a URL is purged as it is, and as the rules make it', async (t) => {
  const { calls, ask } = fake();
  t.same(ask({ what: 'url', values: ['https://shop.test/a?b'], soft: false }), {
    ok: true,
    value: { purged: 2 },
  });
  t.same(ask({ what: 'url', values: ['http://moved.test/old'], soft: false }), {
    ok: true,
    value: { purged: 4 },
  });
  t.same(calls, [
    ['url', 'sshop.test\0/a?b', false],
    ['url', 'sshop.test.\0/a?b', false],
    ['url', 'hmoved.test\0/old', false],
    ['url', 'hmoved.test.\0/old', false],
    ['url', 'hmoved.test\0/new', false],
    ['url', 'hmoved.test.\0/new', false],
  ]);
});

t.test('a URL is purged under the key that settings of its zone make of it', async (t) => {
  const { calls, binding } = fake();
  const settings = 'cache: { cache_key: { custom_key: { query_string: { exclude: { list: [utm] } } } } }';
  const source = text(one.replace('origin: o }', `origin: o, ${settings} }`));
  const read = readConfiguration('p.yaml', source, noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  const audit = { by: '', nowMs: 0, tell: () => {} };
  purge(
    binding,
    read.configuration,
    { what: 'url', values: ['http://shop.test/a?utm=1&b=2'], soft: false },
    audit,
  );
  t.same(
    calls.map(([, key]) => key),
    ['hshop.test\0/a?utm=1&b=2', 'hshop.test.\0/a?utm=1&b=2', 'hshop.test\0/a?b=2', 'hshop.test.\0/a?b=2'],
  );
});

t.test('a host with a dot at its end is the same host', async (t) => {
  const { calls, ask } = fake();
  const [shop] = configuration().compiled.tables.zones.keys;
  ask({ what: 'host', values: ['shop.test.'], soft: false });
  ask({ what: 'url', values: ['http://SHOP.test.:81/a'], soft: false });
  t.same(calls, [
    [purgeGroup.host, shop, 'shop.test', false],
    [purgeGroup.host, shop, 'shop.test.', false],
    ['url', 'hshop.test:81\0/a', false],
    ['url', 'hshop.test.:81\0/a', false],
  ]);
});

t.test('a host is also purged as the origin gets it, which a key may have', async (t) => {
  const { calls, binding } = fake();
  const source = text(one).replace('9100 }] }', '9100 }], host_header: Inner.test:81 }');
  const read = readConfiguration('p.yaml', source, noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  const audit = { by: '', nowMs: 0, tell: () => {} };
  purge(binding, read.configuration, { what: 'prefix', values: ['shop.test/a'], soft: false }, audit);
  t.same(
    calls.map(([, , value]) => value),
    ['shop.test/a', 'shop.test./a', 'inner.test/a', 'inner.test./a'],
  );
});

t.test('nothing is purged unless all of it can be', async (t) => {
  const { calls, lines, ask } = fake();
  for (const [request, status, detail] of [
    [{ what: 'url', values: ['http://shop.test/', 'shop.test/'] }, 400, /not an absolute/],
    [{ what: 'host', values: ['shop.test', 'none.test'] }, 422, /No zone has the host none\.test/],
    [{ what: 'tag', values: ['a'], zone: 'none' }, 422, /no zone "none"/],
    [{ what: 'prefix', values: ['shop.test/a'], zone: 'moved' }, 422, /belongs to the zone "shop", not/],
  ] as const)
    t.match(ask({ soft: false, ...request }), { ok: false, problem: { status, detail } });
  t.same([calls, lines], [[], []]);
});

t.test('a store that can count no further says so', async (t) => {
  for (const request of [
    { what: 'all', values: [] },
    { what: 'tag', values: ['a'] },
    { what: 'url', values: ['http://shop.test/'] },
  ] as const)
    t.match(fake(-1).ask({ soft: false, ...request }), { ok: false, problem: { status: 503 } });
});

t.test('zones that come or go with a reload are purged', async (t) => {
  const before = configuration(one);
  const after = configuration(two, before);
  const { calls, binding } = fake();
  purgeChangedZones(binding, before, before);
  t.same(calls, []);
  purgeChangedZones(binding, before, after);
  const keys = [before, after].flatMap(({ compiled }) => compiled.tables.zones.keys);
  t.same(
    calls.map(([group, zone]) => [group, zone]),
    keys.map((key) => [purgeGroup.zone, key]),
  );
});

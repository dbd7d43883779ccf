/** What a config is after reading: defaults, units, paths. */
import { resolve } from 'node:path';
import t from 'tap';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { configFolder } from '../../src/lib/config-folder.ts';

function load(file: string, text: string): Config {
  const loaded = loadConfig(file, text);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

const small = `
listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones: [{ name: site, hosts: ["*"], origin: site }]
`;

t.test('what is left out has its default', async (t) => {
  const config = load('a.yaml', small);
  t.equal(config.limits.bodyBytesMax, 4 * 1024 ** 3);
  t.equal(config.timeouts.headMs, 10_000);
  t.equal(config.origins['site']?.servers[0]?.max_connections, 1024);
  t.equal(config.zones[0]?.cache.mode, 'standard');
  t.equal(config.drainMs, 30_000);
  t.equal(config.admin, undefined);
  t.equal(config.workers, undefined);
});

t.test('bytes take units, JSON is YAML too, and two configs share nothing', async (t) => {
  const json = JSON.stringify({
    listeners: [{ address: '[::1]:0' }],
    origins: { site: { servers: [{ url: 'http://[::1]:9100' }] } },
    zones: [{ name: 'site', hosts: ['*'], origin: 'site' }],
    limits: { bodyBytesMax: '5 MiB', headBytesMax: 4096, targetBytesMax: '1KiB' },
  });
  const config = load('a.json', json);
  t.equal(config.limits.bodyBytesMax, 5 * 1024 ** 2);
  t.equal(config.limits.headBytesMax, 4096);
  t.not(config.zones[0]?.cache, load('a.json', json).zones[0]?.cache);
});

t.test('relative paths start at the folder of the config', async (t) => {
  t.equal(load('etc/a.yaml', small).logs.directory, resolve('etc/var/log'));
  t.equal(load('/etc/parapet/a.yaml', `${small}logs: { directory: ../x }`).logs.directory, '/etc/x');
});

t.test('a config that comes through a descriptor has no folder', async (t) => {
  t.equal(configFolder('/etc/parapet/parapet.yaml', '/srv'), '/etc/parapet');
  t.equal(configFolder('conf/parapet.yaml', '/srv'), '/srv/conf');
  for (const file of ['/dev/fd/63', '/proc/self/fd/3', '/dev/stdin'])
    t.equal(configFolder(file, '/srv'), '/srv');
});

t.test('a key named like a property of every object is an unknown key', async (t) => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const loaded = loadConfig('a.yaml', `${small}${key}: { a: 1 }\n`);
    t.notOk(loaded.ok, key);
  }
});

t.test('a filter of Logpush is a mapping or its JSON text', async (t) => {
  const filterOf = (filter: string) =>
    load(
      'a.yaml',
      `${small}logs: { jobs: [{ name: a, destination: { type: file, path: x }, filter: ${filter} }] }`,
    ).logs.jobs[0]?.filter;
  const mapping = '{ where: { or: [{ key: EdgeResponseStatus, operator: geq, value: 500 }] } }';
  const json = '{"where":{"or":[{"key":"EdgeResponseStatus","operator":"geq","value":500}]}}';
  t.equal(filterOf(mapping), json);
  t.equal(filterOf(`'${json}'`), json);
  t.equal(filterOf('EdgeResponseStatus ge 500'), 'EdgeResponseStatus ge 500');
  t.throws(() => filterOf('[EdgeResponseStatus]'), /filter cannot be a list/);
  t.throws(() => filterOf('{ were: {} }'), /no filter of Logpush: it has no/);
  t.throws(() => filterOf('{ where: { key: Edge, operator: eq, value: 1 } }'), /Edge/);
});

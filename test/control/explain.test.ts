import t from 'tap';
import { noIds } from '../../src/config/index.ts';
import { keysThatNeedRestart } from '../../src/control/configuration.ts';
import { explain, formatExplained, readConfiguration } from '../../src/control/index.ts';

const text = `
listeners: [{ address: 127.0.0.1:0 }]
origins:
  app: { servers: [{ url: http://127.0.0.1:9100 }, { url: http://app.example:81 }], host_header: server }
  files: { servers: [{ url: http://127.0.0.1:9200 }] }
zones:
  - { name: app, hosts: [app.test, "*.app.test"], origin: app }
  - { name: files, hosts: [files.test], origin: files, cache: { mode: cdn } }
  - { name: plain, hosts: [plain.test], origin: files, cache: { mode: "off" } }
`;

function configuration(source = text) {
  const read = readConfiguration('p.yaml', source, noIds, false);
  if (!read.ok) throw new Error(read.diagnostics);
  return read.configuration;
}

const ask = (method: string, url: string, fields: [string, string][] = []) => {
  const phases = explain(configuration(), { method, url, fields, ip: '192.0.2.1' }, 1_800_000_000_000);
  return typeof phases === 'string' ? phases : formatExplained(phases);
};

t.test('a request is followed through its phases', async (t) => {
  t.equal(
    ask('GET', 'http://www.app.test:8080/a?b', [
      ['x-forwarded-host', 'other'],
      ['x-forwarded-scheme', 'https'],
      ['accept', '*/*'],
    ]),
    [
      'door    goes on',
      '        method: GET',
      '        ip: 192.0.2.1',
      'zone    app',
      '        host: www.app.test',
      '        hosts: app.test, *.app.test',
      'cache   looked up under the key; fetched and perhaps stored where there is nothing fresh',
      '        mode: standard',
      '        key: zone=app scheme=http host=www.app.test:8080 target=/a?b x-forwarded-host=other',
      'origin  app',
      '        balance: round_robin',
      '        server: url=http://127.0.0.1:9100 host=127.0.0.1:9100',
      '        server: url=http://app.example:81 host=app.example:81',
      '        target: /a?b',
      '',
    ].join('\n'),
  );
});

t.test('what ends it is told', async (t) => {
  t.match(ask('TRACE', 'http://app.test/'), /^door +answered with 405/);
  t.match(ask('GET', 'http://other.test/'), /zone +answered with 421/);
  t.match(ask('GET', 'nonsense'), /is not an absolute http or https URL/);
  t.match(ask('POST', 'http://app.test/'), /cache +not looked up: POST is not stored/);
  t.match(ask('GET', 'http://plain.test/'), /cache +not looked up: caching is off/);
  t.match(ask('GET', 'http://files.test/page.html'), /not looked up: the extension/);
  t.match(ask('GET', 'http://files.test/a.CSS'), /looked up under the key/);
  t.match(ask('GET', 'http://files.test/robots.txt'), /looked up under the key/);
});

t.test('keys that are read once are named when they change', async (t) => {
  const before = configuration().config;
  t.same(keysThatNeedRestart(before, configuration().config), []);
  const after = configuration(
    `${text}workers: 3\nuser: nobody\nstore: { bytesMax: 512MiB }\nlimits: { fieldsMax: 5 }\n`,
  ).config;
  t.same(keysThatNeedRestart(before, after), ['workers', 'user', 'store.bytesMax']);
  const overHttp = JSON.parse(JSON.stringify(before)) as typeof before;
  t.same(keysThatNeedRestart(overHttp, before), []);
});

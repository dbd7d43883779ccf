/** Keys that stand in the wrong place, and words of other proxies: what is told of each. */
import t from 'tap';
import { formatDiagnostics, loadConfig } from '../../src/config/index.ts';

const good = `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones: [{ name: site, hosts: ["*"], origin: site }]
`;

t.test('a key that is not known where it stands', async (t) => {
  const rows: [text: string, told: RegExp][] = [
    ['upstreams: {}\n', /unknown key "upstreams"\n[^]*= expected: origins\n/],
    ['gzip: on\n', /unknown key "gzip": there is nothing like it yet in this version\n/],
    ['hosts: [a]\n', /unknown key "hosts": it is a key of zones\[\]\n/],
    ['ringBytes: 1MiB\n', /unknown key "ringBytes": it is a key of logs\n/],
    ['error_page: {}\n', /did you mean "error_pages"\?/],
    ['serverheader: pass\n', /did you mean "server_header"\?/],
    ['banana: 1\n', /unknown key "banana"\n[^]*expected: one of listeners, origins, zones/],
  ];
  for (const [text, told] of rows) {
    const loaded = loadConfig('p.yaml', good + text);
    t.match(loaded.ok ? '' : formatDiagnostics(loaded.faults), told, text);
  }
});

t.test('a key of the top within a section', async (t) => {
  const loaded = loadConfig('p.yaml', good.replace('origin: site }', 'origin: site, lists: {} }'));
  const told = loaded.ok ? '' : formatDiagnostics(loaded.faults);
  t.match(told, /unknown key "lists" in zones\[0\]: it is a key of the top of the config\n/);
});

t.test('hosts as nginx writes them', async (t) => {
  for (const [host, meant] of [
    ['_', '*'] as const,
    ['.example.com', '*.example.com'] as const,
    ['https://Example.com:80/', 'example.com'] as const,
  ]) {
    const loaded = loadConfig('p.yaml', good.replace('"*"', `"${host}"`));
    const told = loaded.ok ? '' : formatDiagnostics(loaded.faults);
    t.ok(told.includes('cannot be a host') && told.includes(`did you mean "${meant}"?`), host);
  }
});

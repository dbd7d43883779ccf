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

/** `error_pages`: files and texts become pages of the engine, and every fault has its place. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigFiles, formatDiagnostics, loadConfig } from '../../src/config/index.ts';
import { splitPage } from '../../src/config/pages.ts';
import { temporaryFolder } from '../support/temp.ts';

const base = `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
`;
const zones = 'zones: [{ name: site, hosts: ["*"], origin: site }]\n';

function load(t: Test, text: string, files: Record<string, string | Buffer> = {}) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'pages'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return { folder, loaded: loadConfig(join(folder, 'p.yaml'), text) };
}

t.test('texts and placeholders take turns', async (t) => {
  t.same(splitPage('plain'), { parts: ['plain'] });
  t.same(splitPage('{{status}}: {{ ray_id }}.'), { parts: ['', 'status', ': ', 'ray_id', '.'] });
  t.match(splitPage('a {{ rayid }}'), { unknown: { name: 'rayid', at: 2, length: 11 } });
  t.same(splitPage('body{{}} {{ {a} }}'), { parts: ['body{{}} {{ {a} }}'] }, 'braces alone are text');
});

t.test('pages by status, class and default, of all zones and of one', async (t) => {
  const text = `${base}zones:
  - { name: site, hosts: ["*"], origin: site, error_pages: { 404: { file: pages/lost.html } } }
error_pages:
  404: { file: pages/lost.html }
  5xx: { content: "sorry {{ray_id}}", content_type: text/plain }
  default: { content: '{"status":{{status}}}', content_type: application/problem+json }
`;
  const { loaded } = load(t, text, { 'pages/lost.html': '<p>{{reason}}' });
  t.match(loaded, {
    ok: true,
    pages: {
      pages: [
        { contentType: 'text/html; charset=utf-8', parts: ['<p>', 'reason', ''] },
        { contentType: 'text/plain', parts: ['sorry ', 'ray_id', ''] },
        { contentType: 'application/problem+json' },
      ],
    },
  });
  // Keys that are numbers come first; a page that is used twice is there once.
  t.same(loaded.ok && loaded.pages.choices, [
    [-1, 404, 0],
    [-1, 5, 1],
    [-1, 0, 2],
    [0, 404, 0],
  ]);
});

t.test('every fault has its place', async (t) => {
  const rows: [pages: string, fault: RegExp][] = [
    ['200: { content: a }', /p\.yaml:4:16: error: "200" is no status of an error[^]*4xx, 5xx or default/],
    ['404: {}', /4:21: error: a page without file or content/],
    ['404: { content: a, file: b }', /a page with both file and content/],
    ['404: { file: none.html }', /4:29: error: \S+none\.html cannot be used: there is no such file/],
    ['404: { file: pages }', /cannot be used: it is no regular file|ending of/],
    ['404: { file: a.bin }', /the ending of \S+a\.bin stands for no type[^]*content_type/],
    ['404: { file: latin.txt }', /latin\.txt cannot be used: it is not UTF-8/],
    ['404: { file: large.html }', /it has 65537 bytes, at most 65536 are allowed/],
    [
      '404: { content: "{{rayid}}" }',
      /4:32: error: there is no placeholder "rayid"[^]*did you mean "ray_id"/,
    ],
    [
      '404: { file: typo.html }',
      /typo\.html:2:3: error: there is no placeholder "stat"\n +2 \| {3}\{\{stat\}\}/,
    ],
    ['404: { content: a, content_type: "a/b\\r\\nx: y" }', /content_type cannot be[^]*a media type such as/],
    ['404: { text: a }', /unknown key "text" in error_pages\.404/],
  ];
  const files = {
    'a.bin': 'x',
    'latin.txt': Buffer.from([0xe4]),
    'large.html': 'x'.repeat(65_537),
    'typo.html': 'a\n  {{stat}}',
  };
  for (const [pages, fault] of rows) {
    const { loaded } = load(t, `${base}${zones}error_pages: { ${pages} }\n`, files);
    t.match(loaded.ok ? '' : formatDiagnostics(loaded.faults), fault, pages);
  }
});

t.test('what was read once stands in for the file', async (t) => {
  const files = new ConfigFiles([['/none/a.html', Buffer.from('kept')]]);
  const loaded = loadConfig('/none/p.yaml', `${base}${zones}error_pages: { 404: { file: a.html } }\n`, files);
  t.match(loaded, { ok: true, pages: { pages: [{ parts: ['kept'] }] } });
});

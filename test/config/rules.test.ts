/** What is told of rules and lists: every fault with its place in the expression, however YAML writes it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatDiagnostics, loadConfig } from '../../src/config/index.ts';
import { temporaryFolder } from '../support/temp.ts';

const head = `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
`;
const zone = `zones:
  - name: site
    hosts: ["*"]
    origin: site
    rules:
`;

function load(text: string, file = 'p.yaml') {
  return loadConfig(file, `${head}${text}`);
}

/** Each fault: line of the rules below their section, what is underlined, what is said. */
function faultsIn(rules: string): string[] {
  const text = `${zone}${rules}`;
  const loaded = load(text);
  const first = `${head}${zone}`.split('\n').length;
  const faults = loaded.ok ? loaded.warnings : loaded.faults;
  return faults
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, length, source, message }) => {
      const underlined = source.slice(column - 1, column - 1 + length);
      return `${line - first}: ${underlined}: ${message}`;
    });
}

const custom = (expression: string, action = 'block') =>
  `      http_request_firewall_custom:\n        - expression: ${expression}\n          action: ${action}\n`;

t.test('a fault is underlined within its expression, whatever the style of the text', async (t) => {
  const unknown = 'unknown field "http.hots"';
  const styles = [
    ['http.host eq "a" and http.hots eq "b"', 1],
    [`'http.host eq "it''s" and http.hots eq "b"'`, 1],
    ['"http.host eq \\"\\u00e4\\x41\\" and http.hots eq \\"b\\""', 1],
    ['"http.host eq \\"a\\" and\\\n            \\ http.hots eq \\"b\\""', 2],
    ['"http.host eq \\"a\\"\n            and http.hots eq \\"b\\""', 2],
    ['http.host eq "a"\n            and http.hots\n            eq "b"', 2],
    ['|\n            http.host eq "a"\n              and http.hots eq "b"', 3],
    ['|-\n            http.host eq "a"\n\n            and http.hots eq "b"', 4],
    ['>\n            http.host eq "a"\n            and http.hots eq "b"', 3],
    ['>- # a comment\n            http.host eq "a"\n\n            and http.hots eq "b"', 4],
    ['&it http.host eq "a" and http.hots eq "b"', 1],
  ] as const;
  for (const [style, line] of styles)
    t.same(faultsIn(custom(style)), [`${line}: http.hots: ${unknown}`], style);
});

t.test('every fault is told at once, of shape and of language', async (t) => {
  t.same(
    faultsIn(`      http_request_dynamic_redirect:
        - expression: not ssl
          action: redirect
          action_parameters: { from_value: { target_url: { expression: 'concat("https://", http.hst)' }, status_code: 304 } }
        - { expression: ssl, action: redirect, action_parameters: { from_value: { target_url: {} } } }
      http_request_firewall_custom:
        - { expression: ssl, action: blok }
        - { expression: ssl, action: managed_challenge }
        - { expression: ssl, action: redirect }
        - { expression: ssl == true, action: block }
        - { expression: 'ip.src in $nowhere', action: log }
        - { expression: 'cf.waf.score lt 5', action: log }
        - { expression: ssl, action: block, action_parameters: { response: { status_code: 503 } } }
        - { expression: ssl, action: skip, action_parameters: { phases: [http_ratelimit, http_request_late_transform] } }
        - { expression: ssl, action: skip, action_parameters: {} }
        - { expression: ssl, action: skip, action_parameters: { products: [waf] } }
        - { expression: ssl, action: log, ratelimit: {} }
      http_config_settings: []
      http_request_firewall_costum: []
`),
    [
      '3: http.hst: unknown field "http.hst"',
      '3: 304: 304 is no redirect',
      '4: {}: nothing says what it becomes',
      '6: blok: zones[0].rules.http_request_firewall_custom[0].action cannot be "blok"',
      '7: managed_challenge: the action "managed_challenge" is not available yet in this version',
      '8: redirect: the action "redirect" cannot stand in http_request_firewall_custom',
      '9: ==: a Bool stands on its own, and takes no "eq"',
      '10: $nowhere: unknown list "$nowhere"',
      '11: cf.waf.score: the field "cf.waf.score" is not available yet',
      '12: 503: zones[0].rules.http_request_firewall_custom[6].action_parameters.response.status_code cannot be 503',
      '13: http_ratelimit: the phase "http_ratelimit" is not available yet in this version',
      '14: {}: a skip that skips nothing',
      '15: products: "products" is not available yet in this version (zones[0].rules.http_request_firewall_custom[9].action_parameters.products)',
      '16: ratelimit: "ratelimit" is not available yet in this version (zones[0].rules.http_request_firewall_custom[10].ratelimit)',
      '17: http_config_settings: "http_config_settings" is not available yet in this version (zones[0].rules.http_config_settings)',
      '18: http_request_firewall_costum: unknown key "http_request_firewall_costum" in zones[0].rules',
    ],
  );
});

t.test('fields that a rule must not change, and values that are none', async (t) => {
  const rewrite = (phase: string, headers: string) =>
    faultsIn(`      ${phase}:
        - expression: true
          action: rewrite
          action_parameters:
            headers:
              ${headers}
`).map((fault) => fault.replace(/^\d+: /, ''));
  const set = '{ operation: set, value: x }';
  for (const name of ['Connection', 'transfer-encoding', 'Content-Length', 'upgrade'])
    t.match(
      rewrite('http_request_late_transform', `${name}: ${set}`).join('\n'),
      /belongs to one connection/,
    );
  for (const name of ['Via', 'parapet-ray', 'X-Forwarded-For', 'forwarded'])
    t.match(rewrite('http_request_late_transform', `${name}: ${set}`).join('\n'), /the proxy writes/);
  t.match(rewrite('http_request_late_transform', `Host: ${set}`).join('\n'), /^Host: .*host_header/);
  t.same(rewrite('http_response_headers_transform', `Host: ${set}`), []);
  t.match(rewrite('http_response_headers_transform', `Age: ${set}`).join('\n'), /the proxy writes age/);
  t.match(
    rewrite('http_request_late_transform', `"a b": ${set}`).join('\n'),
    /cannot be the name of a field/,
  );
  t.match(rewrite('http_request_late_transform', `"x\\r\\ny": ${set}`).join('\n'), /cannot be the name/);
  t.match(
    rewrite('http_request_late_transform', 'x: { operation: set, value: "a\\r\\nb: c" }').join('\n'),
    /control character/,
  );
  t.match(
    rewrite('http_request_late_transform', 'x: { operation: add, value: a, expression: http.host }').join(
      '\n',
    ),
    /a value and an expression/,
  );
  t.match(
    rewrite('http_request_late_transform', `x: ${set}\n              X: ${set}`).join('\n'),
    /stands here twice/,
  );
  t.match(rewrite('http_request_late_transform', 'x: { operation: drop }').join('\n'), /operation cannot be/);
  for (const name of ['__proto__', 'constructor', 'toString'])
    t.same(rewrite('http_request_late_transform', `${name}: ${set}`), [], name);
});

t.test('rewrites of the URI', async (t) => {
  const rewrite = (uri: string) =>
    faultsIn(`      http_request_transform:
        - expression: true
          action: rewrite
          action_parameters: { uri: ${uri} }
`).map((fault) => fault.replace(/^\d+: /, ''));
  t.same(rewrite('{ path: { value: /a }, query: { value: "" } }'), []);
  t.same(rewrite('{}'), ['{}: nothing is rewritten']);
  t.same(rewrite('{ path: { value: a } }'), ['a: the path "a" has no slash at its start']);
  t.same(rewrite('{ path: { value: "/a?b" } }'), ['"/a?b": a path with a query or a fragment']);
  t.same(rewrite('{ query: { value: "?a" } }'), ['"?a": a query is written without its "?"']);
});

t.test('names stand once in a phase; warnings refuse nothing', async (t) => {
  const rule = (ref: string, expression: string, action = 'block') =>
    `        - { ref: "${ref}", expression: '${expression}', action: ${action} }\n`;
  const phase = '      http_request_firewall_custom:\n';
  t.same(faultsIn(`${phase}${rule('a', 'ssl')}${rule('b', 'ssl')}${rule('a', 'ssl')}`), [
    '3: "a": the name "a" is taken by http_request_firewall_custom[0]',
  ]);
  t.same(faultsIn(`${phase}${rule('__proto__', 'ssl')}${rule('constructor', 'ssl')}`), []);
  const text = `${head}${zone}${phase}${rule('a', 'true')}${rule('b', 'cf.edge.server_port eq 017', 'log')}`;
  const loaded = loadConfig('p.yaml', text);
  t.equal(loaded.ok, true);
  if (!loaded.ok) return;
  const told = formatDiagnostics(loaded.warnings);
  t.match(
    told,
    /p\.yaml:10:\d+: warning: never reached: http_request_firewall_custom\[0\] takes every request/,
  );
  t.match(told, /warning: .*octal/);
  t.match(told, /\n2 warnings\n$/);
  t.equal(loaded.rules.zones[0]?.rules.length, 2);
});

t.test('lists: items, files, names', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'p.yaml');
  writeFileSync(join(folder, 'bad.txt'), '# all of them\n10.0.0.0/8\n192.0.2.1 # one\n\n  300.1.1.1\r\n');
  writeFileSync(join(folder, 'good.txt'), '10.0.0.0/8\n2001:db8::/32 # doc\n');
  const rules = `${zone}${custom('ip.src in $net or http.host in $__proto__', 'log')}`;
  const lists = (net: string, more = '') =>
    load(`${rules}lists:\n  net: ${net}\n  __proto__: { kind: string, items: [a, "b#c"] }\n${more}`, file);
  t.equal(lists('{ kind: ip, items: [192.0.2.0/24], file: good.txt }').ok, true);
  const faults = (loaded: ReturnType<typeof load>) => (loaded.ok ? 'none' : formatDiagnostics(loaded.faults));
  t.match(faults(lists('{ kind: ip, file: bad.txt }')), /bad\.txt:5:3: error: "300\.1\.1\.1" is no address/);
  t.match(faults(lists('{ kind: ip, file: none.txt }')), /none\.txt cannot be used: there is no such file/);
  t.match(faults(lists('{ kind: ip, items: [10.0.0.1/8] }')), /10\.0\.0\.1\/8/);
  t.match(faults(lists('{ kind: addresses }')), /one of ip, string, integer/);
  t.match(
    faults(lists('{ kind: ip }', '  Upper: { kind: string }\n  .dot: { kind: string }\n')),
    /"Upper" cannot be the name[^]*"\.dot" cannot be the name/,
  );
  t.match(faults(lists('{ kind: integer, items: [1, x] }')), /"x"/);
});

t.test('rules of all zones are checked as those of one', async (t) => {
  const zones = 'zones: [{ name: site, hosts: ["*"], origin: site }]\n';
  const loaded = load(`${zones}rules:\n  http_request_transform: [{ expression: http.hots, action: log }]\n`);
  t.equal(loaded.ok, false);
  const good = load(`${zones}rules:\n  http_request_firewall_custom: [{ expression: ssl, action: log }]\n`);
  t.equal(good.ok && good.rules.shared?.rules.length, 1);
});

t.test('the target of a redirect is a URL or a path, and has no variables', async (t) => {
  const redirect = (target: string) =>
    `      http_request_dynamic_redirect:\n        - expression: ssl\n          action: redirect\n          action_parameters: { from_value: { target_url: ${target} } }\n`;
  for (const value of ['www.example.com', 'javascript:alert(1)', 'http.host', 'https://'])
    t.match(faultsIn(redirect(`{ value: "${value}" }`)), [/is no URL$/], value);
  for (const value of ['https://$host$request_uri', 'https://{host}{uri}', 'https://%{HTTP_HOST}/'])
    t.match(faultsIn(redirect(`{ value: "${value}" }`)), [/no variables in it$/], value);
  for (const value of ['/new', 'https://example.com', 'http://a.example/$1'])
    t.same(faultsIn(redirect(`{ value: "${value}" }`)), [], value);
  const loaded = load(`${zone}${redirect('/new')}`);
  t.match(loaded.ok ? [] : loaded.faults, [{ expected: 'a mapping with value, expression' }]);
});

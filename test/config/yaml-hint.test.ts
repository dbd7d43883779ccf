/** Mistakes with YAML itself: the place, and how it is written instead. */
import t from 'tap';
import { type Diagnostic, loadConfig } from '../../src/config/index.ts';

const site = (hosts: string, expression: string) => `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones:
  - name: site
    hosts: ${hosts}
    origin: site
    rules:
      http_request_firewall_custom:
        - ${expression}
          action: block
`;

function faultsOf(text: string): Diagnostic[] {
  const loaded = loadConfig('p.yaml', text);
  return loaded.ok ? [] : loaded.faults;
}

t.test('a host with an asterisk and no quotes', async (t) => {
  const [fault, ...others] = faultsOf(site('[a.example, *.example.com]', 'expression: ssl'));
  t.match(fault, { line: 5, column: 24, length: 13, hint: 'write it in quotes: "*.example.com"' });
  t.same(others, []);
  t.match(faultsOf(site('[*]', 'expression: ssl'))[0], { line: 5, hint: /in quotes: "\*"/ });
});

t.test('an expression that YAML reads as something else', async (t) => {
  const rows: [expression: string, column: number, hint: RegExp][] = [
    ['expression: !ssl', 23, /"not" does the same/],
    ['expression: "/x" in http.request.uri.path', 28, /whole in single quotes/],
    ['expression: http.request.uri.path contains "a: b"', 23, /": " in it stands in quotes/],
    ['expression: http.request.uri.path contains "a #b"', 54, /" #" begins a comment/],
  ];
  for (const [expression, column, hint] of rows) {
    const faults = faultsOf(site('["*"]', expression));
    t.match(faults, [{ line: 9, column, hint }], expression);
  }
});

t.test('one fault a line is told of what is no YAML', async (t) => {
  const text = site('["*"]', 'expression: ssl').replace(
    '- expression: ssl',
    '- { expression: http.host in {"a" "b"} }',
  );
  t.equal(faultsOf(text).filter(({ line }) => line === 9).length, 1);
});

t.test('a comment behind a text that is whole changes nothing of what is told', async (t) => {
  const [fault] = faultsOf(site('["*"]', `expression: 'http.hots eq "a"' # here`));
  t.match(fault, { message: 'unknown field "http.hots"', hint: 'did you mean "http.host"?' });
});

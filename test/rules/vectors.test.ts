/** The golden vectors of the specification (rules.md 2.7), as far as their parts are there. */
import t from 'tap';
import { compileSet, requestScheme } from '../../src/rules/compile/index.ts';
import { loadSet } from '../../src/rules/run/index.ts';
import { Bench, compile, isTrue, type Sent } from './support.ts';

const query = (text: string): Sent => ({ target: `/?${text}` });

t.test('expressions over requests', async (t) => {
  const rows: [string, Sent, boolean][] = [
    ['lower(http.host) == "www.cloudflare.com"', { host: 'WWW.cloudflare.com' }, true],
    ['http.request.uri.path wildcard "/A/*"', { target: '/a/x' }, true],
    ['http.request.uri.path strict wildcard "/A/*"', { target: '/a/x' }, false],
    [
      'http.request.full_uri wildcard "https://example.com/a/*"',
      { host: 'example.com', target: '/a/', isTls: true },
      true,
    ],
    [
      'http.request.full_uri wildcard "https://example.com/a/*"',
      { host: 'example.com', target: '/ab/', isTls: true },
      false,
    ],
    ['len(http.request.uri.args["filter"]) >= 0', query('filter='), true],
    ['len(http.request.uri.args["filter"]) >= 0', {}, false],
    ['not len(http.request.uri.args["order"]) >= 0', {}, true],
    [
      'all(len(http.request.uri.args["filter"][*])[*] in {3 4})',
      query('filter=waf&filter=botm&filter=cdn'),
      true,
    ],
    [
      'all(not len(http.request.uri.args["filter"][*])[*] in {3 4})',
      query('filter=waf&filter=botm&filter=cdn'),
      false,
    ],
    ['any(http.request.headers["accept"][*] == "text/plain")', {}, false],
    ['http.request.headers["x"][0] != "a"', {}, false],
    ['not http.request.headers["x"][0] == "a"', {}, true],
    ['ip.src in {198.51.100.3..198.51.100.7 192.0.2.0/24 2001:db8::/32}', { ip: '192.0.2.9' }, true],
    ['ip.src in {198.51.100.3..198.51.100.7 192.0.2.0/24 2001:db8::/32}', { ip: '198.51.100.8' }, false],
    ['ip.src in {198.51.100.3..198.51.100.7 192.0.2.0/24 2001:db8::/32}', { ip: '2001:db8:ffff::1' }, true],
    ['cf.edge.server_port in {80 8000..8009}', {}, true],
    ['edge.server_port in {80 8000..8009}', {}, true],
    ['cf.edge.server_port & 0x1', {}, true],
    ['cf.edge.server_port & 0x2', {}, false],
    ['http.host matches "^WWW"', { host: 'www.x' }, false],
    ['http.host matches "(?i)^WWW"', { host: 'www.x' }, true],
    ['http.request.uri.path matches r#"a"b"#', { target: '/a"b' }, true],
    // a or b and c; a xor b or c
    ['ssl or http.host == "b" and http.host == "c"', { isTls: true }, true],
    ['ssl xor http.host == "b" or http.host == "b"', { isTls: true, host: 'b' }, true],
  ];
  for (const [text, sent, expected] of rows)
    t.equal(isTrue(text, sent), expected, `${text} ${JSON.stringify(sent)}`);
});

t.test('what is no expression', async (t) => {
  const rows: [string, string][] = [
    ['http.request.uri.path wildcard "/a**"', '"**" is not allowed in a wildcard'],
    ['http.request.headers.names[*] == "A"', 'this is one Bool for each element'],
    ['ssl == true', 'a Bool stands on its own, and takes no "eq"'],
    ['ip.src in {10.0.0.1/8}', '"10.0.0.1/8" has bits set behind its prefix'],
  ];
  for (const [text, message] of rows) t.equal(compile([text]).findings[0]?.message, message, text);
});

t.test('what is not there yet says so', async (t) => {
  const rows: [string, string][] = [
    ['regex_replace("/a/a","/a","/b") == "/b/a"', 'the function "regex_replace" is not available yet'],
    [
      'wildcard_replace(http.request.uri.path,"/apps/*","/${1}","s") == "x"',
      'the function "wildcard_replace" is not available yet',
    ],
    ['split(http.host,",",3)[0] == "a"', 'the function "split" is not available yet'],
    ['url_decode("%2520") == "%20"', 'the function "url_decode" is not available yet'],
    ['encode_base64("hello world") == "x"', 'the function "encode_base64" is not available yet'],
    [
      'remove_query_args(http.request.uri.query,"category") == "x"',
      'the function "remove_query_args" is not available yet',
    ],
    ['cf.bot_management.score < 30', 'the field "cf.bot_management.score" is not available yet'],
    [
      'http.response.code == 200',
      'the field "http.response.code" is not known in this phase: there is no response yet',
    ],
    ['ip.geoip.asnum == 64500', 'the field "ip.geoip.asnum" is not available yet'],
    ['ip.geoip.country == "DE"', 'the field "ip.geoip.country" needs a database of countries'],
  ];
  for (const [text, message] of rows) t.equal(compile([text]).findings[0]?.message, message, text);
});

t.test('texts are computed', async (t) => {
  const bench = new Bench();
  const texts = [
    'concat("/new", http.request.uri.path)',
    '"a b"',
    'http.request.headers["x"][0]',
    'lower(http.user_agent)',
  ];
  const { program } = compileSet({
    scheme: requestScheme,
    lists: new Map(),
    expressions: texts.map((text) => ({ text, want: 'Bytes' })),
  });
  const matcher = loadSet(program!, bench.reader);
  bench.send({ target: '/a', fields: [['user-agent', 'MiXed']] });
  t.strictSame(
    texts.map((_, index) => matcher.bytes(index)),
    ['/new/a', 'a b', null, 'mixed'],
  );
  t.equal(matcher.next(0), -1);
});

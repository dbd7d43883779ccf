/** What is said of expressions that are wrong or odd: words, place and hint. */
import t from 'tap';
import type { NamedList } from '../../src/rules/compile/index.ts';
import { compile, isTrue } from './support.ts';

type Row = readonly [
  severity: 'error' | 'warning',
  text: string,
  from: number,
  to: number,
  message: string,
  hint?: string,
];

const lists: ReadonlyMap<string, NamedList> = new Map([
  ['office_ips', { kind: 'Ip', items: ['10.0.0.0/8'] }],
]);

const rows: readonly Row[] = [
  ['error', '', 0, 0, 'expected an expression, found the end of the expression'],
  ['error', '  # only a comment', 18, 18, 'expected an expression, found the end of the expression'],
  ['error', 'ssl ssl', 4, 7, 'expected "and", "or", "xor" or the end of the expression, found "ssl"'],
  ['error', 'notssl', 0, 6, 'unknown field "notssl"', 'did you mean "not ssl"?'],
  ['error', 'ssl andssl', 4, 10, 'expected "and", "or", "xor" or the end of the expression, found "andssl"'],
  ['error', 'ssl AND ssl', 4, 7, 'expected an operator, found "AND"', 'operators are lower case: and'],
  ['error', 'ssl and', 7, 7, 'expected a field or a function, found the end of the expression'],
  [
    'error',
    '(ssl',
    4,
    4,
    'expected ")", found the end of the expression',
    'the "(" at character 1 is not closed',
  ],
  ['error', 'ssl)', 3, 4, 'expected the end of the expression, found ")"', 'this ")" closes nothing'],
  [
    'error',
    '"a" == http.host',
    0,
    1,
    'expected a field or a function, found """',
    'the field stands on the left: field == "value"',
  ],
  ['error', 'http.host = "a"', 10, 11, 'expected an operator, found "="', 'equality is "=="'],
  ['error', 'http.host == a', 13, 14, 'expected a string in quotes, found "a"', 'write "a" in quotes'],
  ['error', 'http.host == "a', 13, 15, 'this string has no closing quote'],
  [
    'error',
    'http.host == "\\q"',
    14,
    16,
    '"\\q" is no escape sequence: there are \\", \\\\, \\xHH and \\OOO',
    'write \\\\ for a backslash, or a raw string: r"..."',
  ],
  ['error', 'http.host == 5', 13, 14, 'expected a string in quotes, found "5"', 'write "5" in quotes'],
  [
    'error',
    'http.host contains {"a"}',
    19,
    20,
    'expected one value, found "{"',
    'sets go with "in": field in {"a" "b"}',
  ],
  ['error', 'http.host in ("a")', 13, 14, 'expected "{" or a list ("$name"), found "("'],
  [
    'error',
    'http.host in {"a", "b"}',
    17,
    18,
    'expected a value, found ","',
    'values in a set are separated by spaces',
  ],
  ['error', 'http.host in {"a" 5}', 18, 19, 'expected a string in quotes, found "5"', 'write "5" in quotes'],
  [
    'error',
    'http.host in $office_ips',
    13,
    24,
    'the list "$office_ips" holds Ip, and is compared with String',
  ],
  ['error', 'ip.src in $ofice_ips', 10, 20, 'unknown list "$ofice_ips"', 'did you mean "$office_ips"?'],
  [
    'error',
    'ip.src in $Office',
    10,
    17,
    '"$Office" is no name of a list: lower-case letters, digits, "_", and "." between them',
  ],
  ['error', 'ip.src in {1.2.3}', 11, 16, '"1.2.3" is no address'],
  [
    'error',
    'ip.src in {10.0.0.5..10.0.0.1}',
    11,
    29,
    'the range "10.0.0.5..10.0.0.1" is the wrong way round',
  ],
  ['error', 'ip.src in {10.0.0.5..::1}', 11, 24, 'the ends of "10.0.0.5..::1" are of different families'],
  [
    'error',
    'ip.src == 10.0.0.0/8',
    10,
    20,
    'expected one address, found "10.0.0.0/8"',
    'networks go with "in": field in {10.0.0.0/8}',
  ],
  [
    'error',
    'ip.src == "10.0.0.1"',
    10,
    20,
    'expected an address, found a string',
    'write 10.0.0.1 without quotes',
  ],
  ['error', 'ip.src < 1.2.3.4', 7, 8, '"lt" compares String or Int, not Ip'],
  ['error', 'ip.src in {10.0.0.0/33}', 11, 22, '"/33" is no prefix length: 0 to 32'],
  [
    'warning',
    'cf.edge.server_port == 0123',
    23,
    27,
    '"0123" is octal, since it begins with 0: 83',
    'leave the 0 out for a decimal number',
  ],
  [
    'error',
    'cf.edge.server_port == 089',
    23,
    26,
    '"089" begins with 0 and is octal, but has a digit above 7',
    'leave the 0 out',
  ],
  [
    'error',
    'cf.edge.server_port == 9007199254740993',
    23,
    39,
    '"9007199254740993" is beyond 2^53: integers are exact up to there',
  ],
  ['error', 'cf.edge.server_port in {5..1}', 24, 28, 'the range "5..1" is the wrong way round'],
  [
    'error',
    'cf.edge.server_port == "80"',
    23,
    27,
    'expected an integer, found a string',
    'write 80 without quotes',
  ],
  ['error', 'cf.edge.server_port contains "8"', 20, 28, '"contains" compares String, not Int'],
  ['error', 'htp.host == "a"', 0, 8, 'unknown field "htp.host"', 'did you mean "http.host"?'],
  ['error', 'http.host.x == "a"', 0, 11, 'unknown field "http.host.x"', 'did you mean "http.host"?'],
  ['error', 'lenn(http.host) > 1', 0, 4, 'unknown function "lenn"', 'did you mean "len"?'],
  ['error', 'lower == "a"', 0, 5, '"lower" is a function, and wants arguments', 'lower(...)'],
  [
    'error',
    'lower(http.host)',
    0,
    16,
    'expected a Bool, found String',
    'compare it with something: field == value',
  ],
  ['error', 'len(ssl) > 1', 4, 7, 'argument 1 of len() is a String or an array, found Bool'],
  ['error', 'lower(http.host, "a") == "a"', 0, 21, 'lower() takes 1 argument, found 2'],
  ['error', 'starts_with(http.host, http.host)', 23, 32, 'argument 2 of starts_with() is a string in quotes'],
  [
    'error',
    'starts_with("a", "b")',
    12,
    15,
    'argument 1 of starts_with() is a field or a call, not a literal',
    'starts_with(field, "value")',
  ],
  [
    'error',
    'concat("a", http.request.headers["x"][*])[0] == "a"',
    12,
    40,
    'only the first argument of concat() may have [*]',
  ],
  [
    'error',
    'http.host starts_with "a"',
    10,
    21,
    'expected "and", "or" or "xor", found "starts_with"',
    'starts_with is a function: starts_with(field, "value")',
  ],
  [
    'error',
    'http.request.headers["x"] == "a"',
    0,
    25,
    '"eq" compares single values, not an Array<String>',
    'take one: [0], or compare each: any(...[*] ...)',
  ],
  [
    'error',
    'http.request.headers == "a"',
    0,
    20,
    '"eq" compares single values, not a Map<Array<String>>',
    'take one: ["key"]',
  ],
  [
    'error',
    'http.request.headers["x"]["y"] == "a"',
    25,
    30,
    '["y"] does not fit an Array<String>',
    'an array wants a position, or "*"',
  ],
  ['error', 'http.host[0] == "a"', 9, 12, 'a String has no elements'],
  [
    'warning',
    'http.request.headers["X-A"][0] == "a"',
    20,
    27,
    '"X-A" is never there: names of fields are in lower case',
    'write "x-a"',
  ],
  [
    'error',
    'any(http.host == "a")',
    4,
    20,
    'any() wants one Bool for each element, found Bool',
    'compare elements: field[*] == value',
  ],
  ['error', 'any(ssl, ssl)', 0, 13, 'any() takes one argument, found 2'],
  [
    'error',
    'ssl and http.request.headers["x"][*] == "a"',
    8,
    43,
    '"and" joins a Bool and one Bool for each element',
    'put the elements into any(...) or all(...)',
  ],
  [
    'warning',
    'all(http.request.headers["x"][*] == "a")',
    0,
    40,
    'all() is true where there is no element, so also where this key is absent',
    'use any(), or add a comparison of len()',
  ],
  [
    'error',
    'not http.host',
    4,
    13,
    'expected a Bool, found String',
    'compare it with something: field == value',
  ],
  [
    'error',
    'http.host strict  wildcard "a"',
    10,
    16,
    'expected "strict wildcard", with one space between the words, found "strict"',
  ],
  [
    'error',
    'http.host wildcard "a\\\\b"',
    19,
    25,
    '"\\b" is no escape in a wildcard: there are \\* and \\\\',
  ],
  ['error', 'http.host matches "("', 19, 20, 'this group has no closing ")"'],
  [
    'error',
    'http.host matches "a(?=b)"',
    20,
    23,
    'look-around is not available: patterns run in linear time',
  ],
  [
    'error',
    'http.host matches r"(a)\\1"',
    23,
    25,
    'back-references are not available: patterns run in linear time',
    'a byte is \\xHH',
  ],
  ['error', 'http.host matches "[z-a]"', 20, 23, 'this range is the wrong way round'],
  [
    'error',
    'http.host matches "(?u)a"',
    19,
    23,
    'Unicode mode "(?u)" is not available: patterns match bytes',
  ],
  ['error', 'http.host matches "\\pL"', 19, 21, 'Unicode classes are not available: patterns match bytes'],
  ['error', 'http.host matches "a{1001}"', 20, 26, 'at most 1000 repetitions'],
  [
    'error',
    'http.host matches "(a{100}){100}"',
    18,
    33,
    'this pattern is too large once its repetitions are written out',
    'lower the repetition counts',
  ],
  ['error', 'http.host matches "*"', 19, 20, '"*" repeats nothing', 'write \\* for the character'],
  [
    'error',
    'http.host matches a',
    18,
    19,
    'expected a pattern in quotes, found "a"',
    'for example: matches "^/api/"',
  ],
  [
    'error',
    'http.host == "é" or http.host matches "[é]"',
    40,
    41,
    'a class holds single bytes, and this character has several',
    'write the characters as (?:a|b)',
  ],
  [
    'error',
    'ssl == true',
    4,
    6,
    'a Bool stands on its own, and takes no "eq"',
    'write the field alone, or "not" before it',
  ],
  [
    'error',
    'in {5}',
    0,
    2,
    'expected a field or a function, found "in"',
    '"in" is an operator and wants something on its left',
  ],
  [
    'error',
    'http.host in $',
    13,
    14,
    '"$" is no name of a list: lower-case letters, digits, "_", and "." between them',
  ],
  ['error', 'http.host == $a', 13, 14, 'expected one value, found "$"', 'lists go with "in": field in $list'],
  ['error', 'cf.bot_management.score < 5', 0, 23, 'the field "cf.bot_management.score" is not available yet'],
  ['error', 'edge.nothing == 5', 0, 12, 'unknown field "edge.nothing"'],
  ['error', 'http.request.uri.args[-1] == "a"', 22, 24, '"-1" is no position: 0, 1, 2 and so on'],
  ['error', 'http.request.headers.names[1.5] == "a"', 27, 30, '"1.5" is no position: 0, 1, 2 and so on'],
  [
    'error',
    'concat(5, 6) == "a"',
    7,
    8,
    'argument 1 of concat() is a String or an array, found an unquoted value',
  ],
  ['error', 'http.host == r##"a"#', 13, 20, 'this raw string is not closed by "##'],
  [
    'error',
    'http.host eqq "a"',
    10,
    13,
    'expected "and", "or", "xor" or the end of the expression, found "eqq"',
    'did you mean "eq"?',
  ],
];

t.test('each mistake is told with its place', async (t) => {
  for (const [severity, text, from, to, message, hint] of rows) {
    const { findings, program } = compile([text], lists);
    const expected = { index: 0, from, to, message, ...(hint === undefined ? {} : { hint }), severity };
    t.strictSame(findings, [expected], text);
    t.equal(program === undefined, severity === 'error', text);
  }
});

t.test('limits are errors, not crashes', async (t) => {
  const told = (text: string): string | undefined => compile([text]).findings[0]?.message;
  t.equal(told(`${'!'.repeat(128)}ssl`), undefined);
  t.equal(told(`${'!'.repeat(129)}ssl`), 'expressions are nested at most 128 deep');
  t.equal(told(`${'('.repeat(128)}ssl${')'.repeat(128)}`), undefined);
  t.equal(told(`${'('.repeat(129)}ssl${')'.repeat(129)}`), 'expressions are nested at most 128 deep');
  t.equal(
    told(`${'lower('.repeat(129)}http.host${')'.repeat(129)} == ""`),
    'expressions are nested at most 128 deep',
  );
  t.equal(told('ssl or '.repeat(584) + 'ssl     '), undefined);
  t.match(told('ssl or '.repeat(585) + 'ssl'), /at most 4096 characters, this one has 4098/);
  const large = (count: number): string => `http.host matches "(?:[a-z]{${count}}x){7}"`;
  t.equal(told(large(100)), undefined);
  t.match(told(large(900)), /too large/);
});

t.test('all errors of a set are told', async (t) => {
  const { findings } = compile(['sl', 'ssl', 'http.host == 1']);
  t.strictSame(
    findings.map(({ index }) => index),
    [0, 2],
  );
});

t.test('white space, comments and operators in all their forms', async (t) => {
  const sent = { host: 'a', target: '/x', isTls: true };
  const texts = [
    '\tssl # a comment\n and // another one\r\n http.host\teq "a"',
    'ssl&&http.host=="a"',
    'ssl and(ssl)',
    'not(not ssl)',
    '!!ssl',
    'ssl^^!ssl',
    'http.host eq"a"and ssl',
    'http.host in{"a""b"}',
    'http.host=="\\x61" and http.host == "\\141"',
    'http.host == r"a" and http.host == r###"a"###',
    'http.request.uri.path == 2f:78',
    'http.request.uri.path~"^/[x]$"',
    'http.request.uri.path matches "[\\"x]$"',
    'len ( http.host ) == 0x1',
    'cf.edge.server_port != -5',
    'http.request.uri.path eq "/x" xor not ssl',
  ];
  for (const text of texts) t.ok(isTrue(text, sent), text);
});

t.test('strings are bytes', async (t) => {
  const sent = { host: 'a', target: '/\xc3\xa9\xff' };
  t.ok(isTrue('http.request.uri.path contains "é"', sent));
  t.ok(isTrue('len(http.request.uri.path) == 4', sent));
  t.ok(isTrue('http.request.uri.path matches "^/é\\xff$"', sent));
  t.ok(isTrue('http.request.uri.path matches "(?i)^/..[^a]$"', sent));
  t.notOk(isTrue('http.request.uri.path matches "(?i)É"', sent));
  t.ok(isTrue('upper(http.request.uri.path) contains "é"', sent));
});

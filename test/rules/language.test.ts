/** Corners of the language: elements that are nil, and what patterns mean where dialects differ. */
import t from 'tap';
import { compile, isTrue, type Sent } from './support.ts';

const sent: Sent = {
  host: 'example.com',
  target: '/a-b/<c]?x=1&y=2&x=3&z',
  ip: '10.1.2.3',
  fields: [
    ['x-a', 'v1'],
    ['x-a', 'v2, v3'],
  ],
};

t.test('what a function makes of an element that is nil is nil', async (t) => {
  const rows: [string, boolean][] = [
    ['any(lower(http.request.uri.args[*][1])[*] contains "3")', true],
    ['any(lower(http.request.uri.args[*][9])[*] contains "3")', false],
    ['any(lower(http.request.uri.args[*][9])[*] contains "")', false],
    ['any(lower(http.request.uri.args[*][9])[*] != "3")', false],
    ['any(lower(http.request.uri.args[*][9])[*] < "3")', false],
    ['any(lower(http.request.uri.args[*][9])[*] matches "a.c")', false],
    ['any(lower(http.request.uri.args[*][9])[*] wildcard "a*b*c")', false],
    ['any(len(http.request.uri.args[*][9])[*] >= 0)', false],
    ['any(len(lower(http.request.uri.args[*][9])[*])[*] >= 0)', false],
    ['any(concat(http.request.uri.args[*][9], http.request.headers["q"][0])[*] contains "")', false],
    ['any(concat(http.request.uri.args[*][9], "a")[*] contains "a")', true],
    ['any(starts_with(lower(http.request.uri.args[*][9])[*], "3"))', false],
    ['any(not starts_with(lower(http.request.uri.args[*][9])[*], "3"))', true],
    ['lower(http.request.uri.args[*][9])[0] contains "a"', false],
    ['len(concat(http.request.headers["q"][*], "a")) >= 0', false],
    ['len(concat(http.request.headers["x-a"][*], "a")) == 2', true],
  ];
  for (const [text, expected] of rows) t.equal(isTrue(text, sent), expected, text);
});

t.test('patterns are those of Rust without Unicode', async (t) => {
  const bytes: Sent = { host: 'a', target: '/\xc3\xbf\xff' };
  const rows: [string, Sent, boolean][] = [
    // Two digits are a byte, braces a character.
    [String.raw`^/..\xff$`, bytes, true],
    [String.raw`\x{ff}`, bytes, true],
    [String.raw`^/\x{ff}.$`, bytes, true],
    [String.raw`^/.\x{ff}`, bytes, false],
    [String.raw`\x{62}/`, sent, true],
    // What comes first in a class stands for itself.
    ['a[-]b', sent, true],
    ['a[--/]b', sent, true],
    ['a[^--/]b', sent, false],
    ['c[]]$', sent, true],
    ['c[]-a]$', sent, true],
    ['[]-a]{2}', { target: '/^^' }, false],
  ];
  for (const [pattern, one, expected] of rows)
    t.equal(isTrue(`http.request.uri.path matches r"${pattern}"`, one), expected, pattern);
});

t.test('patterns that would mean something else elsewhere are refused', async (t) => {
  const rows: [string, string][] = [
    [String.raw`\<c`, String.raw`the border "\<" is not available: there is "\b"`],
    [String.raw`b\>`, String.raw`the border "\>" is not available: there is "\b"`],
    ['[[:constructor:]]', 'there is no class "constructor"'],
    [String.raw`[\x{80}-\x{ff}]`, 'a class holds single bytes, and this character has several'],
  ];
  for (const [pattern, message] of rows)
    t.equal(compile([`http.host matches r"${pattern}"`]).findings[0]?.message, message, pattern);
});

t.test('mapped addresses and networks are those that they hold', async (t) => {
  t.ok(isTrue('ip.src == ::ffff:10.1.2.3', sent));
  t.ok(isTrue('ip.src in {::ffff:10.0.0.0/104}', sent));
  t.notOk(isTrue('ip.src in {::ffff:10.2.0.0/112}', sent));
  t.ok(isTrue('ip.src in {::ffff:0:0/96}', sent));
  const { findings } = compile(['ip.src in {::ffff:10.0.0.0/95}']);
  t.equal(findings[0]?.message, '"/95" is no prefix length: 96 to 128');
});

/** The rule of docs/rules.md that refuses paths which origins read as another path: what it takes, and what it leaves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';

const text = readFileSync(join(root, 'docs/rules.md'), 'utf8');
const [, pattern = ''] =
  /ref: odd-paths\n[^\n]*\n *expression: http\.request\.uri\.path matches "\(\?i\)(.*)"\n/.exec(text) ?? [];

t.test('paths that an origin may read as another path', async (t) => {
  t.not(pattern, '', 'the rule is there');
  const odd = new RegExp(pattern, 'i');
  for (const path of [
    '/%2eenv',
    '/%2Eenv',
    '/a%2f.env',
    '/a%5cb',
    '/a/../admin/',
    '/a/..',
    '/./admin',
    '/a/.',
    '//admin/x',
    '/x//admin',
    '/%61dmin/',
    '/%41dmin/',
    '/%7a',
    '/%7A',
    '/%30',
    '/%5f',
    '/%7e',
    '/%2d',
  ])
    t.ok(odd.test(path), path);
  for (const path of [
    '/',
    '/a.b',
    '/.well-known/x',
    '/a/..b',
    '/a/...',
    '/%20',
    '/%C3%A9',
    '/%3A',
    '/%40',
    '/%5b',
    '/%60',
    '/%7b',
    '/%2a',
  ])
    t.notOk(odd.test(path), path);
});

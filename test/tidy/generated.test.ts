/** The check for stale generated files is itself checked: a copy with one changed byte must be found. */
import { appendFileSync, cpSync, existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { filesBelow, pinnedNode, root, run } from '../../scripts/toolchain.mjs';

t.test('a generated header that was edited by hand is told by its name', async (t) => {
  const folder = t.testdir();
  for (const name of [
    'scripts',
    'src',
    'native/core',
    'package.json',
    'config',
    'docs',
    'README.md',
    'bench/README.md',
    'bench/results',
  ]) {
    if (existsSync(path.join(root, name))) {
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    }
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const node = pinnedNode()?.node ?? process.execPath;
  const check = () => run(node, ['scripts/generate.mjs', '--check'], { cwd: folder, timeoutMs: 60_000 });
  const headers = filesBelow('native/core', ['.gen.h']);
  t.ok(headers.length > 0);
  t.equal((await check()).code, 0, 'the copy is up to date');
  const edited = headers[0] ?? '';
  appendFileSync(path.join(folder, edited), '// edited\n');
  const { code, output } = await check();
  t.equal(code, 1);
  t.match(output, edited);
});

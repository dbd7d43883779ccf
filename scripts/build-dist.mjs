// Compiles src/ to dist/ for the published package: Node strips no types below node_modules. The thread entries come
// from tables that use their own file's extension, so that only import paths need rewriting.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pinnedNode, root, run, runMain, SetupError } from './toolchain.mjs';

const timeoutMs = 120_000;

await runMain(async () => {
  const pinned = pinnedNode();
  if (pinned === null) throw new SetupError('nothing is installed yet: npm run setup');
  const dist = path.join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(pinned.node, [tsc, '-p', 'tsconfig.build.json'], { timeoutMs });
  if (code !== 0) {
    process.stderr.write(output);
    throw new SetupError('src/ does not compile (see above)');
  }
  if (!existsSync(path.join(dist, 'main.js'))) throw new SetupError('the compiler made no dist/main.js');
});

// Runs test files with tap under the pinned Node (which strips their types) and counts their tests.
import path from 'node:path';
import { pinnedNode, root, run } from '../../toolchain.mjs';
import { emptyResult } from './result.mjs';
import { countTap } from './tap-count.mjs';

/** Runs `files` (relative to the root), `jobs` at once; `env` is added to the environment of the tests. */
export async function runTap(name, files, { jobs, timeoutMs, env = {}, tapArgs = [] }) {
  const result = emptyResult(name);
  result.looked = files.length;
  if (files.length === 0) return result;
  const { node } = pinnedNode();
  const tap = path.join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  const { code, output, timedOut } = await run(
    node,
    [tap, 'run', '--reporter=tap', `--jobs=${jobs}`, ...tapArgs, ...files],
    {
      env: { ...process.env, PATH: `${path.join(root, 'node_modules', '.bin')}:${process.env.PATH}`, ...env },
      timeoutMs,
      merge: false,
    },
  );
  const counts = countTap(output);
  result.passed = counts.passed;
  result.skipped = counts.skips.length;
  result.skips = counts.skips;
  result.failures = counts.failures;
  if (timedOut) result.failures.push(`${name}: not done after ${timeoutMs / 1000} s, ended`);
  else if (counts.files !== files.length) {
    result.failures.push(`${name}: ${files.length} files were given to tap, ${counts.files} were run`);
  } else if (code !== 0 && counts.failures.length === 0)
    result.failures.push(`${name}: tap ended with ${code}`);
  result.failed = result.failures.length;
  return result;
}

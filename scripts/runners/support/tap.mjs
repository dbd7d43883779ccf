// Runs test files, each as a program of its own under the pinned Node (which strips its types): a file that imports
// tap writes TAP. The tap command is left out on purpose: it puts its hooks into every process that a test starts, and
// so into the proxies under test. A comment `figures: ...` of a test is printed.
import { pinnedNode, run } from '../../toolchain.mjs';
import { inParallel } from './compile.mjs';
import { emptyResult } from './result.mjs';
import { countTap } from './tap-count.mjs';

const longSeconds = 10;

/**
 * Runs `files` (relative to the root), `jobs` at once. A test may take `testTimeoutMs` (unless it asks for more), a
 * file `fileTimeoutMs`, all of them `timeoutMs`. `env` is added to the environment of the tests.
 */
export async function runTap(
  name,
  files,
  { jobs, timeoutMs, fileTimeoutMs, testTimeoutMs = 60_000, env = {} },
) {
  const result = emptyResult(name);
  const { node } = pinnedNode();
  const startedAt = performance.now();
  await inParallel(
    files,
    async (file) => {
      const leftMs = timeoutMs - (performance.now() - startedAt);
      if (leftMs <= 0) {
        result.failures.push(`${file}: not started, ${name} had used up its ${timeoutMs / 1000} s`);
        return;
      }
      const limitMs = Math.min(fileTimeoutMs, leftMs);
      const fileStartedAt = performance.now();
      const { code, signal, output, timedOut } = await run(node, [file], {
        env: { ...process.env, NODE_OPTIONS: '', TAP_TIMEOUT: `${testTimeoutMs / 1000}`, ...env },
        timeoutMs: limitMs,
        merge: false,
      });
      const seconds = (performance.now() - fileStartedAt) / 1000;
      // What takes long is told, so that it can be seen where the time of a run went.
      if (seconds > longSeconds) console.log(`    ${file}: ${seconds.toFixed(1)} s`);
      result.looked += 1;
      for (const [, figures] of output.matchAll(/^ *# figures: (.*)$/gm))
        console.log(`    ${file}: ${figures}`);
      const counts = countTap(file, output, timedOut ? 'its time' : (signal ?? code));
      result.passed += counts.passed;
      result.skips.push(...counts.skips);
      result.failures.push(...counts.failures);
      if (timedOut) result.failures.push(`${file}: not done after ${Math.round(limitMs / 1000)} s, ended`);
    },
    jobs,
  );
  result.failed = result.failures.length;
  result.skipped = result.skips.length;
  return result;
}

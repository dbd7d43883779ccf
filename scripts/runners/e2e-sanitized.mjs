// The end-to-end tests once more, in their short form, with the addon built for ASan and UBSan. The libraries of the
// sanitizers are loaded into everything that the tests start; only the proxies load the addon itself.
import { sanitizerEnvironment } from '../asan-node.mjs';
import { filesBelow, pinnedNode, root, run } from '../toolchain.mjs';
import { fail, runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const buildTimeoutMs = 10 * 60_000;
const timeoutMs = 15 * 60_000;
const fileTimeoutMs = 6 * 60_000;

export async function e2eSanitized({ args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const files =
    given.length > 0
      ? given
      : filesBelow('test/e2e', ['.test.ts']).filter((file) => !file.endsWith('/pack.test.ts'));
  const build = ['scripts/build-native.mjs', '--sanitize=address,undefined'];
  const built = await run(pinnedNode().node, build, { cwd: root, timeoutMs: buildTimeoutMs });
  const result = await runTap('e2e-sanitized', built.code === 0 ? files : [], {
    jobs: 1,
    timeoutMs,
    fileTimeoutMs,
    testTimeoutMs: fileTimeoutMs,
    env: built.code === 0 ? { ...sanitizerEnvironment() } : {},
  });
  if (built.code !== 0) fail(result, `the addon does not build with sanitizers\n${built.output}`);
  return result;
}

await runAlone(import.meta.url, e2eSanitized);

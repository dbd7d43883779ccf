// The tests of test/ that need no running proxy: units, properties, and the repository's own text (tidy). Those of
// test/e2e and test/sanitized have runners of their own.
import { filesBelow } from '../toolchain.mjs';
import { runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const limits = { jobs: 2, timeoutMs: 8 * 60_000, fileTimeoutMs: 3 * 60_000, testTimeoutMs: 170_000 };

export async function unit({ args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const files = filesBelow('test', ['.test.ts']).filter((file) => !/^test\/(e2e|sanitized)\//.test(file));
  return await runTap('unit', given.length > 0 ? given : files, limits);
}

await runAlone(import.meta.url, unit);

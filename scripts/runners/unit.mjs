// The tests of test/ that need no running proxy: units, properties, and the repository's own text (tidy). Those of
// test/e2e and test/sanitized have runners of their own.
import { filesBelow } from '../toolchain.mjs';
import { runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const timeoutMs = 6 * 60_000;
const fileTimeoutMs = 2 * 60_000;
const jobs = 2;

export async function unit({ args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const files = filesBelow('test', ['.test.ts']).filter((file) => !/^test\/(e2e|sanitized)\//.test(file));
  return await runTap('unit', given.length > 0 ? given : files, { jobs, timeoutMs, fileTimeoutMs });
}

await runAlone(import.meta.url, unit);

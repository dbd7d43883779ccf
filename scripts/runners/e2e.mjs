// The tests of test/e2e: each starts whole proxies and measures or kills them. They wait more than they work, so the
// common run has three at once; the long form, asked for with PARAPET_TEST_FULL=1,
// has full load in it, and runs one after the other.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow, root } from '../toolchain.mjs';
import { runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const minuteMs = 60_000;
const short = { jobs: 3, timeoutMs: 15 * minuteMs, fileTimeoutMs: 8 * minuteMs, testTimeoutMs: 3 * minuteMs };
const full = {
  jobs: 1,
  timeoutMs: 22 * minuteMs,
  fileTimeoutMs: 12 * minuteMs,
  testTimeoutMs: 12 * minuteMs,
};

/** Whether a test, or a part of it in the folder of its name, has a long form. */
function hasLongForm(file) {
  const parts = filesBelow(file.replace(/\.test\.ts$/, ''), ['.ts']);
  return [file, ...parts].some((part) =>
    /\b(isFull|scaled)\b/.test(readFileSync(path.join(root, part), 'utf8')),
  );
}

/** `which` is 'all', or those with a 'long' form, or the 'others'. */
export async function e2e({ isFull = false, which = isFull ? 'long' : 'all', args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const all = filesBelow('test/e2e', ['.test.ts']);
  const chosen = all.filter((file) => which === 'all' || hasLongForm(file) === (which === 'long'));
  const files = given.length > 0 ? given : chosen;
  return await runTap('e2e', files, {
    ...(isFull ? full : short),
    env: isFull ? { PARAPET_TEST_FULL: '1' } : {},
  });
}

await runAlone(import.meta.url, e2e);

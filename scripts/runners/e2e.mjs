// The tests of test/e2e: each starts whole proxies and measures or kills them. They wait more than they work, so the
// common run has two at once; the long form, asked for with PARAPET_TEST_FULL=1 (only the gates have one), has full
// load in it, and runs one after the other.
import { filesBelow } from '../toolchain.mjs';
import { runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const minuteMs = 60_000;
const short = { jobs: 2, timeoutMs: 10 * minuteMs, fileTimeoutMs: 5 * minuteMs, testTimeoutMs: 3 * minuteMs };
const full = {
  jobs: 1,
  timeoutMs: 20 * minuteMs,
  fileTimeoutMs: 12 * minuteMs,
  testTimeoutMs: 12 * minuteMs,
};

/** The tests that have a long form, and those that have none. */
const isGate = (file) => /\/gate-\d+\.test\.ts$/.test(file);

/** `which` is 'all', 'gates' or 'others'. */
export async function e2e({ isFull = false, which = isFull ? 'gates' : 'all', args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const all = filesBelow('test/e2e', ['.test.ts']);
  const chosen = all.filter((file) => which === 'all' || isGate(file) === (which === 'gates'));
  const files = given.length > 0 ? given : chosen;
  return await runTap('e2e', files, {
    ...(isFull ? full : short),
    env: isFull ? { PARAPET_TEST_FULL: '1' } : {},
  });
}

await runAlone(import.meta.url, e2e);

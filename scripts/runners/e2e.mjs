// The tests of test/e2e, one after the other: each starts whole proxies and measures or kills them. The long form of
// a test is asked for with PARAPET_TEST_FULL=1; only the gates have one.
import { filesBelow } from '../toolchain.mjs';
import { runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const minuteMs = 60_000;
const short = { timeoutMs: 8 * minuteMs, fileTimeoutMs: 3 * minuteMs, testTimeoutMs: 2 * minuteMs };
const full = { timeoutMs: 25 * minuteMs, fileTimeoutMs: 15 * minuteMs, testTimeoutMs: 15 * minuteMs };

/** The tests that have a long form, and those that have none. */
const isGate = (file) => /\/gate-\d+\.test\.ts$/.test(file);

/** `which` is 'all', 'gates' or 'others'. */
export async function e2e({ isFull = false, which = isFull ? 'gates' : 'all', args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const all = filesBelow('test/e2e', ['.test.ts']);
  const chosen = all.filter((file) => which === 'all' || isGate(file) === (which === 'gates'));
  const files = given.length > 0 ? given : chosen;
  return await runTap('e2e', files, {
    jobs: 1,
    ...(isFull ? full : short),
    env: isFull ? { PARAPET_TEST_FULL: '1' } : {},
  });
}

await runAlone(import.meta.url, e2e);

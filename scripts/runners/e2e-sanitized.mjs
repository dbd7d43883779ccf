// The end-to-end gates once more, in their short form, with the addon built for ASan and UBSan, whose free slabs are
// poisoned. A proxy that a sanitizer ends is started again by its supervisor, which many a test forgives: so every
// report goes into a file, and a run that left one has failed, whatever its tests say. That a fault is caught at all
// is proven by a second build with a planted one (test/sanitized). The libraries of the sanitizers are loaded into the
// proxies alone (test/support/parapet.ts): curl, for one, hangs under them at its start.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { sanitizerEnvironment } from '../asan-node.mjs';
import { filesBelow, pinnedNode, root, run } from '../toolchain.mjs';
import { fail, pass, runAlone } from './support/result.mjs';
import { runTap } from './support/tap.mjs';

const minuteMs = 60_000;
const buildTimeoutMs = 10 * minuteMs;
const limits = {
  jobs: 2,
  timeoutMs: 18 * minuteMs,
  fileTimeoutMs: 8 * minuteMs,
  testTimeoutMs: 5 * minuteMs,
};
const plantedFault = 'PARAPET_PLANT_OFF_BY_ONE';
/** What compares speed, installs a package of its own, or is about TypeScript alone has nothing to say about this build. */
const leftOut = ['bench', 'pack', 'gate-4', 'destinations', 'tail'].map((name) => `test/e2e/${name}.test.ts`);

/** The environment of tests that start proxies on the addon in `build/FOLDER`. */
function testEnvironment(folder, reports) {
  const { LD_PRELOAD: preload, ...others } = sanitizerEnvironment(folder, reports);
  return { ...others, PARAPET_TEST_PRELOAD: preload };
}

/** Builds the addon; what went wrong, or null. */
async function build(...more) {
  const args = ['scripts/build-native.mjs', '--sanitize=address,undefined', ...more];
  const { code, output } = await run(pinnedNode().node, args, { timeoutMs: buildTimeoutMs });
  return code === 0 ? null : `the addon does not build with sanitizers ${more.join(' ')}\n${output}`;
}

/** Adds a failure for every report below `folder`, and one test that there is none. */
function checkReports(result, folder) {
  const names = readdirSync(folder);
  for (const name of names) fail(result, `${name}\n${readFileSync(path.join(folder, name), 'utf8')}`);
  if (names.length === 0) pass(result);
}

export async function e2eSanitized({ args = [] } = {}) {
  const given = args.filter((arg) => arg.endsWith('.test.ts'));
  const gates = filesBelow('test/e2e', ['.test.ts']).filter((file) => !leftOut.includes(file));
  const files = given.length > 0 ? given : gates;
  const faults = [await build(), await build(`--define=${plantedFault}`)].filter((fault) => fault !== null);
  const reports = path.join(root, 'build', 'asan', 'reports');
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const isBuilt = faults.length === 0;
  const env = isBuilt ? testEnvironment('asan', reports) : {};
  const result = await runTap('e2e-sanitized', isBuilt ? files : [], { ...limits, env });
  for (const fault of faults) fail(result, fault);
  if (isBuilt) {
    checkReports(result, reports);
    const planted = await runTap('planted fault', filesBelow('test/sanitized', ['.test.ts']), {
      ...limits,
      env: testEnvironment(`asan-${plantedFault}`),
    });
    for (const name of ['looked', 'passed', 'failed', 'skipped']) result[name] += planted[name];
    // A canary that was left out has caught nothing.
    for (const text of planted.skips) fail(result, `skipped: ${text}`);
    result.failures.push(...planted.failures);
    result.skips.push(...planted.skips);
  }
  return result;
}

await runAlone(import.meta.url, e2eSanitized);

// Every check there is, in one run that ends with one line: `tests: 412 passed, 0 failed, 3 skipped`. The exit code
// is 1 when something failed, and also when a runner had nothing to look at.
//
//   test.mjs                       what takes less than ten minutes
//   test.mjs --long                what takes longer: end-to-end gates at full size, fuzzing, stress, sanitizers
//   test.mjs --full                both; the end-to-end gates then run at full size only
//   test.mjs --only=unit,native    just these

import { deadCode } from './runners/dead-code.mjs';
import { e2e } from './runners/e2e.mjs';
import { e2eSanitized } from './runners/e2e-sanitized.mjs';
import { format } from './runners/format.mjs';
import { fuzz } from './runners/fuzz.mjs';
import { generated } from './runners/generated.mjs';
import { layers } from './runners/layers.mjs';
import { lint } from './runners/lint.mjs';
import { native } from './runners/native.mjs';
import { stress } from './runners/stress.mjs';
import { close, emptyResult, fail, printResult } from './runners/support/result.mjs';
import { typecheck } from './runners/typecheck.mjs';
import { unit } from './runners/unit.mjs';

const short = { format, lint, typecheck, layers, generated, 'dead-code': deadCode, native, unit, e2e };
const long = { stress, fuzz, 'e2e-full': e2e, 'e2e-sanitized': e2eSanitized };

const args = process.argv.slice(2);
const isFull = args.includes('--full');
const only = args
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const known = { ...short, ...long };
for (const name of only ?? []) {
  if (known[name] === undefined) {
    console.error(`test: no runner is called ${name}; there are ${Object.keys(known).join(', ')}`);
    process.exit(2);
  }
}

function choose() {
  if (only !== undefined) return only;
  if (args.includes('--long')) return Object.keys(long);
  if (isFull) return Object.keys(known);
  return Object.keys(short);
}

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of choose()) {
  const startedAt = performance.now();
  console.log(`== ${name}`);
  let result;
  try {
    const which = name === 'e2e' && isFull ? 'others' : undefined;
    result = close(await known[name]({ isFull: name in long, which, args: [] }));
  } catch (error) {
    result = emptyResult(name);
    fail(result, error.stack ?? String(error));
  }
  printResult(result, (performance.now() - startedAt) / 1000);
  for (const key of Object.keys(sum)) sum[key] += result[key];
}
console.log(`\ntests: ${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;

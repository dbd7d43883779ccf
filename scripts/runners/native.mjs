// The unit tests of native/core: every native/test/NAME.test.cc is a program of its own, built with ASan and UBSan,
// that prints `ok - NAME` or `not ok - NAME` for each of its tests (native/test/check.h).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow, root, run } from '../toolchain.mjs';
import { buildCore, buildProgram, inParallel, variant } from './support/compile.mjs';
import { emptyResult, fail, pass, runAlone, skip } from './support/result.mjs';

const programTimeoutMs = 120_000;

export const sanitizerEnvironment = {
  ASAN_OPTIONS: 'abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
};

/** Runs one program and adds its tests to `result`; a program that dies, or has no test, is a failure. */
export async function runProgram(result, label, program, timeoutMs) {
  const env = { ...process.env, ...sanitizerEnvironment };
  const { code, signal, output, timedOut } = await run(program, [], { env, timeoutMs });
  let count = 0;
  let failed = 0;
  for (const line of output.split('\n')) {
    const match = /^(not ok|ok) - (.*)$/.exec(line);
    if (match === null) continue;
    count += 1;
    if (match[1] === 'ok') pass(result);
    else {
      failed += 1;
      fail(result, `${label}: ${match[2]}`);
    }
  }
  if (timedOut) fail(result, `${label}: not done after ${timeoutMs / 1000} s\n${output}`);
  else if (code !== 0 && failed === 0) fail(result, `${label}: ended with ${signal ?? code}\n${output}`);
  else if (count === 0) fail(result, `${label}: has no test\n${output}`);
  else if (failed > 0) result.failures.push(output);
}

/**
 * Libraries of the system that a test names in its first line (`// Links: ssl crypto`). The engine itself links none: what it
 * uses of OpenSSL, Node exports.
 */
function librariesOf(source, build) {
  const [first] = readFileSync(path.join(root, source), 'utf8').split('\n', 1);
  const names = /^\/\/ Links: (.*)$/.exec(first)?.[1].split(' ') ?? [];
  const missing = names
    .map((name) => `lib${name}.so`)
    .find(
      (file) =>
        !path.isAbsolute(
          execFileSync(build.compiler, [`-print-file-name=${file}`], { encoding: 'utf8' }).trim(),
        ),
    );
  return { flags: names.map((name) => `-l${name}`), missing };
}

export async function native({ args = [] } = {}) {
  const result = emptyResult('native');
  const given = args.filter((arg) => arg.endsWith('.test.cc'));
  const tests = given.length > 0 ? given : filesBelow('native/test', ['.test.cc']);
  result.looked = tests.length;
  if (tests.length === 0) return result;
  const build = variant('asan');
  const { archive, faults } = await buildCore(build);
  for (const fault of faults) fail(result, fault);
  await inParallel(tests, async (source) => {
    const label = path.basename(source, '.test.cc');
    const { flags, missing } = librariesOf(source, build);
    if (missing !== undefined) {
      skip(result, `${label} (the system has no ${missing})`);
      return;
    }
    try {
      const program = await buildProgram(source, [archive], build, flags);
      await runProgram(result, label, program, programTimeoutMs);
    } catch (error) {
      fail(result, error.message);
    }
  });
  return result;
}

await runAlone(import.meta.url, native);

// The libFuzzer targets, native/fuzz/NAME.fuzz.cc, each for `--seconds` (40) on top of its stored corpus in
// native/fuzz/corpus/NAME, two at once. New inputs go to build/fuzz, never into the repository. canary.fuzz.cc has a
// planted fault that must be found: it passes by crashing. Without clang every target is skipped, by name.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { filesBelow, root, run } from '../toolchain.mjs';
import { buildCore, buildProgram, variant } from './support/compile.mjs';
import { emptyResult, fail, pass, runAlone, skip } from './support/result.mjs';

const inputBytesMax = 65_536;
const graceMs = 90_000;
/** Targets under way at a time: each keeps one core busy. */
const atOnce = 2;

async function fuzzOne(result, source, build, core, seconds) {
  const name = path.basename(source, '.fuzz.cc');
  const isCanary = name === 'canary';
  const program = await buildProgram(source, isCanary ? [] : [core.archive], build, ['-fsanitize=fuzzer']);
  const work = path.join(root, 'build', 'fuzz', name);
  rmSync(path.join(work, 'faults'), { recursive: true, force: true });
  for (const folder of ['corpus', 'faults']) mkdirSync(path.join(work, folder), { recursive: true });
  const stored = path.join(root, 'native', 'fuzz', 'corpus', name);
  const args = [
    `-max_total_time=${seconds}`,
    `-max_len=${inputBytesMax}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-print_final_stats=1',
    `-artifact_prefix=${path.join(work, 'faults')}/`,
    path.join(work, 'corpus'),
    ...(existsSync(stored) ? [stored] : []),
  ];
  // A leak would be reported at exit, for inputs that are long gone; leaks are the business of the unit tests.
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' };
  const { code, output, timedOut } = await run(program, args, { env, timeoutMs: seconds * 1000 + graceMs });
  const runs = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? 0);
  if (isCanary) {
    if (code !== 0 && /AddressSanitizer/.test(output)) pass(result);
    else fail(result, `canary: the planted fault was not found in ${seconds} s\n${output.slice(-2000)}`);
  } else if (timedOut) fail(result, `${name}: did not end\n${output.slice(-4000)}`);
  else if (code !== 0) fail(result, `${name}: ${output.slice(-8000)}`);
  else if (runs === 0) fail(result, `${name}: ran no input\n${output.slice(-4000)}`);
  else {
    pass(result);
    console.log(`    fuzz ${name}: ${runs} inputs`);
  }
}

export async function fuzz({ args = [] } = {}) {
  const result = emptyResult('fuzz');
  const at = args.indexOf('--seconds');
  const seconds = at < 0 ? 40 : Number(args[at + 1]);
  if (!Number.isInteger(seconds) || seconds <= 0)
    throw new Error('fuzz: --seconds wants a whole number above 0');
  const given = args.filter((arg) => arg.endsWith('.fuzz.cc'));
  const sources = given.length > 0 ? given : filesBelow('native/fuzz', ['.fuzz.cc']);
  result.looked = sources.length;
  const build = variant('fuzz');
  if ((await run(build.compiler, ['--version'], { timeoutMs: 20_000 })).code !== 0) {
    for (const source of sources)
      skip(result, `fuzz ${path.basename(source, '.fuzz.cc')} (${build.compiler} is not installed)`);
    return result;
  }
  const core = await buildCore(build);
  for (const fault of core.faults) fail(result, fault);
  const waiting = [...sources];
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      try {
        await fuzzOne(result, source, build, core, seconds);
      } catch (error) {
        fail(result, error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return result;
}

await runAlone(import.meta.url, fuzz);

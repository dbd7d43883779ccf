// What every runner answers: `{ name, passed, failed, skipped, looked, failures, skips }`. `looked` counts what it
// looked at (files, programs, modules): a runner that looked at nothing has failed, whatever it says of itself.
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ name: string, passed: number, failed: number, skipped: number, looked: number,
 *   failures: string[], skips: string[] }} Result
 */

/** @param {string} name @returns {Result} */
export function emptyResult(name) {
  return { name, passed: 0, failed: 0, skipped: 0, looked: 0, failures: [], skips: [] };
}

export function pass(result) {
  result.passed += 1;
}

export function fail(result, text) {
  result.failed += 1;
  result.failures.push(text.trimEnd());
}

export function skip(result, text) {
  result.skipped += 1;
  result.skips.push(text);
}

/** The result of a tool that checks many files and is one test. */
export function toolResult(name, { code, output, timedOut }, looked) {
  const result = emptyResult(name);
  result.looked = looked;
  if (code === 0) pass(result);
  else fail(result, timedOut ? `${name} took too long\n${output}` : output);
  return result;
}

/** Makes the result of a runner that looked at nothing a failure. */
export function close(result) {
  if (result.looked === 0 && result.failed === 0) fail(result, `${result.name} looked at nothing`);
  return result;
}

export function printResult(result, seconds) {
  for (const text of result.failures) console.log(`\n--- ${result.name}: failed\n${text}\n`);
  for (const text of result.skips) console.log(`    skipped: ${text}`);
  const time = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`;
  console.log(
    `${result.name} looked at ${result.looked}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped${time}`,
  );
}

/** Runs a runner as a program of its own when its file was started as one. */
export async function runAlone(url, runner) {
  if (process.argv[1] !== fileURLToPath(url)) return;
  const result = close(await runner({ args: process.argv.slice(2), isFull: true }));
  printResult(result);
  process.exitCode = result.failed === 0 ? 0 : 1;
}

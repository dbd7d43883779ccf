// The stress programs of native/core, native/test/NAME.stress.cc: several threads at one structure, built once with
// TSan and once with ASan and UBSan. They print the same lines as unit tests.
import path from 'node:path';
import { filesBelow } from '../toolchain.mjs';
import { runProgram } from './native.mjs';
import { buildCore, buildProgram, variant } from './support/compile.mjs';
import { emptyResult, fail, runAlone } from './support/result.mjs';

const programTimeoutMs = 5 * 60_000;

export async function stress() {
  const result = emptyResult('stress');
  const sources = filesBelow('native/test', ['.stress.cc']);
  for (const kind of ['tsan', 'asan']) {
    const build = variant(kind);
    let core = null;
    for (const source of sources) {
      result.looked += 1;
      const label = `${path.basename(source, '.stress.cc')} under ${kind}`;
      try {
        if (core === null) {
          core = await buildCore(build);
          for (const fault of core.faults) fail(result, `under ${kind}: ${fault}`);
        }
        await runProgram(result, label, await buildProgram(source, [core.archive], build), programTimeoutMs);
      } catch (error) {
        fail(result, `${label}: ${error.message}`);
      }
    }
  }
  return result;
}

await runAlone(import.meta.url, stress);

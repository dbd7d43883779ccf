// What a Node needs around it to load an addon that was built with sanitizers (scripts/build-native.mjs --sanitize).
// As a program, prints the variables, to be used as: env $(node scripts/asan-node.mjs) node ...
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './toolchain.mjs';

/** The variables, for the addon in `build/FOLDER`; reports go into files in `reports`, or to standard error. */
export function sanitizerEnvironment(folder = 'asan', reports = null) {
  const compiler = process.env.CXX ?? 'g++';
  const library = (name) => {
    const found = execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    if (!path.isAbsolute(found)) throw new Error(`${compiler} has no ${name}`);
    return realpathSync(found);
  };
  const where = (name) => (reports === null ? '' : `:log_path=${path.join(reports, name)}`);
  return {
    // libstdc++ too: Node brings its own inside, and the interceptor of exceptions must find one at start.
    LD_PRELOAD: [library('libasan.so'), library('libubsan.so'), library('libstdc++.so')].join(':'),
    // Node frees little at exit, and V8 reserves more address space than the default limit of a shadow map allows.
    ASAN_OPTIONS: `detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0:allocator_may_return_null=1${where('asan')}`,
    UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:abort_on_error=1${where('ubsan')}`,
    PARAPET_ADDON: path.join(root, 'build', folder, 'parapet.node'),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const entries = Object.entries(sanitizerEnvironment(process.argv[2]));
  console.log(entries.map(([name, value]) => `${name}=${value}`).join('\n'));
}

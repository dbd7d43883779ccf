// Builds the native engine for the pinned Node, whatever Node and whatever headers the machine has.
//
//   build-native.mjs                                 build/Release/parapet.node, with node-gyp
//   build-native.mjs --sanitize=address,undefined    build/asan/parapet.node (see asan-node.mjs)
//   build-native.mjs --sanitize=... --define=NAME    build/asan-NAME/parapet.node, compiled with -DNAME
//   build-native.mjs --if-missing                    nothing where build/Release/parapet.node exists
//   build-native.mjs --check-tools                  only looks for the tools that a build needs
//   build-native.mjs --optional                      a failure is told, but is not an error (npm install)
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import {
  addonSources,
  buildEnvironment,
  filesBelow,
  fingerprint,
  pinnedNode,
  requireToolchain,
  root,
  run,
  runMain,
  SetupError,
  withLock,
} from './toolchain.mjs';

const buildTimeoutMs = 10 * 60_000;

/** What the release build depends on; equal fingerprints make it unnecessary. */
export function nativeFingerprint(pinned) {
  const scripts = ['binding.gyp', 'scripts/native-flags.mjs', 'scripts/list-sources.mjs'];
  return fingerprint(
    [...scripts, ...filesBelow('native/core', ['.cc', '.h']), ...filesBelow('native/binding', ['.cc', '.h'])],
    [pinned.version, process.arch, process.env.CXX ?? 'g++'],
  );
}

export const addonPath = path.join(root, 'build', 'Release', 'parapet.node');
const stampPath = path.join(root, 'build', 'native.stamp');

/** True when the addon exists and was built from just these sources. */
export function isBuilt(pinned) {
  if (!existsSync(addonPath) || !existsSync(stampPath)) return false;
  return readFileSync(stampPath, 'utf8') === nativeFingerprint(pinned);
}

/** Builds the release addon; does nothing when it is built already. */
export async function buildRelease(pinned, log = console.log) {
  if (!isBuilt(pinned)) await withLock('native', () => build(pinned, log));
}

async function build(pinned, log) {
  if (isBuilt(pinned)) return;
  await requireToolchain();
  const stamp = nativeFingerprint(pinned);
  log('parapet: building the native engine');
  const nodeGyp = createRequire(path.join(root, 'package.json')).resolve('node-gyp/bin/node-gyp.js');
  const args = [nodeGyp, 'configure', 'build', '--jobs', '2', '--nodedir', pinned.headers];
  // gyp finds `node` by name when it lists the sources: let it find the pinned one.
  const env = buildEnvironment({
    PATH: `${path.dirname(pinned.node)}:${process.env.PATH ?? ''}`,
    npm_config_nodedir: pinned.headers,
  });
  const { code, output, timedOut } = await run(pinned.node, args, { env, timeoutMs: buildTimeoutMs });
  if (code !== 0) {
    process.stderr.write(output.replaceAll(/^gyp info .*\n/gm, ''));
    throw new SetupError(
      timedOut
        ? 'the build of the native engine took too long'
        : 'the native engine does not build (see above)',
    );
  }
  if (!existsSync(addonPath))
    throw new SetupError(`node-gyp ended well, but made no ${path.relative(root, addonPath)}`);
  // Written last: a build that was interrupted is done again.
  writeFileSync(stampPath, stamp);
}

async function main() {
  const args = process.argv.slice(2);
  const option = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  if (args.includes('--check-tools')) {
    await requireToolchain();
    return;
  }
  const pinned = pinnedNode();
  if (pinned === null)
    throw new SetupError(`the package node-linux-${process.arch} is not installed: npm ci --ignore-scripts`);
  const sanitize = option('sanitize');
  if (sanitize === undefined) {
    if (args.includes('--if-missing') && existsSync(addonPath)) return;
    await buildRelease(pinned);
    return;
  }
  const { buildSanitized } = await import('./runners/support/compile.mjs');
  const define = option('define');
  const folder = path.join(root, 'build', define === undefined ? 'asan' : `asan-${define}`);
  mkdirSync(folder, { recursive: true });
  await requireToolchain();
  await buildSanitized({
    sources: addonSources(),
    sanitize,
    define,
    headers: pinned.headers,
    output: path.join(folder, 'parapet.node'),
  });
  console.log(path.relative(root, path.join(folder, 'parapet.node')));
}

if (process.argv[1] === path.join(root, 'scripts', 'build-native.mjs')) {
  if (process.argv.includes('--optional')) {
    await main().catch((error) => {
      console.error(`parapet: ${error.message}`);
      console.error(
        'parapet: the native engine was not built; it is tried again at the first start, and engine: uws works without it',
      );
    });
  } else {
    await runMain(main);
  }
}

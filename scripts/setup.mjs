// The bootstrap: from a fresh clone to a tree in which everything runs, with nothing but Node 20 or later, npm,
// python3, g++ and make on the machine. Installs the locked packages (the pinned Node among them), compiles the choice
// of tap's plugins, builds the native engine, and loads it under the pinned Node in two workers. Every step has a stamp
// of what it depends on and does nothing while that matches. Generated files are part of the repository: they are
// checked by the tests, never made here.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addonPath, buildRelease, isBuilt, nativeFingerprint } from './build-native.mjs';
import {
  buildEnvironment,
  fingerprint,
  pinnedNode,
  requireToolchain,
  root,
  run,
  runMain,
  SetupError,
  withLock,
} from './toolchain.mjs';

const nodeMajorMin = 20;
const installTimeoutMs = 10 * 60_000;
const tapTimeoutMs = 5 * 60_000;
const probeTimeoutMs = 60_000;

const installStamp = path.join(root, 'node_modules', '.parapet-install');
const probeStamp = path.join(root, 'build', 'probe.stamp');

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function requireMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < nodeMajorMin) {
    throw new SetupError(`Node ${nodeMajorMin} or later is needed to install; this is ${process.version}`);
  }
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new SetupError(
      `Parapet runs on Linux, on x64 or arm64; this is ${process.platform} on ${process.arch}`,
    );
  }
}

/** The PATH without the folders that the install is about to replace. */
function outsidePath() {
  const inside = path.join(root, 'node_modules');
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.filter((folder) => !path.resolve(folder).startsWith(inside)).join(path.delimiter);
}

async function step(what, command, args, options) {
  console.log(`parapet: ${what}`);
  const { code, output, timedOut } = await run(command, args, options);
  if (code === 0) return;
  process.stderr.write(output);
  throw new SetupError(`${what}: ${timedOut ? 'took too long' : `failed with exit code ${code}`}`);
}

async function install() {
  const wanted = fingerprint(['package-lock.json', '.taprc'], [process.arch]);
  if (read(installStamp) === wanted && pinnedNode() !== null) return;
  const env = buildEnvironment({ PATH: outsidePath() });
  // Told as one line, not as a stack of npm's own: the lockfile is what an operator of a mirror looks at first.
  await step('installing packages (npm ci)', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    env,
    timeoutMs: installTimeoutMs,
  });
  const pinned = pinnedNode();
  if (pinned === null) {
    throw new SetupError(
      `npm ci left out node-linux-${process.arch}: do not omit optional packages (npm config get omit)`,
    );
  }
  const tap = path.join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  await step('preparing the test runner (tap build)', pinned.node, [tap, 'build'], {
    env: { ...env, PATH: `${path.dirname(pinned.node)}${path.delimiter}${env.PATH}` },
    timeoutMs: tapTimeoutMs,
  });
  writeFileSync(installStamp, wanted);
}

/** Loads the addon in two worker threads of the pinned Node at once: an image that only loads once is of no use. */
async function probe(pinned) {
  const wanted = nativeFingerprint(pinned);
  if (read(probeStamp) === wanted) return;
  const source = `
    const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
    if (isMainThread) {
      let left = 2;
      for (let i = 0; i < 2; i += 1) {
        const worker = new Worker(__filename, { workerData: process.argv[2] });
        worker.on('error', (error) => { console.error(error); process.exitCode = 1; });
        worker.on('message', (version) => { left -= 1; if (left === 0) console.log('loaded ' + version); });
      }
    } else {
      parentPort.postMessage(require(workerData).version());
    }`;
  const file = path.join(root, 'build', 'probe.cjs');
  writeFileSync(file, source);
  const { code, output } = await run(pinned.node, [file, addonPath], { timeoutMs: probeTimeoutMs });
  if (code !== 0 || !output.includes('loaded ')) {
    process.stderr.write(output);
    throw new SetupError(`the native engine does not load under Node ${pinned.version}`);
  }
  writeFileSync(probeStamp, wanted);
}

await runMain(async () => {
  requireMachine();
  const pinnedBefore = pinnedNode();
  // Before the download of packages, so that a missing compiler is told in a second and not after a minute.
  if (pinnedBefore === null || !isBuilt(pinnedBefore)) await requireToolchain();
  await withLock('setup', async () => {
    await install();
    const pinned = pinnedNode();
    await buildRelease(pinned);
    await probe(pinned);
  });
});

#!/usr/bin/env node
// The command. Runs Parapet under the pinned Node, whatever Node the machine starts this file with: from the sources
// (src/main.ts, types stripped) in the repository, from dist/ in an installed package, where Node strips no types.
// Every signal and the exit code pass through.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const supportedMajor = 24;
const forwardedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const isInstalled = root.split(path.sep).includes('node_modules');
const main = isInstalled ? path.join(root, 'dist', 'main.js') : path.join(root, 'src', 'main.ts');
const addon = path.join(root, 'build', 'Release', 'parapet.node');

function fail(message) {
  console.error(`parapet: ${message}`);
  process.exit(1);
}

/** The pinned Node as `{ version, node }`, or null where its package is not installed. */
function findPinned() {
  try {
    const manifest = createRequire(path.join(root, 'package.json')).resolve(
      `node-linux-${process.arch}/package.json`,
    );
    const node = path.join(path.dirname(manifest), 'bin', 'node');
    return existsSync(node) ? { version: JSON.parse(readFileSync(manifest, 'utf8')).version, node } : null;
  } catch {
    return null;
  }
}

if (!existsSync(main)) fail(`${main} is missing: the package is not whole`);
const pinned = findPinned();

if (!existsSync(addon)) {
  // Installed with --ignore-scripts, or a fresh clone that nobody set up. A failure is told, and left to `engine`:
  // uws works without the addon, native says what is missing.
  const builder = path.join(root, 'scripts', 'build-native.mjs');
  spawnSync(process.execPath, [builder, '--if-missing', '--optional'], { stdio: ['ignore', 2, 2] });
}

const isPinned = pinned !== null && pinned.version === process.versions.node;
const isSupported = Number(process.versions.node.split('.')[0]) === supportedMajor;
if (isPinned || (pinned === null && isSupported)) {
  await import(pathToFileURL(main).href);
} else if (pinned === null) {
  const name = `node-linux-${process.arch}`;
  fail(
    `Node ${supportedMajor} is needed; this is ${process.version}, and the package ${name} is not installed`,
  );
} else {
  const child = spawn(pinned.node, [...process.execArgv, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of forwardedSignals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${pinned.node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of forwardedSignals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

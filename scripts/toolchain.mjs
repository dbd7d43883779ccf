// What every build script needs to know: where the pinned Node and its headers are, which native sources there are,
// and how to run a command with a time limit. Plain JavaScript for Node 20 or later; nothing here needs a dependency.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export const root = path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  '..',
);

/** An error that the person at the keyboard can act upon: printed without a stack. */
export class SetupError extends Error {}

/**
 * The pinned runtime: `{ version, node, headers }`, with the paths of its binary and of the folder to give to
 * `--nodedir` (it holds `include/node`). Null where its package is not installed.
 */
export function pinnedNode() {
  const name = `node-linux-${process.arch}`;
  let manifest;
  try {
    manifest = createRequire(path.join(root, 'package.json')).resolve(`${name}/package.json`);
  } catch {
    return null;
  }
  const folder = path.dirname(manifest);
  const node = path.join(folder, 'bin', 'node');
  if (!existsSync(node)) return null;
  return { version: JSON.parse(readFileSync(manifest, 'utf8')).version, node, headers: folder };
}

/** Every file below `folder` (relative to the root) whose name ends with one of `endings`, sorted, relative. */
export function filesBelow(folder, endings) {
  const found = [];
  const visit = (at) => {
    for (const entry of readdirSync(path.join(root, at), { withFileTypes: true })) {
      const name = path.posix.join(at, entry.name);
      if (entry.isDirectory()) visit(name);
      else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(name);
    }
  };
  if (existsSync(path.join(root, folder))) visit(folder);
  return found.sort();
}

/** The sources of the addon. */
export function addonSources() {
  return [...filesBelow('native/binding', ['.cc']), ...filesBelow('native/core', ['.cc'])];
}

/** A hash over names and contents of `files` (relative to the root) and over `extra` strings. */
export function fingerprint(files, extra = []) {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text.length}:${text}\n`);
  for (const file of files) {
    const bytes = readFileSync(path.join(root, file));
    hash.update(`${file}:${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

const running = new Set();

function killAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

let isWatching = false;
/** Makes the end of this process the end of what it runs; a signal ends it in the ordinary way, exit handlers and all. */
function watchExit() {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', killAll);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => process.exit(code));
  }
}

/**
 * Runs a command in its own process group and answers `{ code, signal, output, timedOut }`; never rejects for a
 * failing command. `output` is standard output, followed by standard error where `merge` asks for it; `echo` shows
 * both as they come. The whole group is killed after `timeoutMs`, and when this process ends.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number, echo?: boolean, merge?: boolean }} options
 * @returns {Promise<{ code: number | null, signal: string | null, output: string, timedOut: boolean }>}
 */
export function run(command, args, options) {
  const { cwd = root, env = process.env, timeoutMs, echo = false, merge = true } = options;
  if (!(timeoutMs > 0)) throw new Error(`run ${command}: a time limit is needed`);
  watchExit();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const chunks = [];
    let timedOut = false;
    running.add(child);
    const timer = setTimeout(() => {
      timedOut = true;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }, timeoutMs);
    const finish = (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, signal, output: Buffer.concat(chunks).toString('utf8'), timedOut });
    };
    child.stdout.on('data', (chunk) => {
      chunks.push(chunk);
      if (echo) process.stdout.write(chunk);
    });
    child.stderr.on('data', (chunk) => {
      if (merge) chunks.push(chunk);
      if (echo || !merge) process.stderr.write(chunk);
    });
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(127, null);
    });
    child.on('close', finish);
  });
}

const lockWaitMs = 15 * 60_000;
const lockPollMs = 200;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other process of this tree does work under the same name; takes over from a dead holder. */
export async function withLock(name, work) {
  const file = path.join(root, 'build', `${name}.lock`);
  mkdirSync(path.dirname(file), { recursive: true });
  for (let waitedMs = 0; ; waitedMs += lockPollMs) {
    try {
      writeFileSync(file, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let holder = 0;
    try {
      holder = Number(readFileSync(file, 'utf8'));
    } catch {
      continue;
    }
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    else if (waitedMs === 0)
      console.error(`parapet: waiting for process ${holder}, which holds ${path.relative(root, file)}`);
    if (waitedMs > lockWaitMs)
      throw new SetupError(`process ${holder} does not let go of ${path.relative(root, file)}`);
    await new Promise((resolve) => setTimeout(resolve, lockPollMs));
  }
  watchExit();
  const release = () => rmSync(file, { force: true });
  process.on('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** The environment for a tool that builds for the pinned Node: no setting of the caller may name other headers. */
export function buildEnvironment(extra = {}) {
  const env = { ...process.env, ...extra };
  for (const name of Object.keys(env)) {
    if (/^npm_config_(nodedir|node_gyp|target|runtime|disturl|dist_url|tarball|arch|devdir)$/i.test(name))
      delete env[name];
  }
  return env;
}

/** Throws a SetupError that names every tool of the C++ toolchain that is missing, and how to get it on Debian. */
export async function requireToolchain() {
  const tools = [
    ['python3', ['--version'], 'python3'],
    [process.env.CXX ?? 'g++', ['--version'], 'g++'],
    ['make', ['--version'], 'make'],
  ];
  const missing = [];
  for (const [command, args, debian] of tools) {
    const { code } = await run(command, args, { timeoutMs: 20_000 });
    if (code !== 0) missing.push({ command, debian });
  }
  if (missing.length === 0) return;
  const names = missing.map(({ command }) => command).join(', ');
  throw new SetupError(
    `the native engine is built from source, and these tools are missing or do not run: ${names}\n` +
      `on Debian or Ubuntu: apt-get install ${missing.map(({ debian }) => debian).join(' ')}`,
  );
}

/** Runs `main`; a SetupError ends the process with its message alone, any other error with its stack. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof SetupError ? `parapet: ${error.message}` : error);
    process.exitCode = 1;
  }
}

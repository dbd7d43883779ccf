// Compiles native code outside node-gyp: tests, stress programs and fuzz targets of native/core, and the addon with
// sanitizers. Objects are kept in build/objects under a hash of compiler, flags and source name, beside the hashes of
// every file that the compiler read for them, so that each is compiled once for all programs that link it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nativeFlags } from '../../native-flags.mjs';
import { filesBelow, pinnedNode, root, run, SetupError } from '../../toolchain.mjs';

const objectFolder = path.join(root, 'build', 'objects');
const compileTimeoutMs = 5 * 60_000;
const jobsDefault = 2;

/** Compiler and flags of one kind of build. */
export function variant(kind) {
  // The headers of OpenSSL are those of the pinned Node, in every build.
  const headers = path.join(pinnedNode().headers, 'include', 'node');
  const common = [...nativeFlags, '-g', '-pthread', '-Inative', '-isystem', headers, '-D_GLIBCXX_ASSERTIONS'];
  const gcc = process.env.CXX ?? 'g++';
  const sanitized = (list) => [`-fsanitize=${list}`, '-fno-sanitize-recover=all'];
  switch (kind) {
    case 'asan':
      return {
        name: kind,
        compiler: gcc,
        flags: [...common, '-O1', ...sanitized('address,undefined'), '-fno-sanitize=vptr'],
      };
    case 'tsan':
      return { name: kind, compiler: gcc, flags: [...common, '-O1', ...sanitized('thread')] };
    case 'fuzz': {
      // Another compiler finds other things to warn about: its warnings are not errors.
      const flags = common.filter((flag) => flag !== '-Werror');
      return {
        name: kind,
        compiler: 'clang++-14',
        flags: [...flags, '-O1', ...sanitized('fuzzer-no-link,address,undefined')],
      };
    }
    default:
      throw new Error(`no native build is called ${kind}`);
  }
}

const hashes = new Map();

function hashOf(file) {
  let hash = hashes.get(file);
  if (hash === undefined) {
    hash = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'missing';
    hashes.set(file, hash);
  }
  return hash;
}

/** The files that a depfile of the compiler names, as absolute paths. */
function dependenciesIn(text) {
  const joined = text.replaceAll('\\\n', ' ');
  const list = joined.slice(joined.indexOf(':') + 1);
  return list
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => path.resolve(root, name));
}

function isFresh(object, record) {
  if (!existsSync(object) || !existsSync(record)) return false;
  const { dependencies } = JSON.parse(readFileSync(record, 'utf8'));
  return Object.entries(dependencies).every(([file, hash]) => hashOf(file) === hash);
}

async function compileOne(source, { compiler, flags }) {
  const key = createHash('sha256')
    .update(JSON.stringify([compiler, flags, source]))
    .digest('hex')
    .slice(0, 24);
  const object = path.join(objectFolder, `${key}.o`);
  const record = path.join(objectFolder, `${key}.json`);
  if (isFresh(object, record)) return object;
  const partial = path.join(objectFolder, `${key}.${process.pid}`);
  const args = [...flags, '-MMD', '-MF', `${partial}.d`, '-c', source, '-o', `${partial}.o`];
  const { code, output, timedOut } = await run(compiler, args, { timeoutMs: compileTimeoutMs });
  if (code !== 0) {
    rmSync(`${partial}.d`, { force: true });
    throw new SetupError(`${source} does not compile${timedOut ? ' in time' : ''}:\n${output}`);
  }
  const files = dependenciesIn(readFileSync(`${partial}.d`, 'utf8'));
  const dependencies = Object.fromEntries(files.map((file) => [file, hashOf(file)]));
  renameSync(`${partial}.o`, object);
  writeFileSync(record, JSON.stringify({ source, dependencies }));
  rmSync(`${partial}.d`, { force: true });
  return object;
}

/** Runs `work` on every item, at most `jobs` of them at once, and answers the results in order. */
export async function inParallel(items, work, jobs = jobsDefault) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, lane));
  return results;
}

/** Compiles `sources` (relative to the root) and answers their objects, in the same order. */
export async function compileAll(sources, build) {
  mkdirSync(objectFolder, { recursive: true });
  return await inParallel(sources, (source) => compileOne(source, build));
}

/**
 * Compiles all of native/core into one archive, so that a program links only what it uses, and answers
 * `{ archive, faults }`: a source that does not compile is told, and does not keep others from being tested.
 */
export async function buildCore(build) {
  const sources = filesBelow('native/core', ['.cc']);
  const faults = [];
  mkdirSync(objectFolder, { recursive: true });
  const objects = await inParallel(sources, async (source) => {
    try {
      return await compileOne(source, build);
    } catch (error) {
      faults.push(error.message);
      return null;
    }
  });
  const archive = path.join(root, 'build', 'native', build.name, 'core.a');
  mkdirSync(path.dirname(archive), { recursive: true });
  const partial = `${archive}.${process.pid}`;
  const members = objects.filter((object) => object !== null);
  const { code, output } = await run('ar', ['rcs', partial, ...members], { timeoutMs: compileTimeoutMs });
  if (code !== 0) throw new SetupError(`native/core does not make an archive:\n${output}`);
  renameSync(partial, archive);
  return { archive, faults };
}

async function link(build, args, output) {
  mkdirSync(path.dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}`;
  const result = await run(build.compiler, [...build.flags, ...args, '-o', partial], {
    timeoutMs: compileTimeoutMs,
  });
  if (result.code !== 0)
    throw new SetupError(`${path.relative(root, output)} does not link:\n${result.output}`);
  renameSync(partial, output);
}

/** Links `source` with the `shared` archives into build/native/KIND/NAME and answers its path. */
export async function buildProgram(source, shared, build, linkFlags = []) {
  const output = path.join(root, 'build', 'native', build.name, path.basename(source, '.cc'));
  const objects = await compileAll([source], build);
  await link(build, [...objects, ...shared, ...linkFlags], output);
  return output;
}

/** Builds the addon with sanitizers; what it is loaded with is told by scripts/asan-node.mjs. */
export async function buildSanitized({ sources, sanitize, define, headers, output }) {
  const flags = [
    ...nativeFlags,
    '-g',
    '-O1',
    '-pthread',
    '-Inative',
    '-isystem',
    path.join(headers, 'include', 'node'),
    '-DNAPI_VERSION=9',
    '-DNODE_GYP_MODULE_NAME=parapet',
    '-DBUILDING_NODE_EXTENSION',
    '-D_FILE_OFFSET_BITS=64',
    '-D_GLIBCXX_ASSERTIONS',
    `-fsanitize=${sanitize}`,
    '-fno-sanitize-recover=all',
    ...(sanitize.includes('undefined') ? ['-fno-sanitize=vptr'] : []),
    ...(define === undefined ? [] : [`-D${define}`]),
  ];
  const build = { name: 'addon', compiler: process.env.CXX ?? 'g++', flags };
  await link(build, ['-shared', ...(await compileAll(sources, build))], output);
}

// Rewrites package-lock.json after a change of dependencies. The result names no registry address, and has an entry
// for every platform package that an installed package lists, also for the ones that a partial mirror does not
// carry: `npm ci` refuses a lockfile that lacks one, although it would never install it here.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const lockPath = path.join(root, 'package-lock.json');

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** The `os`, `cpu` and `libc` limits that the name of a platform package tells, or null where it tells none. */
function limitsOfName(name) {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (cpu === undefined || (os === undefined && cpu !== 'wasm32')) return null;
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
  return { ...(os === undefined ? {} : { os: [os] }), cpu: [cpu], ...libc };
}

/** The entry that `name`, wanted by the package at `from`, resolves to, walking outwards as Node does. */
function find(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const key = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[key] !== undefined) return packages[key];
    if (at === '' || !at.includes('/node_modules/')) break;
  }
  return packages[`node_modules/${name}`];
}

// In an empty folder: beside installed packages npm takes entries from them, without their integrity hashes.
const folder = mkdtempSync(path.join(tmpdir(), 'parapet-lock-'));
copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
execFileSync('npm', ['install', '--ignore-scripts', '--package-lock-only'], {
  cwd: folder,
  stdio: 'inherit',
});
const lock = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8'));
rmSync(folder, { recursive: true });
let added = 0;
for (const [at, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (find(lock.packages, at, name) !== undefined) continue;
    const limits = limitsOfName(name);
    if (limits === null)
      throw new Error(`${name}, wanted by ${at}, is missing and its name tells no platform`);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...limits,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  `package-lock.json: ${Object.keys(lock.packages).length} packages, ${added} platform entries added`,
);

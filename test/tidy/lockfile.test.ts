/** The packages are pinned, from the public registry, and the runtime is one version on every processor. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';

interface Package {
  version: string;
  resolved?: string;
  integrity?: string;
  optional?: boolean;
}
const json = (name: string): unknown => JSON.parse(readFileSync(path.join(root, name), 'utf8'));
const manifest = json('package.json') as Record<string, Record<string, string>>;
const lock = json('package-lock.json') as { packages: Record<string, Package> };

t.test('every dependency is given as one exact version, or as an alias of one', async (t) => {
  for (const group of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[group] ?? {})) {
      t.match(version, /^(?:npm:[@\w./-]+@)?\d+\.\d+\.\d+$/, name);
    }
  }
});

t.test('the pinned Node is the same for every processor', async (t) => {
  const versions = Object.entries(manifest['optionalDependencies'] ?? {}).filter(([name]) =>
    name.startsWith('node-linux-'),
  );
  t.equal(versions.length, 2);
  t.equal(new Set(versions.map(([, version]) => version)).size, 1);
});

t.test(
  'the lockfile names no registry but the public one, and has a hash for what may be installed',
  async (t) => {
    const entries = Object.entries(lock.packages).filter(([at]) => at !== '');
    t.ok(entries.length > 100);
    for (const [at, { resolved, integrity, optional }] of entries) {
      if (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))
        t.fail(`${at}: ${resolved}`);
      if (integrity === undefined && optional !== true) t.fail(`${at} has no hash`);
    }
  },
);

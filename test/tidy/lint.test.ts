/** The linter is itself checked: each of these files has one fault that our configuration must catch. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { pinnedNode, root, run } from '../../scripts/toolchain.mjs';

const faults: Record<string, { rule: string; text: string }> = {
  'clock-elsewhere.ts': {
    rule: 'no-restricted-properties',
    text: 'export const now = (): number => Date.now();\n',
  },
  'random-elsewhere.ts': {
    rule: 'no-restricted-properties',
    text: 'export const roll = (): number => Math.random();\n',
  },
  'environment-elsewhere.ts': {
    rule: 'no-restricted-properties',
    text: "export const home = process.env['HOME'];\n",
  },
  'promise-forgotten.ts': {
    rule: 'no-floating-promises',
    text: 'const wait = async (): Promise<void> => {};\nexport const start = (): void => {\n  wait();\n};\n',
  },
  'cycle-a.ts': {
    rule: 'no-cycle',
    text: "import type { B } from './cycle-b.ts';\nexport interface A {\n  b: B;\n}\n",
  },
  'cycle-b.ts': {
    rule: 'no-cycle',
    text: "import type { A } from './cycle-a.ts';\nexport interface B {\n  a: A;\n}\n",
  },
  'function-too-long.ts': {
    rule: 'max-lines-per-function',
    text: `export function long(x: number): number {\n${'  x += 1;\n'.repeat(80)}  return x;\n}\n`,
  },
  'file-too-long.ts': {
    rule: 'max-lines',
    text: Array.from({ length: 401 }, (_, i) => `export const line${i} = ${i};\n`).join(''),
  },
};

t.test(
  'each planted fault is caught by its rule, type-aware rules and type-only cycles included',
  async (t) => {
    const folder = t.testdir({ src: { lib: {} } });
    for (const [name, { text }] of Object.entries(faults))
      writeFileSync(path.join(folder, 'src/lib', name), text);
    // A file that the table names may do what others may not.
    writeFileSync(path.join(folder, 'src/lib/clock.ts'), 'export const now = (): number => Date.now();\n');
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      writeFileSync(path.join(folder, name), readFileSync(path.join(root, name)));
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    mkdirSync(path.join(folder, '.git'));
    const bin = path.join(root, 'node_modules/oxlint/bin/oxlint');
    const node = pinnedNode()?.node ?? process.execPath;
    const report = await run(node, [bin, '-f', 'json'], { cwd: folder, timeoutMs: 60_000, merge: false });
    const { diagnostics } = JSON.parse(report.output) as {
      diagnostics: { code: string; filename: string }[];
    };
    t.equal(report.code, 1);
    for (const [name, { rule }] of Object.entries(faults)) {
      const found = diagnostics.filter(({ filename }) => path.basename(filename) === name);
      t.ok(
        found.some(({ code }) => code.includes(`(${rule})`)),
        `${rule} in ${name}: ${JSON.stringify(found.map(({ code }) => code))}`,
      );
    }
    t.notOk(
      diagnostics.some(({ filename }) => filename.endsWith('/clock.ts')),
      'the named file is free',
    );
  },
);

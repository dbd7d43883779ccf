// The table of layers, held by dependency-cruiser. The canary folder, which breaks it on purpose, must be caught:
// with a parser that does not understand the sources the tool reports no violation in no module, and exits with 0.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pinnedNode, root, run } from '../toolchain.mjs';
import { emptyResult, fail, pass, runAlone } from './support/result.mjs';

const timeoutMs = 120_000;

/**
 * Cruises `src/` below `folder` (relative to the root) and answers `{ modules, violations }`, a violation as
 * `{ rule, from, to }`; throws where the tool itself fails.
 *
 * @param {string} [folder]
 * @returns {Promise<{ modules: number, violations: { rule: string, from: string, to: string }[] }>}
 */
export async function cruise(folder = '.') {
  const bin = path.join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const config = path.join(root, '.dependency-cruiser.cjs');
  const cwd = path.join(root, folder);
  const args = [bin, '--config', config, '--output-type', 'json', 'src'];
  const { output } = await run(pinnedNode().node, args, { cwd, timeoutMs, merge: false });
  const { summary } = JSON.parse(output);
  const violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
  return { modules: summary.totalCruised, violations };
}

export async function layers() {
  const result = emptyResult('layers');
  try {
    if (!existsSync(path.join(root, 'src'))) return result;
    const { modules, violations } = await cruise();
    result.looked = modules;
    const lines = violations.map(({ rule, from, to }) => `${rule}: ${from} -> ${to}`);
    if (lines.length === 0) pass(result);
    else fail(result, lines.join('\n'));
  } catch (error) {
    fail(result, `dependency-cruiser failed: ${error.message}`);
  }
  return result;
}

await runAlone(import.meta.url, layers);

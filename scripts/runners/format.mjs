// Biome: format and import order, without changing anything.
import path from 'node:path';
import { pinnedNode, root, run } from '../toolchain.mjs';
import { runAlone, toolResult } from './support/result.mjs';

const timeoutMs = 60_000;

export async function format() {
  const bin = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const report = await run(pinnedNode().node, [bin, 'check', '.', '--max-diagnostics=20'], { timeoutMs });
  const count = /Checked (\d+) files?/.exec(report.output)?.[1] ?? 0;
  return toolResult('format', report, Number(count));
}

await runAlone(import.meta.url, format);

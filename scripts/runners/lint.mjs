// oxlint, type-aware, over everything; a warning is a failure.
import path from 'node:path';
import { pinnedNode, root, run } from '../toolchain.mjs';
import { runAlone, toolResult } from './support/result.mjs';

const timeoutMs = 120_000;

export async function lint() {
  const bin = path.join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const report = await run(pinnedNode().node, [bin], { timeoutMs });
  const count = /on (\d+) files?/.exec(report.output)?.[1] ?? 0;
  return toolResult('lint', report, Number(count));
}

await runAlone(import.meta.url, lint);

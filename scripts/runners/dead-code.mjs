// knip: files, exports and dependencies that nothing uses.
import path from 'node:path';
import { filesBelow, pinnedNode, root, run } from '../toolchain.mjs';
import { runAlone, toolResult } from './support/result.mjs';

const timeoutMs = 120_000;

export async function deadCode() {
  const bin = path.join(root, 'node_modules', 'knip', 'bin', 'knip.js');
  const report = await run(pinnedNode().node, [bin, '--no-progress'], { timeoutMs });
  return toolResult('dead code', report, filesBelow('src', ['.ts']).length);
}

await runAlone(import.meta.url, deadCode);

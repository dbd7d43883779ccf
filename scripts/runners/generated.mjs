// Generated files are part of the repository; this makes them again, in memory, and fails when one differs.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pinnedNode, root, run } from '../toolchain.mjs';
import { runAlone, toolResult } from './support/result.mjs';

const timeoutMs = 60_000;

export async function generated() {
  const script = path.join(root, 'scripts', 'generate.mjs');
  const report = await run(pinnedNode().node, [script, '--check'], { timeoutMs });
  const generators = readdirSync(path.join(root, 'scripts', 'generate')).filter((name) =>
    name.endsWith('.mjs'),
  );
  return toolResult('generated', report, generators.length);
}

await runAlone(import.meta.url, generated);

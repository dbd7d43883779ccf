// The TypeScript compiler over sources, tests and benchmarks.
import path from 'node:path';
import { pinnedNode, root, run } from '../toolchain.mjs';
import { runAlone, toolResult } from './support/result.mjs';

const timeoutMs = 120_000;

export async function typecheck() {
  const bin = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const tsc = (...args) => run(pinnedNode().node, [bin, '-p', 'tsconfig.json', ...args], { timeoutMs });
  const list = await tsc('--listFilesOnly');
  const looked = list.output
    .split('\n')
    .filter((line) => line !== '' && !line.includes('node_modules')).length;
  return toolResult('typecheck', await tsc(), looked);
}

await runAlone(import.meta.url, typecheck);

/** Fills a store with many small objects before the rounds, so that what a hit costs can be seen beside a large index. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigObject } from '../../test/support/config.ts';
import { runWrk } from './client.ts';
import type { LineCounter, Subject } from './subject.ts';

/** Where the origin has them: any path below it is one. */
export const objectsPath = '/object/';
/** Key, head and body of one, with rounding, entry and index. */
const bytesOfOne = 1152;
const legSeconds = 10;

/** What the store needs for so many. */
export function storeFor(count: number): ConfigObject {
  const mib = Math.ceil((count * bytesOfOne) / 2 ** 20) + 256;
  return { store: { bytesMax: `${mib}MiB` } };
}

/** wrk asks for one after the other, or for any of them. */
function script(first: number, count: number, isRandom: boolean): string {
  const next = isRandom ? `math.random(1, ${count})` : 'at';
  return [
    `local at = ${first}`,
    'math.randomseed(20)',
    'request = function()',
    '  at = at + 1',
    `  return wrk.format(nil, "${objectsPath}" .. string.format("%d", ${next}))`,
    'end',
    '',
  ].join('\n');
}

export interface LoadOptions {
  connections: number;
  core: number;
}

/** Objects with the numbers 1 to `count`, asked for once each. `report` is told how many have been. */
export async function fill(
  subject: Subject,
  counter: LineCounter,
  count: number,
  options: LoadOptions,
  report: (done: number) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-objects-'));
  const file = join(folder, 'next.lua');
  try {
    for (let done = 0; done < count; ) {
      writeFileSync(file, script(done, count, false));
      const { responses, faults } = await runWrk(subject.address, objectsPath, {
        ...options,
        seconds: legSeconds,
        isTls: false,
        script: file,
      });
      if (faults !== '') throw new Error(`${subject.name}: ${faults}`);
      done += responses;
      await subject.settled();
      await counter.empty();
      report(done);
    }
    const held = (await subject.objects?.()) ?? 0;
    if (held < count) throw new Error(`${subject.name} holds ${held} objects, not ${count}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls `use` with a script that asks for any of them, each as likely as the others. */
export async function withRandom<T>(count: number, use: (script: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-objects-'));
  const file = join(folder, 'any.lua');
  writeFileSync(file, script(0, count, true));
  try {
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

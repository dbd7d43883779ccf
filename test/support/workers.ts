/**
 * Which worker serves a connection: ray ids of one worker follow each other, those of two are far apart, so that the ray
 * ids of a first exchange sort connections by worker.
 */
import type { Parapet } from './parapet.ts';
import { RawClient } from './raw-client.ts';

const neighbourhood = 1n << 32n;

export interface Placed {
  client: RawClient;
  /** From 0, in the order in which the workers were met. */
  worker: number;
}

/** Opens connections until each of `workers` workers serves at least `each` of them. */
export async function spread(parapet: Parapet, workers: number, each: number): Promise<Placed[][]> {
  const groups: { ray: bigint; placed: Placed[] }[] = [];
  for (let tries = 0; tries < 64 * workers * each; tries += 1) {
    const client = await RawClient.connect(parapet.listener());
    const answer = await client.request('/placing');
    const ray = BigInt(`0x${answer.field('parapet-ray') ?? '0'}`);
    let worker = groups.findIndex(
      (group) => BigInt.asUintN(64, ray - group.ray + neighbourhood) < 2n * neighbourhood,
    );
    if (worker < 0) worker = groups.push({ ray, placed: [] }) - 1;
    const group = groups[worker] as (typeof groups)[number];
    if (group.placed.length < each) group.placed.push({ client, worker });
    else client.destroy();
    if (groups.length >= workers && groups.every(({ placed }) => placed.length >= each)) {
      return groups.map(({ placed }) => placed);
    }
  }
  throw new Error(`${groups.length} workers answered, not ${workers}`);
}

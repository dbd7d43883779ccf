/** Puts the policy of an edge worker behind the native binding. */
import type { Binding } from '../engine/native/binding.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { Policy, type PolicySnapshot } from '../pipeline/index.ts';

/** The questions that the policy asks while it decides, answered by the engine of this thread. */
function nativePorts(binding: Binding): EnginePorts {
  return {
    lookup: (key, length) => binding.engineLookup(key, length),
    readStoredHead: (object, generation) => binding.engineReadStoredHead(object, generation),
    putMarker: (key, length, flags, until, body, bodyLength) =>
      binding.enginePutMarker(key, length, flags, until, body, bodyLength),
    purge: (key, length, soft) => binding.enginePurge(key, length, soft),
  };
}

/**
 * The policy of a worker. `onBatch` of what it returns is the callback that the engine takes; a snapshot is prepared,
 * committed and retained between two batches.
 *
 * @param arena of the engine; the policy may be built before its first batch, not before the engine
 * @param workerIndex slot of the worker
 * @param matchCounts where matches of rules are counted, shared by all workers
 */
export function buildPolicy(
  arena: ArrayBuffer,
  binding: Binding,
  snapshot: PolicySnapshot,
  workerIndex: number,
  matchCounts: Int32Array,
): Policy {
  return new Policy(arena, nativePorts(binding), snapshot, workerIndex, matchCounts);
}

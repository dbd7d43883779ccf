/** The families that this process publishes: engine counters over all workers, store, log delivery, and the process. */
import { counters } from '../engine/contract.ts';
import { type CounterPage, sumCounters } from './counters.ts';
import type { Family, Sample } from './exposition.ts';

const prefix = 'parapet_';

/** Counters of the contract, and faults of the policy that no engine has seen (`looseFaults`); `log_records_total` becomes `parapet_log_records_total`. The heartbeat is for control alone. */
export function engineFamilies(pages: readonly CounterPage[], looseFaults = 0): Family[] {
  const sums = sumCounters(pages);
  sums.set('policy_faults_total', (sums.get('policy_faults_total') ?? 0) + looseFaults);
  return counters
    .filter(([name]) => name !== 'heartbeat')
    .map(([name, unit, help]) => ({
      name: prefix + name,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      help: `${help} Unit: ${unit}.`,
      samples: [{ value: sums.get(name) ?? 0 }],
    }));
}

export function family(
  name: string,
  type: Family['type'],
  help: string,
  samples: number | readonly Sample[],
): Family {
  return { name, type, help, samples: typeof samples === 'number' ? [{ value: samples }] : samples };
}

/** Numbers of `storeStats`. Hits, misses and followers are counted by the engine too, and told there. */
const storeRows: readonly [key: string, name: string, type: Family['type'], help: string][] = [
  ['bytesMax', 'max_bytes', 'gauge', 'Budget of the store.'],
  ['bytesUsed', 'used_bytes', 'gauge', 'Memory of the store in use, all overhead included.'],
  ['bytesObjects', 'objects_bytes', 'gauge', 'Memory for bodies, heads and keys.'],
  ['bytesEntries', 'entries_bytes', 'gauge', 'Memory for the entries of objects.'],
  ['bytesIndex', 'index_bytes', 'gauge', 'Memory for the index.'],
  ['bytesFixed', 'fixed_bytes', 'gauge', 'Memory that the store has from its start.'],
  [
    'bytesUnlinked',
    'unlinked_bytes',
    'gauge',
    'Memory of objects that are no longer in the index, but are being sent.',
  ],
  ['objects', 'objects', 'gauge', 'Objects and markers in the index.'],
  ['fillsActive', 'fills_active', 'gauge', 'Responses that are being stored now.'],
  ['pins', 'pins', 'gauge', 'Uses of objects that are under way.'],
  ['fills', 'fills_total', 'counter', 'Responses that began to be stored.'],
  ['stored', 'stored_total', 'counter', 'Responses that were stored whole.'],
  [
    'windowed',
    'windowed_total',
    'counter',
    'Responses that outgrew the object limit and went on through a window.',
  ],
  ['refused', 'refused_total', 'counter', 'Responses that were not stored for want of room.'],
  ['evictions', 'evictions_total', 'counter', 'Objects that made room for others.'],
  ['bytesEvicted', 'evicted_bytes_total', 'counter', 'Bytes of objects that made room for others.'],
  ['purges', 'purges_total', 'counter', 'Purges, and invalidations by unsafe methods.'],
  [
    'purgesForgotten',
    'purges_forgotten_total',
    'counter',
    'Purged groups that had no more room of their own: later purges may reach more than they have to.',
  ],
  ['recovered', 'recovered_total', 'counter', 'Locks whose holder had died.'],
];

export function storeFamilies(stats: Readonly<Record<string, number>>): Family[] {
  return storeRows.map(([key, name, type, help]) =>
    family(`parapet_store_${name}`, type, help, stats[key] ?? 0),
  );
}

export interface ProcessNumbers {
  cpuSeconds: number;
  residentBytes: number;
  heapBytes: number;
  startSeconds: number;
  openFds: number;
  fdsMax: number;
}

/** Under the names that Prometheus client libraries have agreed on. */
export function processFamilies(numbers: ProcessNumbers): Family[] {
  return [
    family(
      'process_cpu_seconds_total',
      'counter',
      'CPU time of all threads, user and system.',
      numbers.cpuSeconds,
    ),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory.', numbers.residentBytes),
    family('process_heap_bytes', 'gauge', 'JavaScript heap of the control thread in use.', numbers.heapBytes),
    family(
      'process_start_time_seconds',
      'gauge',
      'When the process started, in seconds since 1970.',
      numbers.startSeconds,
    ),
    family('process_open_fds', 'gauge', 'Open file descriptors.', numbers.openFds),
    family('process_max_fds', 'gauge', 'The most file descriptors that may be open.', numbers.fdsMax),
  ];
}

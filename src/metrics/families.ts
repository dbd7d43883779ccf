/** The families that this process publishes: engine counters over all workers, store, log delivery, and the process. */
import { counters } from '../engine/contract.ts';
import { type CounterPage, sumCounters } from './counters.ts';
import type { Family, Sample } from './exposition.ts';

const prefix = 'parapet_';

/** Counters of the contract; `log_records_total` becomes `parapet_log_records_total`. The heartbeat is for control alone. */
export function engineFamilies(pages: readonly CounterPage[]): Family[] {
  const sums = sumCounters(pages);
  return counters
    .filter(([name]) => name !== 'heartbeat')
    .map(([name, unit, help]) => ({
      name: prefix + name,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      help: `${help} Unit: ${unit}.`,
      samples: [{ value: sums.get(name) ?? 0 }],
    }));
}

/**
 * Numbers that another part counts, as a flat record. Names are given in snake case or camel case; those that end in
 * `_total` are counters.
 */
export function recordFamilies(
  part: string,
  help: string,
  numbers: Readonly<Record<string, unknown>>,
): Family[] {
  const families: Family[] = [];
  for (const [key, value] of Object.entries(numbers)) {
    if (typeof value !== 'number' && typeof value !== 'bigint') continue;
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const full = `${prefix}${name.startsWith(`${part}_`) ? '' : `${part}_`}${name}`;
    const words = name.replaceAll('_', ' ').replace(/ total$/, '');
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    families.push({ name: full, type, help: `${help}: ${words}.`, samples: [{ value: Number(value) }] });
  }
  return families;
}

export function family(
  name: string,
  type: Family['type'],
  help: string,
  samples: number | readonly Sample[],
): Family {
  return { name, type, help, samples: typeof samples === 'number' ? [{ value: samples }] : samples };
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

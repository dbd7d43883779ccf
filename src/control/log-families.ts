/** What the shipper counts, as metric families. */
import { type Family, family, type Sample } from '../metrics/index.ts';
import type { JobStats, RingStats, ShipperStats } from '../shipper/protocol.ts';

type Row<T> = readonly [name: string, type: Family['type'], help: string, read: (one: T) => number];

const jobRows: readonly Row<JobStats>[] = [
  ['job_delivered_total', 'counter', 'Records that the destination accepted.', (job) => job.delivered],
  [
    'job_dropped_total',
    'counter',
    'Records that the job missed because it fell behind.',
    (job) => job.dropped,
  ],
  ['job_lost_total', 'counter', 'Records that the writers dropped, as the job was told.', (job) => job.lost],
  ['job_bytes_total', 'counter', 'Bytes that the destination accepted.', (job) => job.bytes],
  ['job_batches_total', 'counter', 'Batches that the destination accepted.', (job) => job.batches],
  ['job_failures_total', 'counter', 'Attempts to deliver a batch that failed.', (job) => job.failures],
  ['job_failing', 'gauge', 'Whether the last attempt failed.', (job) => (job.isFailing ? 1 : 0)],
  ['job_lag_bytes', 'gauge', 'Bytes of rings that are not delivered yet.', (job) => job.lagBytes],
  [
    'job_lag_seconds',
    'gauge',
    'Age of the oldest record in the batch that fills.',
    (job) => job.lagMs / 1000,
  ],
];

const ringRows: readonly Row<RingStats>[] = [
  ['ring_used_bytes', 'gauge', 'Bytes of the ring in use.', (ring) => ring.bytesUsed],
  ['ring_max_bytes', 'gauge', 'Bytes of the ring.', (ring) => ring.bytesMax],
  ['ring_dropped_total', 'counter', 'Records that found the ring full.', (ring) => ring.dropped],
];

const totals: readonly Row<ShipperStats>[] = [
  [
    'recovered_rings_total',
    'counter',
    'Rings of earlier processes or dead workers that were taken over.',
    (all) => all.recoveredRings,
  ],
  [
    'set_aside_rings_total',
    'counter',
    'Rings that could not be read and were renamed.',
    (all) => all.setAsideRings,
  ],
  [
    'interrupted_records_total',
    'counter',
    'Exchanges that a crash cut short, and that became records.',
    (all) => all.interruptedRecords,
  ],
  ['damaged_bytes_total', 'counter', 'Bytes of rings that made no sense.', (all) => all.damagedBytes],
];

function labelled<T>(
  rows: readonly Row<T>[],
  ones: readonly T[],
  labels: (one: T) => Sample['labels'],
): Family[] {
  return rows.map(([name, type, help, read]) => {
    const samples = ones.map((one) => ({ labels: labels(one) ?? {}, value: read(one) }));
    return family(`parapet_logs_${name}`, type, help, samples);
  });
}

/** Without stats the thread did not answer in time: `parapet_logs_up` says so. */
export function logFamilies(stats: ShipperStats | undefined, restarts: number): Family[] {
  return [
    family('parapet_logs_up', 'gauge', 'Whether the log thread answers.', stats === undefined ? 0 : 1),
    family(
      'parapet_logs_thread_restarts_total',
      'counter',
      'Times that the log thread was started again.',
      restarts,
    ),
    ...(stats === undefined ? [] : families(stats)),
  ];
}

function families(stats: ShipperStats): Family[] {
  return [
    ...labelled(jobRows, stats.jobs, ({ name }) => ({ job: name })),
    // Rings that wait for delivery after their worker's end come and go: only those of live workers are named.
    ...labelled(
      ringRows,
      stats.rings.filter(({ isSealed }) => !isSealed),
      ({ workerIndex }) => ({ worker: String(workerIndex) }),
    ),
    ...labelled(totals, [stats], () => ({})),
  ];
}

/** What the shipper counts, as metric families. */
import { type Family, family, type Sample } from '../metrics/index.ts';
import type { JobStats, RingStats, ShipperStats, SpoolStats } from '../shipper/protocol.ts';

type Row<T> = readonly [name: string, type: Family['type'], help: string, read: (one: T) => number];

const jobRows: readonly Row<JobStats>[] = [
  [
    'job_emitted_total',
    'counter',
    'Records for the job: delivered, filtered, sampled, dropped or in flight.',
    (job) => job.emitted,
  ],
  ['job_delivered_total', 'counter', 'Records that the destination accepted.', (job) => job.delivered],
  ['job_filtered_total', 'counter', 'Records that the filter left out.', (job) => job.filtered],
  ['job_sampled_total', 'counter', 'Records that the sample left out.', (job) => job.sampled],
  ['job_in_flight', 'gauge', 'Records in the spool that are not delivered.', (job) => job.inFlight],
  ['job_bytes_total', 'counter', 'Bytes that the destination accepted.', (job) => job.bytes],
  ['job_batches_total', 'counter', 'Batches that the destination accepted.', (job) => job.batches],
  ['job_failures_total', 'counter', 'Attempts to deliver a batch that failed.', (job) => job.failures],
  ['job_failing', 'gauge', 'Whether the last attempt failed.', (job) => (job.isFailing ? 1 : 0)],
  ['job_lag_bytes', 'gauge', 'Bytes of the spool that are not delivered.', (job) => job.lagBytes],
  ['job_lag_seconds', 'gauge', 'Age of the oldest record in the batch at hand.', (job) => job.lagMs / 1000],
  [
    'job_last_complete_timestamp_seconds',
    'gauge',
    'When a batch was last accepted, seconds since 1970; 0: never.',
    (job) => (job.lastCompleteMs ?? 0) / 1000,
  ],
];

const ringRows: readonly Row<RingStats>[] = [
  ['ring_used_bytes', 'gauge', 'Bytes of the ring in use.', (ring) => ring.bytesUsed],
  ['ring_max_bytes', 'gauge', 'Bytes of the ring.', (ring) => ring.bytesMax],
  ['ring_dropped_total', 'counter', 'Records that found the ring full.', (ring) => ring.dropped],
];

const spoolRows: readonly Row<SpoolStats>[] = [
  ['spool_used_bytes', 'gauge', 'Bytes of the spool on disk.', (spool) => spool.bytes],
  ['spool_max_bytes', 'gauge', 'Bytes that the spool may hold.', (spool) => spool.bytesMax],
  ['spool_segments', 'gauge', 'Files of the spool.', (spool) => spool.segments],
  [
    'spool_oldest_timestamp_seconds',
    'gauge',
    'When the oldest exchange in the spool began, seconds since 1970; 0: it is empty.',
    (spool) => (spool.oldestMs ?? 0) / 1000,
  ],
  ['spool_failing', 'gauge', 'Whether the last write failed.', (spool) => (spool.lastError === null ? 0 : 1)],
  ['spool_failures_total', 'counter', 'Writes that failed, as on a full disk.', (spool) => spool.failures],
  ['spool_removed_segments_total', 'counter', 'Files that were removed.', (spool) => spool.removedSegments],
  [
    'spool_set_aside_segments_total',
    'counter',
    'Files of another version that were renamed.',
    (spool) => spool.setAsideSegments,
  ],
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
  [
    'damaged_bytes_total',
    'counter',
    'Bytes of rings and of the spool that made no sense.',
    (all) => all.damagedBytes,
  ],
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
    family(
      'parapet_logs_job_dropped_total',
      'counter',
      'Records that the job did not get: ring_full, behind (the spool was full), damaged, removed (with the job).',
      stats.jobs.flatMap(({ name, dropped }) =>
        Object.entries(dropped).map(([reason, value]) => ({ labels: { job: name, reason }, value })),
      ),
    ),
    ...labelled(spoolRows, [stats.spool], () => ({})),
    // Rings that wait for delivery after their worker's end come and go: only those of live workers are named.
    ...labelled(
      ringRows,
      stats.rings.filter(({ isSealed }) => !isSealed),
      ({ workerIndex }) => ({ worker: String(workerIndex) }),
    ),
    ...labelled(totals, [stats], () => ({})),
  ];
}

/** Config of logs: where records are kept until they are delivered, and where they go. Job options have Logpush's names. */
import {
  bytes,
  count,
  decimalSeconds,
  list,
  milliseconds,
  oneOf,
  optional,
  path,
  ratio,
  type Static,
  section,
  text,
  textOrJson,
} from '../lib/schema.ts';
import { checkOutput, outputConfig } from './record/config.ts';
import { datasetFields, type JobDataset, jobDatasets } from './record/dataset.ts';
import { type FilterType, filterTypes } from './record/filter-types.ts';
import { filterText } from './record/logpush-filter.ts';
import { ringBytesMax, ringBytesMin } from './ring/layout.ts';
import { checkDestination, destinationConfig } from './sinks/config.ts';

const batchConfig = section(
  {
    max_bytes: bytes({
      default: '256KiB',
      minimum: 4096,
      maximum: 64 * 1024 * 1024,
      description: 'Bytes of a batch, uncompressed. The first limit that is reached sends it.',
    }),
    max_records: count({
      default: 100_000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Records of a batch.',
    }),
    max_interval: decimalSeconds({
      default: 0.1,
      maximum: 300,
      description: 'Seconds that a record may wait for its batch to fill.',
    }),
  },
  { default: {}, description: 'When records are sent.' },
);

export const jobConfig = section(
  {
    name: text({ description: 'Name of the job, in metrics and messages.' }),
    dataset: oneOf(jobDatasets, { default: 'http_requests', description: 'What is delivered.' }),
    destination: destinationConfig,
    output: outputConfig,
    batch: batchConfig,
    filter: optional(
      textOrJson({
        description:
          'Records that are delivered: an expression over fields of the record, or a filter of Logpush, as a mapping with the key `where` or as its JSON text. What tells of a loss is always delivered.',
      }),
    ),
    sample_rate: optional(
      ratio({
        minimum: 0.000001,
        maximum: 1,
        description:
          'Share of these records, above 0: chosen by ray id, so the same ones in all jobs and on a resend.',
      }),
    ),
  },
  { description: 'One delivery.' },
);
export type JobConfig = Static<typeof jobConfig>;

export const jobsMax = 32;

const mebibyte = 1024 * 1024;

const spoolConfig = section(
  {
    bytesMax: bytes({
      default: '4GiB',
      minimum: 2 * mebibyte,
      maximum: 64 * 1024 * 1024 * mebibyte,
      description:
        'Bytes on disk of records that wait for a destination. Beyond it the oldest are removed; what jobs lose by that is counted, and told to them.',
    }),
    segmentBytes: bytes({
      default: '64MiB',
      minimum: mebibyte,
      maximum: 1024 * mebibyte,
      description:
        'Bytes of one file of the spool, at most half of `bytesMax`. A file is removed as a whole.',
    }),
  },
  { default: {}, description: 'Where records wait on disk between the rings and the destinations.' },
);

export const logsConfig = section(
  {
    directory: path({
      default: 'var/log',
      description: 'Folder of rings, spool and admin token. One process at a time.',
    }),
    ringBytes: bytes({
      default: '16MiB',
      minimum: ringBytesMin,
      maximum: ringBytesMax,
      description:
        'Log ring of one worker, rounded up to a power of two: it holds what is not in the spool yet. A change needs a restart.',
    }),
    spool: spoolConfig,
    drainMs: milliseconds({
      default: 10000,
      description:
        'For delivery to end after the last exchange; what is left is delivered by the next start.',
    }),
    jobs: list(jobConfig, { default: [], maxItems: jobsMax, description: 'Deliveries.' }),
  },
  { default: {}, description: 'Log records: one for each exchange.' },
);
export type LogsConfig = Static<typeof logsConfig>;

/** What a filter over records of a dataset may name. */
export function filterTypesOf(dataset: JobDataset): ReadonlyMap<string, FilterType> {
  return filterTypes(datasetFields[dataset]);
}

interface LogsFinding {
  path: (string | number)[];
  message: string;
}

/** What the schema cannot say: names that are not fields, and jobs that get in each other's way. */
export function checkLogs({ jobs, spool }: LogsConfig): LogsFinding[] {
  const findings: LogsFinding[] = [];
  if (spool.segmentBytes * 2 > spool.bytesMax) {
    const message = `two files of ${spool.segmentBytes} bytes are more than the ${spool.bytesMax} of bytesMax`;
    findings.push({ path: ['spool', 'segmentBytes'], message });
  }
  const names = new Set<string>();
  const paths = new Map<string, string>();
  for (const [index, job] of jobs.entries()) {
    const { name, dataset, destination, output } = job;
    const find = (path: readonly (string | number)[], message: string): void => {
      findings.push({ path: ['jobs', index, ...path], message });
    };
    if (names.has(name)) find(['name'], `another job is called ${name} already`);
    names.add(name);
    if (destination.type === 'file') {
      const other = paths.get(destination.path);
      if (other !== undefined) find(['destination', 'path'], `job ${other} writes to this file already`);
      paths.set(destination.path, name);
    }
    for (const [path, message] of checkDestination(destination)) find(['destination', ...path], message);
    for (const [path, message] of checkOutput(dataset, output)) find(['output', ...path], message);
  }
  return findings;
}

/** The filter of a job as an expression; undefined: it has none. */
export function filterOfJob({ filter }: JobConfig): ReturnType<typeof filterText> | undefined {
  return filter === undefined ? undefined : filterText(filter);
}

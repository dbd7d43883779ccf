/** Config of logs: where records are kept until they are delivered, and where they go. Job options have Logpush's names. */
import { nearestName } from '../lib/edit-distance.ts';
import {
  bytes,
  count,
  decimalSeconds,
  list,
  milliseconds,
  notYet,
  oneOf,
  optional,
  path,
  type Static,
  section,
  text,
  variants,
} from '../lib/schema.ts';
import { timestampFormats } from './encode/timestamp.ts';
import { datasetFields, jobDatasets } from './record/dataset.ts';
import { ringBytesMax, ringBytesMin } from './ring/layout.ts';
import { fileDestination } from './sinks/file/config.ts';

const outputConfig = section(
  {
    field_names: optional(
      list(text({ description: 'Name of a field.' }), {
        minItems: 1,
        maxItems: 500,
        description: 'Fields of a record, in this order. Default: those that are known of most requests.',
      }),
    ),
    timestamp_format: oneOf(timestampFormats, {
      default: 'unixnano',
      description:
        'How times are written: numbers of nanoseconds or seconds since 1970, or text of RFC 3339.',
    }),
  },
  { default: {}, description: 'What a record looks like.' },
);

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
    destination: variants('type', [fileDestination], { description: 'Where it is delivered to.' }),
    output: outputConfig,
    batch: batchConfig,
    filter: notYet(),
    sample_rate: notYet(),
  },
  { description: 'One delivery.' },
);
export type JobConfig = Static<typeof jobConfig>;

export const jobsMax = 32;

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
        'Log ring of one worker, rounded up to a power of two: it holds what has not been delivered yet. A change needs a restart.',
    }),
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

interface LogsFinding {
  path: (string | number)[];
  message: string;
}

/** What the schema cannot say: names that are not fields, and jobs that get in each other's way. */
export function checkLogs({ jobs }: LogsConfig): LogsFinding[] {
  const findings: LogsFinding[] = [];
  const names = new Set<string>();
  const paths = new Map<string, string>();
  for (const [index, job] of jobs.entries()) {
    if (names.has(job.name)) {
      findings.push({ path: ['jobs', index, 'name'], message: `another job is called ${job.name} already` });
    }
    names.add(job.name);
    const other = paths.get(job.destination.path);
    if (other !== undefined) {
      const message = `job ${other} writes to this file already`;
      findings.push({ path: ['jobs', index, 'destination', 'path'], message });
    }
    paths.set(job.destination.path, job.name);
    findings.push(...checkFields(job, index));
  }
  return findings;
}

function checkFields({ dataset, output }: JobConfig, index: number): LogsFinding[] {
  const { fields } = datasetFields[dataset];
  const seen = new Set<string>();
  return (output.field_names ?? []).flatMap((name, at) => {
    const path = ['jobs', index, 'output', 'field_names', at];
    if (seen.has(name)) return [{ path, message: `${name} is named twice` }];
    seen.add(name);
    if (fields.has(name)) return [];
    const nearest = nearestName(name, [...fields.keys()]);
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`;
    return [{ path, message: `${dataset} has no field ${name}${hint}` }];
  });
}

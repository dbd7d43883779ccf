/** Config of logs: where records are kept until they are delivered, and where they go. */
import {
  bytes,
  fixed,
  list,
  milliseconds,
  oneOf,
  path,
  type Static,
  section,
  text,
  variants,
} from '../lib/schema.ts';

const fileDestination = section(
  {
    type: fixed('file'),
    path: path({ description: 'The file that records are appended to, one JSON object a line.' }),
  },
  { description: 'A file of NDJSON.' },
);

const jobConfig = section(
  {
    name: text({ description: 'Name of the job.' }),
    dataset: oneOf(['http_requests'], { default: 'http_requests', description: 'What is delivered.' }),
    destination: variants('type', [fileDestination], { description: 'Where it is delivered to.' }),
  },
  { description: 'One delivery.' },
);

export const logsConfig = section(
  {
    directory: path({
      default: 'var/log',
      description: 'Folder of rings, spool and admin token. One process at a time.',
    }),
    drainMs: milliseconds({ default: 10000, description: 'For delivery to end after the last exchange.' }),
    ringBytes: bytes({
      default: '16MiB',
      minimum: 1048576,
      maximum: 1073741824,
      description: 'Log ring of one worker.',
    }),
    jobs: list(jobConfig, { default: [], description: 'Deliveries.' }),
  },
  { default: {}, description: 'Log records: one for each exchange.' },
);
export type LogsConfig = Static<typeof logsConfig>;

export function checkLogs(_config: LogsConfig): { path: (string | number)[]; message: string }[] {
  return [];
}

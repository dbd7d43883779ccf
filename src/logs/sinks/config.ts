/** Config of a job's destination: one section for each kind of sink, or a Logpush `destination_conf`. */
import { type Static, variants } from '../../lib/schema.ts';
import { fileDestination } from './file/config.ts';
import { checkHttpDestination, httpDestination, readDestinationConf } from './http/config.ts';

/** Kinds that are named in Logpush or in our plans, by what an operator may write. */
const later = [
  'azure',
  'clickhouse',
  'datadog',
  'gs',
  'kafka',
  'kinesis',
  'nats',
  'otlp',
  'r2',
  's3',
  'splunk',
  'sumo',
  'syslog',
];

export const destinationConfig = variants('type', [fileDestination, httpDestination], {
  description:
    'Where it is delivered to. A text that begins with https:// is taken as a `destination_conf` of Logpush: `header_*` parameters become headers, and the body is compressed with gzip.',
  elsewhere: Object.fromEntries(
    later.map((name) => [name, `the destination ${name} is not available yet in this version`]),
  ),
  fromText: readDestinationConf,
  textPattern: '^https?://',
});
export type DestinationConfig = Static<typeof destinationConfig>;

/** What the schema cannot say, as [path below the destination, sentence]. */
export function checkDestination(destination: DestinationConfig): [string[], string][] {
  return destination.type === 'http' ? checkHttpDestination(destination) : [];
}

/** Config of what a job's records look like. */
import { nearestName } from '../../lib/edit-distance.ts';
import { list, notYet, oneOf, optional, type Static, section, text } from '../../lib/schema.ts';
import { timestampFormats } from '../encode/timestamp.ts';
import { datasetFields, type JobDataset } from './dataset.ts';

export const outputConfig = section(
  {
    field_names: optional(
      list(text({ description: 'Name of a field.' }), {
        minItems: 1,
        maxItems: 500,
        description: 'Fields of a record, in this order. Default: those that are known of most requests.',
      }),
    ),
    output_type: optional(oneOf(['ndjson'], { description: 'One JSON object a line.' })),
    timestamp_format: oneOf(timestampFormats, {
      default: 'unixnano',
      description:
        'How times are written: numbers of nanoseconds or seconds since 1970, or text of RFC 3339.',
    }),
    // What else Logpush has: a template, or another format than NDJSON.
    'CVE-2021-44228': notYet(),
    batch_prefix: notYet(),
    batch_suffix: notYet(),
    field_delimiter: notYet(),
    merge_subrequests: notYet(),
    record_delimiter: notYet(),
    record_prefix: notYet(),
    record_suffix: notYet(),
    record_template: notYet(),
  },
  { default: {}, description: 'What a record looks like.' },
);
export type OutputConfig = Static<typeof outputConfig>;

/** Names that are not fields, or that are there twice, as [path below the output, sentence]. */
export function checkOutput(dataset: JobDataset, output: OutputConfig): [(string | number)[], string][] {
  const { fields } = datasetFields[dataset];
  const seen = new Set<string>();
  return (output.field_names ?? []).flatMap((name, at): [(string | number)[], string][] => {
    const path = ['field_names', at];
    if (seen.has(name)) return [[path, `${name} is named twice`]];
    seen.add(name);
    if (fields.has(name)) return [];
    const nearest = nearestName(name, [...fields.keys()]);
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`;
    return [[path, `${dataset} has no field ${name}${hint}`]];
  });
}

/** Config of what a job's records look like. */
import { nearestName } from '../../lib/edit-distance.ts';
import {
  list,
  named,
  notYet,
  oneOf,
  optional,
  type Static,
  section,
  text,
  textOrNumber,
} from '../../lib/schema.ts';
import { timestampFormats } from '../encode/timestamp.ts';
import { datasetFields, type JobDataset } from './dataset.ts';
import type { Field } from './field.ts';

export const outputConfig = section(
  {
    field_names: optional(
      list(text({ description: 'Name of a field.' }), {
        minItems: 1,
        maxItems: 500,
        description: 'Fields of a record, in this order. Default: those that are known of most requests.',
      }),
    ),
    constants: optional(
      named(textOrNumber({ description: 'The value.' }), {
        description:
          'Values of fields that Parapet does not know, by name: EdgeColoCode and EdgeColoID say where this machine is.',
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

/** The fields of a dataset, with the constants of a job in their places. */
export function fieldsOf(dataset: JobDataset, { constants = {} }: OutputConfig): ReadonlyMap<string, Field> {
  const { fields } = datasetFields[dataset];
  const own = Object.entries(constants).flatMap(([name, value]): [string, Field][] => {
    const field = fields.get(name);
    return field === undefined
      ? []
      : [[name, { ...field, source: { from: 'nothing', json: JSON.stringify(value) } }]];
  });
  return own.length === 0 ? fields : new Map([...fields, ...own]);
}

function constantFault(field: Field | undefined, name: string, value: string | number): string | undefined {
  if (field === undefined) return `there is no field ${name}`;
  if (field.source.from !== 'nothing') return `${name} is known, and cannot be a constant`;
  if (field.type !== 'string' && field.type !== 'int') return `${name} cannot be a constant`;
  const isRight = field.type === 'string' ? typeof value === 'string' : typeof value === 'number';
  return isRight ? undefined : `${name} is a ${field.type === 'string' ? 'text' : 'whole number'}`;
}

/** Names that are not fields, or that are there twice, as [path below the output, sentence]. */
export function checkOutput(dataset: JobDataset, output: OutputConfig): [(string | number)[], string][] {
  const { fields } = datasetFields[dataset];
  const seen = new Set<string>();
  const faults = Object.entries(output.constants ?? {}).flatMap(([name, value]): [string[], string][] => {
    const fault = constantFault(fields.get(name), name, value);
    return fault === undefined ? [] : [[['constants', name], fault]];
  });
  const unknown = (output.field_names ?? []).flatMap((name, at): [(string | number)[], string][] => {
    const path = ['field_names', at];
    if (seen.has(name)) return [[path, `${name} is named twice`]];
    seen.add(name);
    if (fields.has(name)) return [];
    const nearest = nearestName(name, [...fields.keys()]);
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`;
    return [[path, `${dataset} has no field ${name}${hint}`]];
  });
  return [...faults, ...unknown];
}

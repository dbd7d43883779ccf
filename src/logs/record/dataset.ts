/** The datasets that jobs can ask for, and their fields by name. */
import { type Dataset, dataset } from '../ring/layout.ts';
import type { Field } from './field.ts';
import { httpRequestsFields } from './http-requests.ts';

export const jobDatasets = ['http_requests'] as const satisfies readonly Dataset[];
export type JobDataset = (typeof jobDatasets)[number];

export interface DatasetFields {
  /** Number of the dataset in frames. */
  id: number;
  fields: ReadonlyMap<string, Field>;
  /** Names of the fields of a job that names none, in the order of the lines. */
  defaults: readonly string[];
}

function describe(id: number, fields: readonly Field[]): DatasetFields {
  return {
    id,
    fields: new Map(fields.map((field) => [field.name, field])),
    defaults: fields.filter((field) => field.isDefault).map((field) => field.name),
  };
}

export const datasetFields: Record<JobDataset, DatasetFields> = {
  http_requests: describe(dataset.httpRequests, httpRequestsFields),
};

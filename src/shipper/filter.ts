/** Filters over records, run frame by frame. */
import { datasetFields, RecordReader } from '../logs/index.ts';
import { loadSet } from '../rules/run/index.ts';
import type { TailRequest } from './protocol.ts';
import type { FrameFilter } from './tail.ts';

/** Null: all are wanted. What tells of a loss always is. */
export function filterOf({ dataset, filters }: Pick<TailRequest, 'dataset' | 'filters'>): FrameFilter | null {
  if (filters.length === 0) return null;
  const reader = new RecordReader(datasetFields[dataset].fields);
  const matchers = filters.map((program) => loadSet(program, reader));
  return (frames, at) => {
    reader.begin(frames, at);
    return reader.isLoss || matchers.every((matcher) => matcher.test(0));
  };
}

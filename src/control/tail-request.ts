/** What somebody who asks for live records gets: the fields of a job, or those that are known of most requests. */
import { type Outcome, type Problem, problems, type TailQuestion } from '../admin/index.ts';
import { filterTypesOf } from '../logs/config.ts';
import { compileSet, recordScheme } from '../rules/compile/index.ts';
import { readLists } from '../rules/config.ts';
import type { ExpressionProgram } from '../rules/protocol.ts';
import type { TailRequest } from '../shipper/protocol.ts';
import type { Configuration } from './configuration.ts';
import { deliveryOf } from './job-filters.ts';

/** For whoever reads along. */
const output = { timestamp_format: 'rfc3339ms' } as const;
const sampleAll = 2 ** 32;
const listBytesMax = 64 * 1024 * 1024;

export function tailRequest(
  configuration: Configuration,
  { job: name, filter }: TailQuestion,
): Outcome<TailRequest> {
  const { jobs } = deliveryOf(configuration);
  const job = jobs.find((one) => one.name === name);
  if (name !== undefined && job === undefined) {
    const names = jobs.length === 0 ? 'there is none' : `there is ${jobs.map((one) => one.name).join(', ')}`;
    return { ok: false, problem: problems.refused(`No job is called ${name}: ${names}.`) };
  }
  const dataset = job?.dataset ?? 'http_requests';
  const compiled = filter === undefined ? [] : compileFilter(configuration, dataset, filter);
  if (!Array.isArray(compiled)) return { ok: false, problem: compiled };
  return {
    ok: true,
    value: {
      dataset,
      output: job?.output ?? output,
      sampleBelow: Math.ceil((job?.sample_rate ?? 1) * sampleAll),
      filters: [...(job?.filters ?? []), ...compiled],
    },
  };
}

function compileFilter(
  { config, files }: Configuration,
  dataset: TailRequest['dataset'],
  text: string,
): ExpressionProgram[] | Problem {
  const { lists } = readLists(config.lists, (path) => files.read(path, listBytesMax).toString());
  const scheme = recordScheme(filterTypesOf(dataset));
  const { program, findings } = compileSet({ scheme, lists, expressions: [{ text, want: 'Bool' }] });
  if (program !== undefined) return [program];
  const fault = findings.find(({ severity }) => severity === 'error');
  const { from = 0, to = text.length, message = 'it cannot be understood', hint } = fault ?? {};
  const extra = { filter: text, from, to, ...(hint === undefined ? {} : { hint }) };
  return problems.badFilter(`The filter: ${message}${hint === undefined ? '' : ` (${hint})`}.`, extra);
}

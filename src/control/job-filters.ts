/** What the log thread is told to deliver: the jobs of a config, their filters compiled. */
import { filterOfJob, filterTypesOf } from '../logs/config.ts';
import { compileSet, recordScheme } from '../rules/compile/index.ts';
import { readLists } from '../rules/config.ts';
import type { DeliveryConfig } from '../shipper/protocol.ts';
import type { Configuration } from './configuration.ts';

const listBytesMax = 64 * 1024 * 1024;

/** The config has been checked: each filter can be compiled. */
export function deliveryOf({ config, files }: Pick<Configuration, 'config' | 'files'>): DeliveryConfig {
  const { directory, jobs, spool } = config.logs;
  if (jobs.every(({ filter }) => filter === undefined)) return { directory, jobs, spool };
  const { lists } = readLists(config.lists, (path) => files.read(path, listBytesMax).toString());
  const filtered = jobs.map((job) => {
    const filter = filterOfJob(job);
    if (filter === undefined || !filter.ok) return job;
    const scheme = recordScheme(filterTypesOf(job.dataset));
    const { program } = compileSet({ scheme, lists, expressions: [{ text: filter.text, want: 'Bool' }] });
    if (program === undefined)
      throw new Error(`the filter of job ${job.name} was checked, and cannot be compiled`);
    return Object.assign({}, job, { filters: [program] });
  });
  return { directory, jobs: filtered, spool };
}

/** Filters of jobs: compiled, so that every fault is told. The entries of lists do not matter for that. */
import { filterOfJob, filterTypesOf } from '../../logs/config.ts';
import { compileSet, recordScheme } from '../../rules/compile/index.ts';
import { readLists } from '../../rules/config.ts';
import type { Config } from '../schema.ts';
import type { Finding } from '../validate.ts';

export function checkFilters({ logs, lists: named }: Config): Finding[] {
  const { lists } = readLists(named, () => '');
  return logs.jobs.flatMap((job, index) => {
    const path = ['logs', 'jobs', index, 'filter'];
    const filter = filterOfJob(job);
    if (filter === undefined) return [];
    if (!filter.ok) return [{ path, message: filter.message }];
    const { text } = filter;
    const scheme = recordScheme(filterTypesOf(job.dataset));
    const { findings } = compileSet({ scheme, lists, expressions: [{ text, want: 'Bool' }] });
    return findings
      .filter(({ severity }) => severity === 'error')
      .map(({ from, to, message, hint }) =>
        // The place in JSON text is another one.
        text === job.filter
          ? { path, message, hint, span: { from, to } }
          : { path, message: `${message}, at "${text.slice(from, to)}"`, hint },
      );
  });
}

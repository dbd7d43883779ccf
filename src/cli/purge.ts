/** `parapet purge`: removes stored responses of the running process, through the admin API. */
import { askAdmin, detailOf } from './admin-client.ts';
import { CommandError, readConfig } from './read-config.ts';

export interface PurgeOptions {
  config: string;
  url?: string;
  all?: boolean;
  tag?: string;
  prefix?: string;
  host?: string;
  soft?: boolean;
}

const askMs = 30_000;
const later = ['tag', 'prefix', 'host'] as const;

export async function purge(options: PurgeOptions): Promise<number> {
  for (const name of later) {
    if (options[name] !== undefined)
      throw new CommandError(`purge --${name} is not available yet in this version`);
  }
  const { url, all = false, soft = false } = options;
  if ((url === undefined) === !all) throw new CommandError('purge needs either --url URL or --all');
  const configuration = readConfig(options.config);
  const body = url === undefined ? { all, soft } : { url, soft };
  const answer = await askAdmin(configuration, { method: 'POST', path: '/purge', body, timeoutMs: askMs });
  if (answer.status !== 200) throw new CommandError(detailOf(answer));
  const { purged } = JSON.parse(answer.body) as { purged: number };
  process.stdout.write(
    `${soft ? 'made stale' : 'purged'}: ${purged} stored ${purged === 1 ? 'response' : 'responses'}\n`,
  );
  return 0;
}

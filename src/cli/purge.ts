/** `parapet purge`: removes stored responses of the running process, through the admin API. */
import { userInfo } from 'node:os';
import { type PurgeName, purgeNames } from '../control/index.ts';
import { packageVersion } from '../lib/package.ts';
import { askAdmin, detailOf } from './admin-client.ts';
import { CommandError, readConfig } from './read-config.ts';

/** Each form may be given several times. */
export type PurgeOptions = Partial<Record<PurgeName, string[]>> & {
  config: string;
  all?: boolean;
  zone?: string;
  soft?: boolean;
};

const askMs = 30_000;
const forms = 'one of --url, --tag, --prefix, --host and --all';

export async function purge(options: PurgeOptions): Promise<number> {
  const { all = false, soft = false, zone } = options;
  const names = purgeNames.filter((name) => options[name] !== undefined);
  const [name] = names;
  if (names.length + Number(all) !== 1)
    throw new CommandError(`purge needs ${forms}${names.length === 0 ? '' : ', not several'}`);
  const values = name === undefined ? [] : (options[name] ?? []);
  const what = name === undefined ? { all } : { [name]: values.length === 1 ? values[0] : values };
  const answer = await askAdmin(readConfig(options.config), {
    method: 'POST',
    path: '/purge',
    body: { ...what, ...(zone === undefined ? {} : { zone }), soft },
    agent: `parapet/${packageVersion()} purge, user ${userName()}`,
    timeoutMs: askMs,
  });
  if (answer.status !== 200) throw new CommandError(detailOf(answer));
  const { purged } = JSON.parse(answer.body) as { purged: number | null };
  process.stdout.write(`${soft ? 'made stale' : 'purged'}: ${told(purged, name, values, zone)}\n`);
  return 0;
}

function told(
  purged: number | null,
  name: PurgeName | undefined,
  values: readonly string[],
  zone: string | undefined,
): string {
  if (purged !== null) return `${purged} stored ${purged === 1 ? 'response' : 'responses'}`;
  const where = zone === undefined ? '' : ` in zone ${zone}`;
  return name === undefined ? `everything${where}` : `${name} ${values.join(', ')}${where}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry.
    return String(process.getuid?.() ?? '');
  }
}

/** `parapet check`: every fault of a config, and what of it a running process cannot take over by a reload. */
import { type Configuration, keysThatNeedRestart } from '../control/index.ts';
import { askAdmin } from './admin-client.ts';
import { readConfig } from './read-config.ts';

const askMs = 500;

/** The config in force in the running process, if there is one to ask. */
async function runningConfig(configuration: Configuration): Promise<Configuration['config'] | undefined> {
  try {
    const { status, body } = await askAdmin(configuration, {
      method: 'GET',
      path: '/config',
      timeoutMs: askMs,
    });
    return status === 200 ? (JSON.parse(body) as Configuration['config']) : undefined;
  } catch {
    return undefined;
  }
}

/** Rules that are in force. */
const ruleCount = ({ compiled }: Configuration) =>
  compiled.policy.rulesets.reduce((sum, { rules }) => sum + rules.length, 0);

const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

export async function check(options: { config: string }): Promise<number> {
  const configuration = readConfig(options.config);
  const { config, warnings } = configuration;
  process.stderr.write(warnings);
  const parts = [
    plural(config.listeners.length, 'listener'),
    plural(Object.keys(config.origins).length, 'origin'),
    plural(config.zones.length, 'zone'),
    plural(ruleCount(configuration), 'rule'),
    plural(config.logs.jobs.length, 'log job'),
  ];
  process.stdout.write(`${options.config}: no faults (${parts.join(', ')})\n`);
  const running = await runningConfig(configuration);
  const keys = running === undefined ? [] : keysThatNeedRestart(running, config);
  for (const key of keys)
    process.stderr.write(`${options.config}: note: a change of ${key} needs a restart\n`);
  return 0;
}

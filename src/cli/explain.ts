/** `parapet explain`: what would be decided for a request, by a config alone or by the running process and its store. */
import { isIP } from 'node:net';
import {
  type Configuration,
  type ExplainedPhase,
  type ExplainedRequest,
  explain as explainRequest,
  formatExplained,
} from '../control/index.ts';
import { systemClock } from '../lib/clock.ts';
import { askAdmin, detailOf } from './admin-client.ts';
import { CommandError, readConfig } from './read-config.ts';

export interface ExplainOptions {
  config: string;
  header: readonly string[];
  ip: string;
  status: string;
  responseHeader: readonly string[];
  json?: boolean;
  live?: boolean;
}

const askMs = 30_000;

function readField(text: string): [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" is not a field: write -H 'name: value'`);
  return [(match[1] ?? '').toLowerCase(), match[2] ?? ''];
}

/** The running process decides, with its own config, and says what its store holds. */
async function askProcess(configuration: Configuration, body: ExplainedRequest): Promise<ExplainedPhase[]> {
  const answer = await askAdmin(configuration, { method: 'POST', path: '/explain', body, timeoutMs: askMs });
  if (answer.status !== 200) throw new CommandError(detailOf(answer));
  return (JSON.parse(answer.body) as { phases: ExplainedPhase[] }).phases;
}

export async function explain(method: string, url: string, options: ExplainOptions): Promise<number> {
  const configuration = readConfig(options.config);
  if (isIP(options.ip) === 0) throw new CommandError(`"${options.ip}" is not an IP address`);
  const status = Number(options.status);
  if (!/^[2-5][0-9]{2}$/.test(options.status))
    throw new CommandError(`"${options.status}" is no final status`);
  const response = { status, fields: options.responseHeader.map(readField) };
  const isAssumed = status !== 200 || response.fields.length > 0;
  const request: ExplainedRequest = {
    method,
    url,
    fields: options.header.map(readField),
    ip: options.ip,
    ...(isAssumed && { response }),
  };
  const phases = options.live
    ? await askProcess(configuration, request)
    : explainRequest(configuration, request, systemClock.nowMs());
  if (typeof phases === 'string') throw new CommandError(phases);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ request, phases }, null, 2)}\n` : formatExplained(phases),
  );
  return 0;
}

/** `parapet explain`: what would be decided for a request. */
import { isIP } from 'node:net';
import { type ExplainedRequest, explain as explainRequest, formatExplained } from '../control/index.ts';
import { systemClock } from '../lib/clock.ts';
import { CommandError, readConfig } from './read-config.ts';

export interface ExplainOptions {
  config: string;
  header: readonly string[];
  ip: string;
  status: string;
  responseHeader: readonly string[];
  json?: boolean;
}

function readField(text: string): [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" is not a field: write -H 'name: value'`);
  return [(match[1] ?? '').toLowerCase(), match[2] ?? ''];
}

export function explain(method: string, url: string, options: ExplainOptions): number {
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
  const phases = explainRequest(configuration, request, systemClock.nowMs());
  if (typeof phases === 'string') throw new CommandError(phases);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ request, phases }, null, 2)}\n` : formatExplained(phases),
  );
  return 0;
}

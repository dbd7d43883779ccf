/** Asks the admin API of the running process that a config describes. */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { type Configuration, findAdmin, formatAdmin, tokenPath } from '../control/index.ts';
import { CommandError } from './read-config.ts';

export interface AdminAnswer {
  status: number;
  body: string;
}

export interface AdminQuestion {
  method: 'GET' | 'POST';
  path: string;
  /** Sent as JSON, with the token. */
  body?: unknown;
  /** What the audit line tells of who asked. */
  agent?: string;
  timeoutMs: number;
}

function place({ config, file }: Configuration) {
  if (config.admin === undefined) {
    throw new CommandError(`${file} has no admin.address: there is no admin API to ask`);
  }
  try {
    const address = findAdmin(config, file);
    if (address !== undefined) return address;
  } catch {
    // No process has written its address down.
  }
  throw new CommandError(
    `nothing is known of a running process (${config.logs.directory}): is parapet running?`,
  );
}

function token({ config }: Configuration): string {
  const path = tokenPath(config);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CommandError(`the admin token cannot be read: ${(error as Error).message}`);
  }
}

/** Asks, and gives the answer to be read. Rejects with a CommandError where nothing answers. */
export async function openAdmin(
  configuration: Configuration,
  question: AdminQuestion,
): Promise<IncomingMessage> {
  const address = place(configuration);
  const { method, path, body, agent, timeoutMs } = question;
  const text = body === undefined ? '' : JSON.stringify(body);
  const to =
    address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port };
  const headers: Record<string, string> = address.kind === 'unix' ? { host: 'localhost' } : {};
  if (agent !== undefined) headers['user-agent'] = agent;
  if (body !== undefined) {
    headers['authorization'] = `Bearer ${token(configuration)}`;
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(text));
  }
  return await new Promise((resolve, reject) => {
    const sent = request({ ...to, method, path, headers, agent: false, timeout: timeoutMs }, resolve);
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      const why = isAbsent ? 'nothing answers: is parapet running?' : error.message;
      reject(new CommandError(`${formatAdmin(address)} (admin.address): ${why}`));
    });
    sent.end(text);
  });
}

/** Asks, and reads the answer. Rejects with a CommandError where nothing answers. */
export async function askAdmin(configuration: Configuration, question: AdminQuestion): Promise<AdminAnswer> {
  const response = await openAdmin(configuration, question);
  try {
    return { status: response.statusCode ?? 0, body: await readText(response) };
  } catch (error) {
    throw new CommandError(`the admin API broke off: ${(error as Error).message}`);
  }
}

/** The detail of a problem document, or the whole body. */
export function detailOf({ status, body }: AdminAnswer): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not a problem document.
  }
  return `status ${status}: ${body.trim()}`;
}

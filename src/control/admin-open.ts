/** Opens the admin API: its token, its socket, and the note that the command line finds it by. */
import { type AdminPorts, AdminServer, readOrMakeToken } from '../admin/index.ts';
import type { RandomHex } from '../lib/random.ts';
import { configuredAdmin, formatAdmin, noteAdmin, tokenPath } from './admin-place.ts';
import type { Configuration } from './configuration.ts';
import { StartError } from './start-error.ts';

export interface OpenAdmin {
  server: AdminServer;
  /** An address, or `unix:` with a path. */
  name: string;
  /** 0 for a Unix socket. */
  port: number;
}

const secretBytes = 16;

/**
 * Undefined where the config has no admin API. `port` is taken where the config lets the system choose. Rejects with a
 * StartError where the address cannot be had.
 */
export async function openAdmin(
  { config, file }: Configuration,
  port: number,
  ports: AdminPorts,
  randomHex: RandomHex,
): Promise<OpenAdmin | undefined> {
  const address = configuredAdmin(config, file);
  if (address === undefined) return undefined;
  if (address.kind === 'tcp' && address.port === 0) address.port = port;
  const server = new AdminServer(ports, token(tokenPath(config), ports, randomHex));
  let bound = address;
  try {
    bound = await server.listen(address);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE' ? 'is in use: stop what listens there' : `cannot be opened (${message})`;
    throw new StartError(`${formatAdmin(address)} ${why}, or change admin.address in ${file}`, { cause });
  }
  try {
    noteAdmin(config, bound);
  } catch (error) {
    ports.audit(`admin: the command line cannot find it: ${(error as Error).message}`);
  }
  return { server, name: formatAdmin(bound), port: bound.kind === 'tcp' ? bound.port : 0 };
}

function token(path: string, ports: AdminPorts, randomHex: RandomHex): string {
  try {
    return readOrMakeToken(path, randomHex);
  } catch (error) {
    ports.audit(`admin: no change can be asked for: ${(error as Error).message}`);
    return randomHex(secretBytes);
  }
}

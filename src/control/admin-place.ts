/** Where the admin API is: as configured, and as written down for the command line where the system chose the port. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AdminAddress } from '../admin/index.ts';
import type { Config } from '../config/index.ts';
import { formatAddress, parseAddress } from '../lib/address.ts';
import { configFolder } from '../lib/config-folder.ts';

const addressFile = 'admin.address';
const tokenFile = 'admin.token';

/** `file` is the config's: a relative socket path starts at its folder. */
export function configuredAdmin(config: Config, file: string): AdminAddress | undefined {
  const text = config.admin?.address;
  if (text === undefined) return undefined;
  if (text.startsWith('unix:'))
    return { kind: 'unix', path: resolve(configFolder(file, process.cwd()), text.slice('unix:'.length)) };
  const { host, port } = parseAddress(text) ?? { host: '', port: 0 };
  return { kind: 'tcp', host, port };
}

export function formatAdmin(address: AdminAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : formatAddress(address.host, address.port);
}

export function tokenPath(config: Config): string {
  return config.admin?.tokenFile ?? join(config.logs.directory, tokenFile);
}

/** Throws where the folder cannot be written. */
export function noteAdmin(config: Config, address: AdminAddress): void {
  writeFileSync(join(config.logs.directory, addressFile), `${formatAdmin(address)}\n`);
}

/** The address to ask: with port 0 in the config, the one that the running process wrote down. */
export function findAdmin(config: Config, file: string): AdminAddress | undefined {
  const configured = configuredAdmin(config, file);
  if (configured?.kind !== 'tcp' || configured.port !== 0) return configured;
  const noted = parseAddress(readFileSync(join(config.logs.directory, addressFile), 'utf8').trim());
  return noted === undefined ? undefined : { kind: 'tcp', host: noted.host, port: noted.port };
}

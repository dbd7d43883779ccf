/** A Parapet with a TLS listener in front of a well-behaved origin, and the certificates that it was started with. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { Test } from 'tap';
import { type Issued, makeCertificate, makeRoot } from '../../support/certificates.ts';
import { type ConfigObject, type ConfigValue, siteConfig } from '../../support/config.ts';
import { startCountingOrigin } from '../../support/counting-origin.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import type { Address } from '../../support/raw-client.ts';
import { temporaryFolder } from '../../support/temp.ts';

export const root = makeRoot();

/** Writes a certificate with its chain and its key into `folder/tls`, and names them as a config does. */
export function place(folder: string, name: string, { chain, key }: Issued): { cert: string; key: string } {
  mkdirSync(join(folder, 'tls'), { recursive: true });
  writeFileSync(join(folder, 'tls', `${name}.crt`), chain);
  writeFileSync(join(folder, 'tls', `${name}.key`), key, { mode: 0o600 });
  chmodSync(join(folder, 'tls', `${name}.key`), 0o600);
  return { cert: `tls/${name}.crt`, key: `tls/${name}.key` };
}

export interface TlsSite {
  parapet: Parapet;
  folder: string;
  config: ConfigObject;
  /** The TLS listener, for a client that believes `root`. */
  address: Address;
}

export interface TlsSiteOptions {
  certificates?: Record<string, Issued>;
  origin?: Address;
  over?: ConfigObject;
  tls?: ConfigObject;
}

export const siteCertificate = (names: string[] = ['site.test', '127.0.0.1']): Issued =>
  makeCertificate({ names, issuer: root });

export async function startTlsSite(t: Test, options: TlsSiteOptions = {}): Promise<TlsSite> {
  const folder = temporaryFolder(t);
  const origin = options.origin ?? (await startCountingOrigin(t)).address;
  const certificates: ConfigValue[] = Object.entries(options.certificates ?? { site: siteCertificate() }).map(
    ([name, issued]) => place(folder, name, issued),
  );
  const config = siteConfig(origin, {
    listeners: [
      { address: '127.0.0.1:0' },
      { address: '127.0.0.1:0', tls: { certificates, ...options.tls } },
    ],
    ...options.over,
  });
  const parapet = await startParapet(t, config, { folder });
  return { parapet, folder, config, address: secure(parapet.listener(1)) };
}

/** The address with the options of a client that believes `root` and asks for site.test. */
export function secure({ host, port }: Address, more: ConnectionOptions = {}): Address {
  return { host, port, tls: { ca: root.cert, servername: 'site.test', ...more } };
}

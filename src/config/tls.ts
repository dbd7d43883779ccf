/** What the config says of TLS, with the files that it names: for listeners, and for origins with `https` URLs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { EngineCertificate, EngineServerTls, EngineTls } from '../engine/native/binding.ts';
import { systemClock } from '../lib/clock.ts';
import { type OriginUrl, parseOriginUrl } from '../lib/origin-url.ts';
import { readCertificates, readPair, type Trouble } from './certificate.ts';
import type { Path } from './diagnostic.ts';
import { type ConfigFiles, FileError } from './files.ts';
import type { Config } from './schema.ts';
import type { Finding } from './validate.ts';

type OriginConfig = Config['origins'][string];

/** Where systems keep the roots that they trust. */
const systemRoots = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Those of the system, with what its operator has added; where it has none, those that came with Node. */
function readSystemRoots(): string {
  for (const path of systemRoots) {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      // The next one.
    }
  }
  return `${rootCertificates.join('\n')}\n`;
}

export interface OriginTls {
  settings: Omit<EngineServerTls, 'serverName'>;
  /** Undefined: the host of each server's URL. */
  serverName: string | undefined;
  /** Changes with all of this: connections and sessions under other settings are not used again. */
  fingerprint: string;
}

export interface ReadTls {
  /** By index of the listener. */
  certificates: Map<number, EngineCertificate[]>;
  trusts: EngineTls['trusts'];
  /** By name of the origin; only those with an `https` URL. */
  origins: Map<string, OriginTls>;
  findings: Finding[];
}

export const noTls: ReadTls = { certificates: new Map(), trusts: [], origins: new Map(), findings: [] };

class TlsReader implements ReadTls {
  readonly certificates = new Map<number, EngineCertificate[]>();
  readonly trusts: EngineTls['trusts'] = [];
  readonly origins = new Map<string, OriginTls>();
  readonly findings: Finding[] = [];
  readonly #files: ConfigFiles;
  readonly #nowMs: number;

  constructor(files: ConfigFiles, nowMs: number) {
    this.#files = files;
    this.#nowMs = nowMs;
  }

  takeListener(index: number, { tls }: Config['listeners'][number]): void {
    if (tls === undefined) return;
    const pairs: EngineCertificate[] = [];
    for (const [at, paths] of tls.certificates.entries()) {
      const path = ['listeners', index, 'tls', 'certificates', at];
      const pair = readPair(this.#files, paths, this.#nowMs, this.#tell(path));
      if (pair === undefined) continue;
      pairs.push(pair);
      if (pair.names.length > 0 || tls.certificates.length === 1) continue;
      const message = `${paths.cert}: the certificate carries no host name, so no client can ask for it`;
      this.findings.push({ path: [...path, 'cert'], message, severity: 'warning' });
    }
    this.certificates.set(index, pairs);
  }

  takeOrigin(name: string, origin: OriginConfig): void {
    const path: Path = ['origins', name, 'tls'];
    const { tls } = origin;
    if (!origin.servers.some(({ url }) => (parseOriginUrl(url) as OriginUrl).scheme === 'https')) {
      const given = (['ca', 'cert', 'key', 'serverName'] as const).find((key) => tls[key] !== undefined);
      if (given !== undefined)
        this.findings.push({ path: [...path, given], message: 'no server of this origin has an https URL' });
      return;
    }
    if (!tls.verify) {
      const message = 'the certificates of this origin are not verified: anybody on the way can pose as it';
      this.findings.push({ path: [...path, 'verify'], message, severity: 'warning' });
    }
    const trust = tls.verify ? this.#trust(tls.ca, path) : -1;
    let pair: { chain: string; key: string } | undefined = { chain: '', key: '' };
    const { cert, key } = tls;
    if (cert !== undefined && key !== undefined)
      pair = readPair(this.#files, { cert, key }, this.#nowMs, this.#tell(path));
    else if (cert !== undefined || key !== undefined) {
      const message = `missing key "${cert === undefined ? 'cert' : 'key'}" in origins.${name}.tls`;
      this.findings.push({ path: [...path, cert === undefined ? 'key' : 'cert'], message });
    }
    if (trust === undefined || pair === undefined) return;
    const { chain, key: keyText } = pair;
    const onlyTls13 = tls.minVersion === 'TLSv1.3';
    const settings = { verify: tls.verify, onlyTls13, chain, key: keyText, trust };
    const serverName = tls.serverName?.toLowerCase();
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([{ ...settings, trust: this.trusts[trust] }, serverName]))
      .digest('hex')
      .slice(0, 16);
    this.origins.set(name, { settings, serverName, fingerprint });
  }

  #tell(path: Path) {
    return ({ of, message, severity }: Trouble) =>
      void this.findings.push({ path: [...path, of], message, ...(severity && { severity }) });
  }

  /** Index of what an origin's certificates must lead to; undefined: it cannot be used. */
  #trust(ca: string | undefined, path: Path): number | undefined {
    try {
      const partialChains = ca !== undefined;
      const pem = ca === undefined ? readSystemRoots() : readCertificates(this.#files, ca).pem;
      const known = this.trusts.findIndex((one) => one.pem === pem && one.partialChains === partialChains);
      return known >= 0 ? known : this.trusts.push({ pem, partialChains }) - 1;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.findings.push({ path: [...path, 'ca'], message: `${ca} cannot be used: ${error.message}` });
      return undefined;
    }
  }
}

/** For a config of the right shape, whose URLs are right. Reads the files of its certificates. */
export function readTls(config: Config, files: ConfigFiles, nowMs = systemClock.nowMs()): ReadTls {
  const reader = new TlsReader(files, nowMs);
  for (const [index, listener] of config.listeners.entries()) reader.takeListener(index, listener);
  for (const [name, origin] of Object.entries(config.origins)) reader.takeOrigin(name, origin);
  return reader;
}

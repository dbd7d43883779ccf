/** Certificates and private keys in PEM files: read, and checked for what an operator gets wrong. Nothing of them is ever told. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ConfigFiles } from './files.ts';
import { FileError } from './files.ts';

const fileBytesMax = 1024 * 1024;
const rsaBitsMin = 2048;
const keyTypes: readonly (string | undefined)[] = ['rsa', 'rsa-pss', 'ec', 'ed25519'];
const block =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** What a file is found to be: a text to go on with, or why it cannot be used. */
export interface Trouble {
  /** Which of the two files. */
  of: 'cert' | 'key';
  message: string;
  severity?: 'warning';
}

export interface Pair {
  chain: string;
  key: string;
  /** Host names of the certificate in lower case, `*.example.com` among them. */
  names: string[];
}

/** The certificates of a PEM text. Throws a FileError. */
export function readCertificates(files: ConfigFiles, path: string): { pem: string; list: X509Certificate[] } {
  const text = Buffer.from(files.read(path, fileBytesMax)).toString('latin1');
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw new FileError('there is no certificate in it');
  const list = blocks.map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new FileError(`certificate ${index + 1} in it cannot be read`);
    }
  });
  return { pem: `${blocks.join('\n')}\n`, list };
}

function readKey(files: ConfigFiles, path: string): { pem: string; key: KeyObject } {
  const pem = Buffer.from(files.read(path, fileBytesMax)).toString('latin1');
  if (/ENCRYPTED/.test(pem)) throw new FileError('the key is encrypted');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new FileError('there is no private key in it');
  }
  return { pem: key.export({ type: 'pkcs8', format: 'pem' }).toString(), key };
}

/** Names of subjectAltName that a client can ask for. */
function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').flatMap((entry) => {
    const name = /^DNS:((?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)$/.exec(entry)?.[1];
    return name === undefined ? [] : [name.toLowerCase().replace(/\.$/, '')];
  });
  return [...new Set(names)];
}

function keyFault({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (!keyTypes.includes(asymmetricKeyType)) return `keys of type ${asymmetricKeyType} cannot be used`;
  const bits = asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < rsaBitsMin)
    return `the key has ${bits} bits, at least ${rsaBitsMin} are needed`;
  return undefined;
}

/** What is odd about certificates that can be used. */
function oddities(list: readonly X509Certificate[], nowMs: number): string[] {
  const found: string[] = [];
  for (const [index, certificate] of list.entries()) {
    const which = index === 0 ? 'the certificate' : `certificate ${index + 1} in it`;
    if (Date.parse(certificate.validTo) < nowMs) found.push(`${which} has expired (${certificate.validTo})`);
    if (Date.parse(certificate.validFrom) > nowMs)
      found.push(`${which} is not valid before ${certificate.validFrom}`);
    const issuer = list[index + 1];
    if (issuer !== undefined && !certificate.checkIssued(issuer))
      found.push(`${which} was not issued by the one that follows it: the chain is not in order`);
  }
  return found;
}

/** Reads a certificate with its chain, and its key. Undefined: they cannot be used together; `trouble` says why. */
export function readPair(
  files: ConfigFiles,
  paths: { cert: string; key: string },
  nowMs: number,
  trouble: (one: Trouble) => void,
): Pair | undefined {
  const attempt = <T>(of: 'cert' | 'key', read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      trouble({ of, message: `${paths[of]} cannot be used: ${error.message}` });
      return undefined;
    }
  };
  const chain = attempt('cert', () => readCertificates(files, paths.cert));
  const key = attempt('key', () => readKey(files, paths.key));
  const [first] = chain?.list ?? [];
  if (chain === undefined || key === undefined || first === undefined) return undefined;
  const fault = keyFault(key.key);
  if (fault !== undefined) {
    trouble({ of: 'key', message: `${paths.key} cannot be used: ${fault}` });
    return undefined;
  }
  if (!first.checkPrivateKey(key.key)) {
    const other = chain.list.findIndex((one) => one.checkPrivateKey(key.key));
    const message =
      other > 0
        ? `${paths.cert} cannot be used: the key belongs to certificate ${other + 1} in it, which must come first`
        : `${paths.key} is not the key of ${paths.cert}`;
    trouble({ of: other > 0 ? 'cert' : 'key', message });
    return undefined;
  }
  for (const oddity of oddities(chain.list, nowMs))
    trouble({ of: 'cert', message: `${paths.cert}: ${oddity}`, severity: 'warning' });
  return { chain: chain.pem, key: key.pem, names: namesOf(first) };
}

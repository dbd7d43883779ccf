/**
 * Certificates for tests, with any fault that one may want: written as DER (X.690) by hand and signed with node:crypto,
 * so that no other program is needed.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const tag = { integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, sequence: 0x30, set: 0x31, time: 0x18 };

function der(type: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([type, length]), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...bytes]), content]);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(tag.oid, Buffer.from(bytes));
}

const time = (date: Date): Buffer =>
  der(tag.time, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, ''), 'latin1'));
const name = (common: string): Buffer =>
  der(tag.sequence, der(tag.set, der(tag.sequence, oid('2.5.4.3'), der(tag.utf8, Buffer.from(common)))));
const isTrue = Buffer.from([1, 1, 0xff]);
const extension = (id: string, value: Buffer, critical = false): Buffer =>
  der(tag.sequence, oid(id), ...(critical ? [isTrue] : []), der(tag.octets, value));

function addressBytes(text: string): Buffer {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number));
  if (text !== '::1') throw new Error('of IPv6 only ::1');
  return Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
}

const alternative = (one: string): Buffer =>
  isIP(one) === 0 ? der(0x82, Buffer.from(one, 'latin1')) : der(0x87, addressBytes(one));

export interface Issued {
  cert: string;
  key: string;
  /** This certificate followed by its issuers below the root. */
  chain: string;
  keyObject: KeyObject;
  subject: string;
  isRoot: boolean;
}

export interface CertificateOptions {
  subject?: string;
  names?: string[];
  kind?: 'ec' | 'rsa' | 'ed25519';
  rsaBits?: number;
  /** Undefined: it signs itself. */
  issuer?: Issued;
  isCa?: boolean;
  notBefore?: Date;
  notAfter?: Date;
}

const dayMs = 86_400_000;

function makeKey({ kind = 'ec', rsaBits = 2048 }: CertificateOptions) {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: rsaBits });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** AlgorithmIdentifier of a signature with this key (RFC 5758, RFC 4055, RFC 8410). */
function algorithmOf(key: KeyObject): { identifier: Buffer; digest: string | undefined } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return {
        identifier: der(tag.sequence, oid('1.2.840.113549.1.1.11'), Buffer.from([5, 0])),
        digest: 'sha256',
      };
    case 'ed25519':
      return { identifier: der(tag.sequence, oid('1.3.101.112')), digest: undefined };
    default:
      return { identifier: der(tag.sequence, oid('1.2.840.10045.4.3.2')), digest: 'sha256' };
  }
}

function extensions({ names = [], isCa = false }: CertificateOptions): Buffer {
  const basic = der(tag.sequence, ...(isCa ? [isTrue] : []));
  const usage = der(tag.bits, isCa ? Buffer.from([1, 6]) : Buffer.from([5, 0xa0]));
  const all = [extension('2.5.29.19', basic, true), extension('2.5.29.15', usage, true)];
  if (names.length > 0) all.push(extension('2.5.29.17', der(tag.sequence, ...names.map(alternative))));
  return der(0xa3, der(tag.sequence, ...all));
}

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;

export function makeCertificate(options: CertificateOptions = {}): Issued {
  const { subject = options.names?.[0] ?? 'test', issuer } = options;
  const { publicKey, privateKey } = makeKey(options);
  const signer = issuer?.keyObject ?? privateKey;
  const { identifier, digest } = algorithmOf(signer);
  const now = Date.now();
  const { notBefore = new Date(now - dayMs), notAfter = new Date(now + 30 * dayMs) } = options;
  const toBeSigned = der(
    tag.sequence,
    der(0xa0, der(tag.integer, Buffer.from([2]))),
    der(tag.integer, Buffer.from([1]), randomBytes(8)),
    identifier,
    name(issuer?.subject ?? subject),
    der(tag.sequence, time(notBefore), time(notAfter)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(options),
  );
  const signature = sign(digest, toBeSigned, signer);
  const cert = pem(der(tag.sequence, toBeSigned, identifier, der(tag.bits, Buffer.from([0]), signature)));
  return {
    cert,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain: issuer === undefined || issuer.isRoot ? cert : cert + issuer.chain,
    keyObject: privateKey,
    subject,
    isRoot: issuer === undefined,
  };
}

/** A root that others are issued by. */
export const makeRoot = (subject = 'Test Root'): Issued => makeCertificate({ subject, isCa: true });

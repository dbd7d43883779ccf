/** Socket addresses as text: `127.0.0.1:8080`, `[::1]:8080`. Only IP literals; a name is not an address. */
import { isIP } from 'node:net';

export interface SocketAddress {
  family: 4 | 6;
  /** IP literal without brackets, as `net` takes it. */
  host: string;
  port: number;
}

const shape = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/;

export function parseAddress(text: string): SocketAddress | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  const family = isIP(host);
  if (port > 65535 || family === 0 || (family === 6) !== (match[1] !== undefined)) return undefined;
  return { family: family === 6 ? 6 : 4, host, port };
}

export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The shortest way to write an IP literal (RFC 5952), so that two spellings compare equal. */
export function canonicalHost(host: string): string {
  if (isIP(host) !== 6) return host;
  const inner = new URL(`http://[${host}]/`).hostname;
  return inner.slice(1, -1);
}

export function isLoopback(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical === '::1' || canonical.startsWith('127.') || /^::ffff:7f[0-9a-f]{2}:/.test(canonical);
}

export function isUnspecified(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical === '0.0.0.0' || canonical === '::';
}

/** An address, or a prefix with its length (`10.0.0.0/8`). */
export function isNetwork(text: string): boolean {
  const [host = '', length, ...rest] = text.split('/');
  const family = isIP(host);
  if (family === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  return /^[0-9]{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

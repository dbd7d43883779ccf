/** IP addresses as 16 bytes (IPv4 as ::ffff:a.b.c.d), their text, and the networks that they lie in. */
import { isIP, isIPv4 } from 'node:net';

export const addressBytes = 16;

function writeIPv4(text: string, into: Uint8Array, offset: number): void {
  const parts = text.split('.');
  for (let index = 0; index < 4; index += 1) into[offset + index] = Number(parts[index]);
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':');
}

function writeGroups(groups: readonly string[], into: Uint8Array, offset: number): void {
  for (const group of groups) {
    if (group.includes('.')) {
      writeIPv4(group, into, offset);
      return;
    }
    const value = Number.parseInt(group, 16);
    into[offset] = value >> 8;
    into[offset + 1] = value & 0xff;
    offset += 2;
  }
}

function groupBytes(groups: readonly string[]): number {
  return groups.length * 2 + (groups.at(-1)?.includes('.') ? 2 : 0);
}

/** Writes the 16 bytes of an IP literal (no brackets, no zone id); false where the text is none. */
export function parseIp(text: string, into: Uint8Array, offset = 0): boolean {
  if (isIP(text) === 0 || text.includes('%')) return false;
  into.fill(0, offset, offset + addressBytes);
  if (isIPv4(text)) {
    into[offset + 10] = 0xff;
    into[offset + 11] = 0xff;
    writeIPv4(text, into, offset + 12);
    return true;
  }
  const [head = '', tail] = text.split('::');
  writeGroups(groupsOf(head), into, offset);
  if (tail !== undefined) {
    const groups = groupsOf(tail);
    writeGroups(groups, into, offset + addressBytes - groupBytes(groups));
  }
  return true;
}

export function isMappedIPv4(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < 10; index += 1) if (bytes[offset + index] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

/** The shortest text of the address (RFC 5952); IPv4 in dotted form. */
export function formatIp(bytes: Uint8Array, offset = 0): string {
  if (isMappedIPv4(bytes, offset)) return bytes.subarray(offset + 12, offset + 16).join('.');
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((bytes[offset + index]! << 8) | bytes[offset + index + 1]!);
  }
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: index - run + 1, length: run };
  }
  return best;
}

interface Network {
  bytes: Uint8Array;
  prefix: number;
}

function parseNetwork(text: string): Network {
  const [host = '', length] = text.split('/');
  const bytes = new Uint8Array(addressBytes);
  if (!parseIp(host, bytes)) throw new Error(`"${text}" is not a network`);
  const isFour = isIPv4(host);
  const own = length === undefined ? (isFour ? 32 : 128) : Number(length);
  return { bytes, prefix: isFour ? own + 96 : own };
}

function isWithin(network: Network, bytes: Uint8Array, offset: number): boolean {
  const whole = network.prefix >> 3;
  for (let index = 0; index < whole; index += 1) {
    if (bytes[offset + index] !== network.bytes[index]) return false;
  }
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((bytes[offset + whole]! ^ network.bytes[whole]!) & mask) === 0;
}

/** A short list of networks, tried one by one: the trusted proxies of a config. */
export class NetworkSet {
  readonly #networks: readonly Network[];

  /** @param texts networks that have been checked before (`10.0.0.0/8`, `::1`) */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(parseNetwork);
  }

  get isEmpty(): boolean {
    return this.#networks.length === 0;
  }

  has(bytes: Uint8Array, offset: number): boolean {
    return this.#networks.some((network) => isWithin(network, bytes, offset));
  }
}

/**
 * Writes databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), small ones for tests: a search tree, 16
 * bytes of zero, the records, and the metadata behind their mark.
 */
import { addressBytes, parseIp } from '../../src/lib/ip.ts';

export type MmdbValue =
  | string
  | number
  | boolean
  | bigint
  | readonly MmdbValue[]
  | { [key: string]: MmdbValue };

export interface MmdbOptions {
  /** Bits of a record of the tree. */
  recordSize?: 24 | 28 | 32;
  ipVersion?: 4 | 6;
  type?: string;
}

const types = { text: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11, flag: 14 } as const;
const mark = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const separator = Buffer.alloc(16);

function control(type: number, size: number): Buffer {
  const long = size < 29 ? [] : size < 285 ? [size - 29] : [(size - 285) >> 8, (size - 285) & 0xff];
  const short = size < 29 ? size : size < 285 ? 29 : 30;
  return Buffer.from(type < 8 ? [(type << 5) | short, ...long] : [short, type - 7, ...long]);
}

function unsigned(type: number, value: number | bigint): Buffer {
  const hex = value.toString(16);
  const bytes =
    Number(value) === 0
      ? Buffer.alloc(0)
      : Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([control(type, bytes.length), bytes]);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'boolean') return control(types.flag, value ? 1 : 0);
  if (typeof value === 'number') return unsigned(types.uint32, value);
  if (typeof value === 'bigint') return unsigned(types.uint64, value);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([control(types.text, bytes.length), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(types.array, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  const encoded = entries.flatMap(([key, inner]) => [encode(key), encode(inner)]);
  return Buffer.concat([control(types.map, entries.length), ...encoded]);
}

/** A record of the tree: a node, data by their number, or nothing. */
type Side = { node: number } | { data: number } | undefined;

class Tree {
  readonly nodes: [Side, Side][] = [[undefined, undefined]];
  readonly #bits: number;

  constructor(ipVersion: 4 | 6) {
    this.#bits = ipVersion === 6 ? 128 : 32;
  }

  /** Later networks lie within earlier ones, or beside them. */
  insert(network: string, data: number): void {
    const [host = '', length] = network.split('/');
    const bytes = new Uint8Array(addressBytes);
    if (!parseIp(host, bytes)) throw new Error(`"${network}" is no network`);
    const isFour = !host.includes(':');
    // IPv4 lies below ::/96.
    if (isFour) bytes.fill(0, 0, 12);
    const skip = this.#bits === 32 ? 96 : 0;
    const depth = Number(length ?? (isFour ? 32 : 128)) + (isFour ? 96 : 0) - skip;
    const bitAt = (index: number) => (bytes[(index + skip) >> 3]! >> (7 - ((index + skip) & 7))) & 1;
    let node = 0;
    for (let index = 0; index < depth - 1; index += 1) node = this.#child(node, bitAt(index));
    this.nodes[node]![bitAt(depth - 1)] = { data };
  }

  #child(node: number, bit: number): number {
    const side = this.nodes[node]![bit];
    if (side !== undefined && 'node' in side) return side.node;
    // What lay here reaches all below it.
    const made = this.nodes.push([side, side]) - 1;
    this.nodes[node]![bit] = { node: made };
    return made;
  }
}

function packNode(left: number, right: number, recordSize: number): Buffer {
  const bytes = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    bytes.writeUInt32BE(left, 0);
    bytes.writeUInt32BE(right, 4);
    return bytes;
  }
  bytes.writeUIntBE(left & 0xff_ffff, 0, 3);
  bytes.writeUIntBE(right & 0xff_ffff, bytes.length - 3, 3);
  if (recordSize === 28) bytes[3] = ((left >>> 24) << 4) | (right >>> 24);
  return bytes;
}

/** @param networks records by network; one that lies within another stands behind it */
export function writeMmdb(networks: Readonly<Record<string, MmdbValue>>, options: MmdbOptions = {}): Buffer {
  const { recordSize = 24, ipVersion = 6, type = 'Test-Country' } = options;
  const tree = new Tree(ipVersion);
  const data: Buffer[] = [];
  const places: number[] = [];
  let dataBytes = 0;
  for (const [network, record] of Object.entries(networks)) {
    tree.insert(network, data.length);
    places.push(dataBytes);
    dataBytes += data[data.push(encode(record)) - 1]!.length;
  }
  const count = tree.nodes.length;
  const numberOf = (side: Side) => {
    if (side === undefined) return count;
    return 'node' in side ? side.node : count + separator.length + places[side.data]!;
  };
  const nodes = tree.nodes.map(([left, right]) => packNode(numberOf(left), numberOf(right), recordSize));
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_790_000_000n,
    database_type: type,
    description: { en: 'For tests' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: count,
    record_size: recordSize,
  });
  return Buffer.concat([...nodes, separator, ...data, mark, metadata]);
}

/** The same in memory as threads share it. */
export function sharedMmdb(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

/** A record as databases of countries have it. */
export function countryRecord(iso: string, continent = '', isInEuropeanUnion = false): MmdbValue {
  return {
    ...(continent !== '' && { continent: { code: continent, names: { en: continent } } }),
    country: {
      geoname_id: 1,
      ...(isInEuropeanUnion && { is_in_european_union: true }),
      iso_code: iso,
      names: { en: iso },
    },
  };
}

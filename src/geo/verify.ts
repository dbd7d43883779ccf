/**
 * Looks at a database before it is put in force: every record of its search tree must lead somewhere, and what it holds
 * must be places. Node n of the tree is two records of 24, 28 or 32 bits, left and right; a record below the number of
 * nodes is a node, that number itself nothing, and one above it an offset into the data, plus that number, plus 16.
 */
import { addressBytes, formatIp } from '../lib/ip.ts';
import type { Database } from './database.ts';
import { placeOf } from './place.ts';

/** Records that are looked at for a place. */
const samplesMax = 256;
/** Nodes that are walked for them. */
const stepsMax = 1_000_000;
/** Bytes of zero between tree and data. */
const separatorBytes = 16;
const sizes: ReadonlySet<number> = new Set([24, 28, 32]);

type ReadRecord = (node: number, side: 0 | 1) => number;

function recordReader({ bytes, metadata }: Database): ReadRecord {
  const { nodeByteSize, recordSize } = metadata;
  if (recordSize === 24) return (node, side) => bytes.readUIntBE(node * nodeByteSize + side * 3, 3);
  if (recordSize === 32) return (node, side) => bytes.readUInt32BE(node * nodeByteSize + side * 4);
  return (node, side) => {
    const at = node * nodeByteSize;
    const middle = bytes[at + 3]!;
    const high = side === 0 ? middle >> 4 : middle & 0x0f;
    return high * 0x100_0000 + bytes.readUIntBE(at + side * 4, 3);
  };
}

/** Addresses of the first networks that have a record, in the order of the tree. */
function* sampleAddresses({ metadata }: Database, read: ReadRecord): Generator<string> {
  const { ipVersion, nodeCount } = metadata;
  const bits = ipVersion === 6 ? 128 : 32;
  const waiting: { node: number; depth: number; address: Uint8Array }[] = [
    { node: 0, depth: 0, address: new Uint8Array(addressBytes) },
  ];
  for (let steps = 0; steps < stepsMax; steps += 1) {
    const step = waiting.pop();
    if (step === undefined) return;
    const { node, depth, address } = step;
    if (node > nodeCount) yield textOf(address, ipVersion);
    if (node >= nodeCount || depth >= bits) continue;
    const right = address.slice();
    right[depth >> 3]! |= 0x80 >> (depth & 7);
    waiting.push({ node: read(node, 1), depth: depth + 1, address: right });
    waiting.push({ node: read(node, 0), depth: depth + 1, address });
  }
}

function textOf(address: Uint8Array, ipVersion: number): string {
  // IPv4 stands below ::/96 in a tree for IPv6.
  const isFour = ipVersion === 4 || address.subarray(0, 12).every((byte) => byte === 0);
  return isFour
    ? (ipVersion === 4 ? address.subarray(0, 4) : address.subarray(12)).join('.')
    : formatIp(address);
}

/** Throws an Error that completes "FILE cannot be used: ". */
export function verify(database: Database): void {
  const { bytes, metadata } = database;
  const { nodeCount, recordSize, searchTreeSize, ipVersion, databaseType } = metadata;
  const isKnown = sizes.has(recordSize) && (ipVersion === 4 || ipVersion === 6) && nodeCount > 0;
  if (!isKnown || metadata.binaryFormatMajorVersion !== 2) throw new Error('its format is not known');
  if (searchTreeSize + separatorBytes > bytes.length)
    throw new Error('it is damaged: it ends within its search tree');
  const dataEnd = bytes.length - searchTreeSize + nodeCount;
  const read = recordReader(database);
  for (let node = 0; node < nodeCount; node += 1) {
    if (read(node, 0) < dataEnd && read(node, 1) < dataEnd) continue;
    throw new Error(`it is damaged: node ${node} of its search tree leads nowhere`);
  }
  let looked = 0;
  for (const address of sampleAddresses(database, read)) {
    if (placeOf(database.find(address)) !== undefined) return;
    looked += 1;
    if (looked === samplesMax) break;
  }
  throw new Error(`there are no countries in it (it says that it is a ${databaseType})`);
}

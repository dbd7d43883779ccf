/** Cuts the ranges of many address sets into segments that no range divides, each with the expressions that have it. */
import { fourWords, sixWords } from '../address.ts';
import type { AddressTables, IpRanges } from '../protocol.ts';
import { Owners } from './hash-tables.ts';

interface Owned {
  readonly owner: number;
  readonly atom: { readonly ranges: IpRanges };
}
/** Where a range begins, and the place behind its last address. */
interface Edge {
  readonly at: bigint;
  readonly owner: number;
  readonly change: 1 | -1;
}

const turned = 0x8000_0000;
/** Expressions over all segments of a family: ranges that lie in each other have many. */
const ownersMax = 1_000_000;

/** undefined: the tables would be too large. */
export function addressTables(source: string, owned: readonly Owned[]): AddressTables | undefined {
  const four = segments(owned.flatMap(({ owner, atom }) => edges(atom.ranges.four, fourWords, owner)));
  const six = segments(owned.flatMap(({ owner, atom }) => edges(atom.ranges.six, sixWords, owner)));
  if (four === undefined || six === undefined) return undefined;
  const lists = new Owners([...four.lists, ...six.lists]);
  return {
    source,
    four: Int32Array.from(four.starts, (at) => Number(at) ^ turned),
    fourOwnerStarts: lists.starts.slice(0, four.lists.length + 1),
    six: Int32Array.from(six.starts.flatMap(wordsOf)),
    sixOwnerStarts: lists.starts.slice(four.lists.length),
    owners: lists.owners,
  };
}

function edges(words: Int32Array, step: number, owner: number): Edge[] {
  const half = step / 2;
  const all: Edge[] = [];
  for (let at = 0; at < words.length; at += step) {
    all.push({ at: numberAt(words, at, half), owner, change: 1 });
    all.push({ at: numberAt(words, at + half, half) + 1n, owner, change: -1 });
  }
  return all;
}

function numberAt(words: Int32Array, at: number, count: number): bigint {
  let number = 0n;
  for (let index = at; index < at + count; index += 1)
    number = (number << 32n) | BigInt((words[index]! ^ turned) >>> 0);
  return number;
}

function wordsOf(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn) ^ turned);
}

function segments(all: Edge[]): { starts: bigint[]; lists: number[][] } | undefined {
  const sorted = all.sort((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0));
  const open = new Map<number, number>();
  const starts: bigint[] = [];
  const lists: number[][] = [];
  let owners = 0;
  for (const [index, { at, owner, change }] of sorted.entries()) {
    const count = (open.get(owner) ?? 0) + change;
    if (count === 0) open.delete(owner);
    else open.set(owner, count);
    if (sorted[index + 1]?.at === at) continue;
    owners += open.size;
    if (owners > ownersMax) return undefined;
    starts.push(at);
    lists.push([...open.keys()]);
  }
  // What lies behind the last address of the family cannot be asked for, and has no place in 32 bits.
  const isBeyond = starts.at(-1) === 1n << 32n || starts.at(-1) === 1n << 128n;
  return isBeyond ? { starts: starts.slice(0, -1), lists: lists.slice(0, -1) } : { starts, lists };
}

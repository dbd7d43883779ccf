/**
 * Chooses the windows by which literals are found: those that few other literals have, and that are seldom in traffic. The
 * distance of looks is as large as the shortest literal allows.
 */
import type { SourceTables } from '../protocol.ts';
import { filterBit, filterFactor, keyPlace, shiftOf, windowBytes } from '../windows.ts';
import { Owners, placesFor } from './hash-tables.ts';

/** Offsets beyond are not chosen. */
const offsetsMax = 256;
const filterBytesPerWindow = 4;
const filterBytesMin = 2 ** 12;
/** Half a mebibyte: more would not stay in a core's cache. */
const filterBytesMax = 2 ** 19;
/** Bytes that are frequent in paths, queries and names of browsers, most frequent first. */
const common = 'eaotinsr/lcdm.pu-h=bg0123&5k';

type Windows = Pick<SourceTables, 'stride' | 'windowFilter' | 'windowKeys' | 'windowStarts' | 'entries'>;

export function windowTables(literals: readonly Uint8Array[]): Windows {
  const long = literals.filter((literal) => literal.length >= windowBytes);
  const shortest = long.reduce((least, literal) => Math.min(least, literal.length), Number.POSITIVE_INFINITY);
  const stride = strideFor(shortest);
  const uses = countUses(long);
  const entries = new Map<number, number[]>();
  for (const [index, literal] of literals.entries()) {
    if (literal.length < windowBytes) continue;
    const first = bestOffset(literal, stride, uses);
    for (let offset = first; offset < first + stride; offset += 1) {
      const window = windowAt(literal, offset);
      const list = entries.get(window);
      if (list === undefined) entries.set(window, [entryOf(index, offset)]);
      else list.push(entryOf(index, offset));
    }
  }
  return { stride, ...hashTable(entries) };
}

// Places are told apart by their address, so the distance divides four.
function strideFor(shortest: number): number {
  if (shortest >= windowBytes + 3) return 4;
  return shortest >= windowBytes + 1 ? 2 : 1;
}

const entryOf = (literal: number, offset: number): number => (literal << 12) | offset;

function windowAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

const lastOffset = (literal: Uint8Array): number => Math.min(offsetsMax, literal.length - windowBytes);

function countUses(literals: readonly Uint8Array[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const literal of literals) {
    for (let at = 0; at <= lastOffset(literal); at += 1) {
      const window = windowAt(literal, at);
      uses.set(window, (uses.get(window) ?? 0) + 1);
    }
  }
  return uses;
}

/** Offset of the first of `stride` neighbouring windows that are found in vain least often. */
function bestOffset(literal: Uint8Array, stride: number, uses: ReadonlyMap<number, number>): number {
  const costs: number[] = [];
  for (let at = 0; at <= lastOffset(literal); at += 1) {
    costs.push(uses.get(windowAt(literal, at))! * 40 + commonness(literal, at));
  }
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let first = 0; first + stride <= costs.length; first += 1) {
    let cost = 0;
    for (let at = first; at < first + stride; at += 1) cost += costs[at]!;
    if (cost < least) {
      least = cost;
      best = first;
    }
  }
  return best;
}

const ranks = new Map(
  Array.from(common, (char, index): [number, number] => [char.charCodeAt(0) | 0x20, common.length - index]),
);

function commonness(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let index = at; index < at + windowBytes; index += 1) sum += ranks.get(bytes[index]!) ?? 0;
  return sum;
}

function hashTable(entries: ReadonlyMap<number, readonly number[]>): Omit<Windows, 'stride'> {
  const wanted = 2 ** Math.ceil(Math.log2(entries.size * filterBytesPerWindow + 1));
  // Sources without windows are many where rules name many fields.
  const bytes = entries.size === 0 ? 1 : Math.min(filterBytesMax, Math.max(filterBytesMin, wanted));
  const windowFilter = new Uint8Array(bytes);
  const places = placesFor(entries.size);
  const windowKeys = new Int32Array(places);
  const lists: (readonly number[])[] = Array.from({ length: places }, () => []);
  for (const [window, list] of entries) {
    const hash = Math.imul(window, filterFactor);
    windowFilter[hash >>> shiftOf(bytes)]! |= filterBit(hash);
    let place = keyPlace(window, shiftOf(places));
    while (lists[place]!.length > 0) place = (place + 1) & (places - 1);
    windowKeys[place] = window;
    lists[place] = list;
  }
  const { starts, owners } = new Owners(lists);
  return { windowFilter, windowKeys, windowStarts: starts, entries: owners };
}

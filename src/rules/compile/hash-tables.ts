/** Lists of numbers one behind the other, and the hash table of whole values. */
import type { SourceTables } from '../protocol.ts';
import { hashFolded, keyPlace, lengthsMax, shiftOf } from '../windows.ts';

/** Lists as one: list n is owners[starts[n]..starts[n + 1]). */
export class Owners {
  readonly starts: Int32Array;
  readonly owners: Int32Array;

  constructor(lists: readonly (readonly number[])[]) {
    this.starts = new Int32Array(lists.length + 1);
    for (const [index, list] of lists.entries()) this.starts[index + 1] = this.starts[index]! + list.length;
    this.owners = new Int32Array(this.starts[lists.length]!);
    for (const [index, list] of lists.entries()) this.owners.set(list, this.starts[index]);
  }
}

/** A power of two that leaves half of the table free, at least. */
export function placesFor(count: number): number {
  return 2 ** Math.max(2, Math.ceil(Math.log2(count * 2 + 1)));
}

type Exact = Pick<SourceTables, 'exactLengths' | 'exactHashes' | 'exactStarts' | 'exactOwners'>;

/** @param values owners by folded value */
export function exactTable(values: ReadonlyMap<string, readonly number[]>): Exact {
  const byHash = new Map<number, number[]>();
  const exactLengths = new Int32Array((lengthsMax + 1) >> 5);
  for (const [text, owners] of values) {
    const bytes = Buffer.from(text, 'latin1');
    const bit = Math.min(bytes.length, lengthsMax);
    exactLengths[bit >> 5]! |= 1 << (bit & 31);
    const hash = hashFolded(bytes, 0, bytes.length);
    byHash.set(hash, [...(byHash.get(hash) ?? []), ...owners]);
  }
  const places = placesFor(byHash.size);
  const exactHashes = new Int32Array(places);
  const lists: (readonly number[])[] = Array.from({ length: places }, () => []);
  for (const [hash, owners] of byHash) {
    let place = keyPlace(hash, shiftOf(places));
    while (exactHashes[place] !== 0) place = (place + 1) & (places - 1);
    exactHashes[place] = hash;
    lists[place] = owners;
  }
  const { starts, owners } = new Owners(lists);
  return { exactLengths, exactHashes, exactStarts: starts, exactOwners: owners };
}

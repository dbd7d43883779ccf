/** Finds the places of addresses. What was found is remembered in a table of fixed size, which is overwritten freely. */
import { addressBytes, formatIp } from '../lib/ip.ts';
import { type Database, openDatabase } from './database.ts';
import { nowhere, type Place, placeOf } from './place.ts';

/** Pairs of addresses of which a worker remembers the places; a power of two. */
const pairsMax = 4096;

export class Locator {
  readonly #databases: readonly Database[];
  /** Addresses that are remembered, 16 bytes each, two for each hash, and their places. */
  readonly #addresses: Uint8Array;
  readonly #places: (Place | undefined)[];
  /** By hash: which of the two was used last. */
  readonly #latest: Uint8Array;

  /** @param databases as `verify` has found them good; none: every place is `nowhere` */
  constructor(databases: readonly SharedArrayBuffer[]) {
    this.#databases = databases.map(openDatabase);
    const pairs = databases.length === 0 ? 0 : pairsMax;
    this.#addresses = new Uint8Array(2 * pairs * addressBytes);
    this.#places = Array.from({ length: 2 * pairs }, () => undefined);
    this.#latest = new Uint8Array(pairs);
  }

  /** @param offset of the 16 bytes of an address, IPv4 as ::ffff:a.b.c.d */
  at(bytes: Uint8Array, offset: number): Place {
    if (this.#databases.length === 0) return nowhere;
    const pair = hashOf(bytes, offset);
    const latest = this.#latest[pair]!;
    const known = this.#remembered(2 * pair + latest, bytes, offset);
    if (known !== undefined) return known;
    const other = latest ^ 1;
    this.#latest[pair] = other;
    return this.#remembered(2 * pair + other, bytes, offset) ?? this.#learn(2 * pair + other, bytes, offset);
  }

  #remembered(slot: number, bytes: Uint8Array, offset: number): Place | undefined {
    const start = slot * addressBytes;
    // The last bytes differ most often.
    for (let index = addressBytes - 1; index >= 0; index -= 1)
      if (this.#addresses[start + index] !== bytes[offset + index]) return undefined;
    return this.#places[slot];
  }

  #learn(slot: number, bytes: Uint8Array, offset: number): Place {
    const place = this.#look(formatIp(bytes, offset));
    this.#places[slot] = place;
    const start = slot * addressBytes;
    for (let index = 0; index < addressBytes; index += 1)
      this.#addresses[start + index] = bytes[offset + index]!;
    return place;
  }

  #look(address: string): Place {
    for (const database of this.#databases) {
      const place = placeOf(database.find(address));
      if (place !== undefined) return place;
    }
    return nowhere;
  }
}

function hashOf(bytes: Uint8Array, offset: number): number {
  let hash = 0;
  for (let index = 0; index < addressBytes; index += 1)
    hash = Math.imul(hash ^ bytes[offset + index]!, 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash >>> 16) & (pairsMax - 1);
}

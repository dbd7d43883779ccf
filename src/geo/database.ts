/**
 * The one door to the library for databases in MaxMind's format. It reads them where they lie, in memory that all threads
 * share; what it finds in a damaged one is nothing, never an error.
 */
import { Reader, type Response } from 'mmdb-lib';

type Metadata = Reader<Response>['metadata'];

export class Database {
  readonly bytes: Buffer;
  readonly metadata: Metadata;
  readonly #reader: Reader<Response>;
  readonly #hasSix: boolean;

  constructor(bytes: Buffer, reader: Reader<Response>) {
    this.bytes = bytes;
    this.metadata = reader.metadata;
    this.#reader = reader;
    this.#hasSix = reader.metadata.ipVersion === 6;
  }

  /** The record of an address in text form, IPv4 in dotted form; undefined: there is none. */
  find(address: string): unknown {
    if (!this.#hasSix && address.includes(':')) return undefined;
    try {
      return this.#reader.get(address) ?? undefined;
    } catch {
      return undefined;
    }
  }
}

/** Throws an Error that completes "FILE cannot be used: ". */
export function openDatabase(shared: SharedArrayBuffer): Database {
  const bytes = Buffer.from(shared);
  try {
    return new Database(bytes, new Reader<Response>(bytes));
  } catch (cause) {
    throw new Error('it is no database in the format of MaxMind (.mmdb)', { cause });
  }
}

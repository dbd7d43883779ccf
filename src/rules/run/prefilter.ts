/**
 * What all expressions of a program look for, looked for at once: literals in each source of bytes, addresses in all sets.
 * An expression of which nothing was found is proved untrue without being evaluated.
 */
import type { ByteMemory, ByteSink, ByteSource, IpWords, PrefilterTables } from '../protocol.ts';
import { AddressScan } from './address-scan.ts';
import { Candidates } from './candidates.ts';
import { SourceScan } from './source-scan.ts';

export class Prefilter implements ByteSink {
  readonly candidates: Candidates;
  readonly #scanner: ByteSource | undefined;
  readonly #sources: (SourceScan | undefined)[] = [];
  readonly #addresses: (AddressScan | undefined)[] = [];
  readonly #isNeeded: boolean;

  /**
   * @param truths bits of the expressions that are true or false
   * @param scanner absent: every one of them is a candidate
   */
  constructor(truths: Int32Array, tables: PrefilterTables, scanner: ByteSource | undefined) {
    this.candidates = new Candidates(scanner === undefined ? truths : tables.always);
    this.#scanner = scanner;
    this.#isNeeded = tables.sources.length + tables.addresses.length > 0;
    if (scanner === undefined) return;
    for (const one of tables.sources) {
      this.#sources[this.#bind(scanner, one.source)] = new SourceScan(one, this.candidates);
    }
    for (const one of tables.addresses) {
      this.#addresses[this.#bind(scanner, one.source)] = new AddressScan(one, this.candidates);
    }
  }

  #bind(scanner: ByteSource, source: string): number {
    const number = scanner.bindSource(source);
    if (number < 0) throw new Error(`the reader has no source "${source}"`);
    // No holes: they would make every look at the array slower.
    while (this.#sources.length <= number) this.#sources.push(undefined);
    while (this.#addresses.length <= number) this.#addresses.push(undefined);
    return number;
  }

  run(): void {
    if (this.#scanner === undefined || !this.#isNeeded) return;
    this.candidates.reset();
    this.#scanner.scan(this);
  }

  takeBytes(source: number, memory: ByteMemory, offset: number, length: number): void {
    if (source < this.#sources.length) this.#sources[source]?.scan(memory, offset, length);
  }

  takeAddress(source: number, words: IpWords): void {
    if (source < this.#addresses.length) this.#addresses[source]?.scan(words);
  }
}

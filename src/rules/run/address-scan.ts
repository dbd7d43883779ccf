/** Looks an address up in all address sets of a source at once: one search finds the segment, and who owns it. */
import { lastNotAbove } from '../address.ts';
import type { AddressTables, IpWords } from '../protocol.ts';
import type { Candidates } from './candidates.ts';

export class AddressScan {
  readonly #tables: AddressTables;
  readonly #candidates: Candidates;

  constructor(tables: AddressTables, candidates: Candidates) {
    this.#tables = tables;
    this.#candidates = candidates;
  }

  scan(address: IpWords): void {
    const { four, fourOwnerStarts, six, sixOwnerStarts, owners } = this.#tables;
    const starts = address.isFour ? fourOwnerStarts : sixOwnerStarts;
    const at = address.isFour ? lastNotAbove(four, 1, address) : lastNotAbove(six, 4, address);
    if (at >= 0) this.#candidates.add(owners, starts[at]!, starts[at + 1]!);
  }
}

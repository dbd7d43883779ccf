/** Makes the tables of the prefilter from the guards of expressions; `run/source-scan.ts` tells how they are used. */
import type { AddressTables, PrefilterTables, SourceTables } from '../protocol.ts';
import { emptyPairs, foldBit, pairPlace, windowBytes } from '../windows.ts';
import { addressTables } from './address-tables.ts';
import type { Anchor, Atom, Guard } from './guards.ts';
import { exactTable, Owners } from './hash-tables.ts';
import { windowTables } from './window-tables.ts';

const anchorCodes: Readonly<Record<Exclude<Anchor, 'whole'>, number>> = { any: 0, start: 1, end: 2 };

/** Numbers that an entry of the window table has room for, beside an offset. */
const literalsMax = 2 ** 20 - 1;

/** What expressions look for in one source. */
class SourceParts {
  /** Owners by anchor code and folded literal. */
  readonly literals = new Map<string, number[]>();
  readonly whole = new Map<string, number[]>();
  readonly present: number[] = [];

  /** false: there is no room for more literals. */
  add(atom: Exclude<Atom, { kind: 'ranges' }>, owner: number): boolean {
    if (this.literals.size >= literalsMax) return false;
    if (atom.kind === 'present') this.present.push(owner);
    else if (atom.kind === 'unless') push(this.literals, `${anchorCodes.any}${foldText(atom.text)}`, owner);
    else if (atom.anchor === 'whole') push(this.whole, foldText(atom.text), owner);
    else push(this.literals, `${anchorCodes[atom.anchor]}${foldText(atom.text)}`, owner);
    return true;
  }
}

function push(map: Map<string, number[]>, key: string, owner: number): void {
  const owners = map.get(key);
  if (owners === undefined) map.set(key, [owner]);
  else if (owners.at(-1) !== owner) owners.push(owner);
}

export const foldText = (text: string): string =>
  Buffer.from(Buffer.from(text, 'latin1').map((byte) => byte | foldBit)).toString('latin1');

type Ranges = Extract<Atom, { kind: 'ranges' }>;
interface Owned {
  readonly owner: number;
  readonly atom: Ranges;
}

/** false: there is no room, so the expression cannot be guarded. */
function keep(
  sources: Map<string, SourceParts>,
  addresses: Map<string, Owned[]>,
  atom: Atom,
  owner: number,
): boolean {
  const { source } = atom;
  if (atom.kind === 'ranges') {
    const owned = addresses.get(source);
    if (owned === undefined) addresses.set(source, [{ owner, atom }]);
    else owned.push({ owner, atom });
    return true;
  }
  const parts = sources.get(source) ?? new SourceParts();
  sources.set(source, parts);
  return parts.add(atom, owner);
}

/** @param guards by index of the expression; undefined where it computes a text */
export function prefilterTables(guards: readonly (Guard | undefined)[]): PrefilterTables {
  const sources = new Map<string, SourceParts>();
  const addresses = new Map<string, Owned[]>();
  const always = new Int32Array((guards.length + 31) >> 5);
  for (const [owner, guard] of guards.entries()) {
    const isKept = guard?.every((atom) => keep(sources, addresses, atom, owner)) ?? guard === undefined;
    if (!isKept) always[owner >> 5]! |= 1 << (owner & 31);
  }
  const tables: AddressTables[] = [];
  for (const [source, owned] of addresses) {
    const table = addressTables(source, owned);
    if (table !== undefined) tables.push(table);
    else for (const { owner } of owned) always[owner >> 5]! |= 1 << (owner & 31);
  }
  return {
    sources: [...sources].map(([source, parts]) => sourceTables(source, parts)),
    addresses: tables,
    always,
  };
}

function sourceTables(source: string, parts: SourceParts): SourceTables {
  const literals = [...parts.literals.keys()].map((key) => Buffer.from(key.slice(1), 'latin1'));
  const starts = new Int32Array(literals.length + 1);
  for (const [index, literal] of literals.entries()) starts[index + 1] = starts[index]! + literal.length;
  const owners = new Owners([...parts.literals.values()]);
  return {
    source,
    blob: new Uint8Array(Buffer.concat(literals)),
    starts,
    anchors: Uint8Array.from(parts.literals.keys(), (key) => Number(key[0])),
    ownerStarts: owners.starts,
    owners: owners.owners,
    ...windowTables(literals),
    ...tinyTables(literals),
    ...exactTable(parts.whole),
    presentOwners: Int32Array.from(parts.present),
  };
}

function tinyTables(
  literals: readonly Uint8Array[],
): Pick<SourceTables, 'tiny' | 'tinyPairs' | 'tinyStarts'> {
  if (literals.every((literal) => literal.length >= windowBytes)) {
    return { tinyPairs: new Uint8Array(), tinyStarts: new Int32Array(), tiny: new Int32Array() };
  }
  const byFirst: number[][] = Array.from({ length: 256 }, () => []);
  const tinyPairs = emptyPairs();
  for (const [index, literal] of literals.entries()) {
    if (literal.length >= windowBytes) continue;
    byFirst[literal[0]!]!.push(index);
    if (literal.length > 1) tinyPairs[pairPlace(literal[0]!, literal[1]!)] = 1;
    // Anything may follow a single byte.
    else for (let next = 0; next < 256; next += 1) tinyPairs[pairPlace(literal[0]!, next)] = 1;
  }
  const { starts, owners } = new Owners(byFirst);
  return { tinyPairs, tinyStarts: starts, tiny: owners };
}

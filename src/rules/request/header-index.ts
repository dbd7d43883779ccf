/**
 * Finds the request fields that expressions ask for in one pass over the head, however many are asked for: a field leads
 * to those who want its name, not the other way round.
 */
import { knownNames } from '../../engine/contract.ts';
import { type HeadView, knownId, noField } from '../../engine/head-view.ts';

const nameBytesMax = 64;

export class HeaderIndex {
  /** Names by number. */
  readonly names: string[] = [];
  /** Numbers of the names that the head at hand has; the first `count` count. */
  readonly present: number[] = [];
  count = 0;
  readonly #byName = new Map<string, number>();
  /** Number of a known name, -1 where nobody wants it. */
  readonly #byKnown = new Int32Array(knownNames.length).fill(-1);
  /** Names without a known id, by a hash of their bytes. */
  readonly #byHash = new Map<number, number[]>();
  readonly #bytes: Uint8Array[] = [];
  readonly #known: number[] = [];
  /** First field of each name in the head at hand. */
  readonly #first: number[] = [];
  /** Whether the head at hand has the name more than once. */
  readonly #isRepeated: boolean[] = [];
  #isResolved = false;

  bind(name: string): number {
    const bound = this.#byName.get(name);
    if (bound !== undefined) return bound;
    const number = this.names.length;
    const known = knownId(name);
    const bytes = Buffer.from(name, 'latin1');
    this.names.push(name);
    this.#byName.set(name, number);
    this.#bytes.push(bytes);
    this.#known.push(known);
    this.#first.push(noField);
    this.#isRepeated.push(false);
    this.#isResolved = false;
    if (known !== 0) {
      this.#byKnown[known] = number;
      return number;
    }
    const hash = hashOf(bytes, 0, bytes.length);
    const same = this.#byHash.get(hash);
    if (same === undefined) this.#byHash.set(hash, [number]);
    else same.push(number);
    return number;
  }

  reset(): void {
    this.#forget();
    this.#isResolved = false;
  }

  #forget(): void {
    for (let index = 0; index < this.count; index += 1) this.#first[this.present[index]!] = noField;
    this.count = 0;
  }

  /** First field with the name, or `noField`. */
  first(head: HeadView, number: number): number {
    if (!this.#isResolved) this.resolve(head);
    return this.#first[number]!;
  }

  /** Next field with the name behind `field`, or `noField`. */
  next(head: HeadView, number: number, field: number): number {
    if (!this.#isRepeated[number]) return noField;
    const known = this.#known[number]!;
    if (known !== 0) return head.findNext(known, field);
    return head.findNamed(this.#bytes[number]!, 0, nextField(head, field));
  }

  resolve(head: HeadView): void {
    if (this.#isResolved) return;
    this.#isResolved = true;
    this.#forget();
    const count = head.fieldCount;
    for (let index = 0; index < count; index += 1) {
      const field = head.fieldAt(index);
      const id = head.idOf(field);
      const number = id === 0 ? this.#unknown(head, field) : this.#byKnown[id]!;
      if (number < 0) continue;
      if (this.#first[number] !== noField) {
        this.#isRepeated[number] = true;
        continue;
      }
      this.#isRepeated[number] = false;
      this.#first[number] = field;
      this.present[this.count] = number;
      this.count += 1;
    }
  }

  #unknown(head: HeadView, field: number): number {
    if (this.#byHash.size === 0) return -1;
    const length = head.nameLength(field);
    if (length > nameBytesMax) return this.#byText(head.nameText(field));
    const { bytes } = head.arena;
    const offset = head.nameOffset(field);
    const same = this.#byHash.get(hashOf(bytes, offset, length));
    if (same === undefined) return -1;
    return same.find((number) => isAt(this.#bytes[number]!, bytes, offset, length)) ?? -1;
  }

  #byText(name: string): number {
    return this.#byName.get(name) ?? -1;
  }
}

function nextField(head: HeadView, field: number): number {
  return field + (head.fieldAt(1) - head.fieldAt(0));
}

function hashOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = length;
  const end = offset + Math.min(length, nameBytesMax);
  for (let at = offset; at < end; at += 1) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return hash;
}

function isAt(name: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (name.length !== length) return false;
  let index = 0;
  while (index < length && name[index] === bytes[offset + index]) index += 1;
  return index === length;
}

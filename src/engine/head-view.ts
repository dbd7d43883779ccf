/**
 * A head in the arena, read in place: nothing is copied, nothing is allocated. One view is moved from head to head.
 * A field is named by the word index of its entry; a span that is returned is an offset into the arena.
 */
import type { Arena } from './arena.ts';
import {
  fieldWord,
  fieldWords,
  headFlag,
  headWord,
  headWords,
  knownMaskIds,
  knownNames,
} from './contract.ts';

/** What `find` answers where there is no such field. */
export const noField = -1;

const knownIds: ReadonlyMap<string, number> = new Map(
  knownNames.map((name, id): [string, number] => [name, id]).slice(1),
);

/** The known-name id of a name in lower case; 0 where it is not known. */
export function knownId(name: string): number {
  return knownIds.get(name) ?? 0;
}

/** The bit of a known name in the low or the high mask word, for masks that are made at build time. */
export function maskOf(names: readonly (typeof knownNames)[number][]): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (const name of names) {
    const id = knownId(name);
    if (id === 0 || id > knownMaskIds) throw new Error(`"${name}" has no mask bit`);
    if (id < 32) low |= 1 << id;
    else high |= 1 << (id - 32);
  }
  return { low, high };
}

export class HeadView {
  readonly arena: Arena;
  /** Arena offset of the table; 0: there is no head. */
  table = 0;
  #base = 0;
  #raw = 0;
  /** What stands in place of the request's own target: arena offset of its path, lengths; 0: its own stands. */
  #target = 0;
  #targetPath = 0;
  #targetQuery = -1;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  reset(table: number): this {
    this.table = table;
    this.#base = table >> 2;
    this.#target = 0;
    this.#raw = table === 0 ? 0 : this.arena.words[this.#base + headWord.rawOffset]!;
    return this;
  }

  get exists(): boolean {
    return this.table !== 0;
  }

  word(index: number): number {
    return this.arena.words[this.#base + index]!;
  }

  get flags(): number {
    return this.word(headWord.flags);
  }

  /**
   * Puts a path, and behind it `?` and a query, in place of the request's own: for this view, until it is moved.
   *
   * @param offset of the path in the arena
   * @param queryLength -1: there is no query
   */
  replaceTarget(offset: number, pathLength: number, queryLength: number): void {
    this.#target = offset;
    this.#targetPath = pathLength;
    this.#targetQuery = queryLength;
  }

  get hasReplacedTarget(): boolean {
    return this.#target !== 0;
  }

  get targetOffset(): number {
    return this.#target === 0 ? this.spanOffset(headWord.targetOffset) : this.#target;
  }

  get targetLength(): number {
    if (this.#target === 0) return this.word(headWord.targetLength);
    return this.#targetPath + (this.#targetQuery < 0 ? 0 : this.#targetQuery + 1);
  }

  get pathOffset(): number {
    return this.#target === 0 ? this.spanOffset(headWord.pathOffset) : this.#target;
  }

  get pathLength(): number {
    return this.#target === 0 ? this.word(headWord.pathLength) : this.#targetPath;
  }

  /** Of the target as it came; `carriesQuery` tells of the one that stands now. */
  get hasQuery(): boolean {
    return (this.flags & headFlag.hasQuery) !== 0;
  }

  get carriesQuery(): boolean {
    return this.#target === 0 ? (this.flags & headFlag.hasQuery) !== 0 : this.#targetQuery >= 0;
  }

  get queryOffset(): number {
    return this.#target === 0 ? this.spanOffset(headWord.queryOffset) : this.#target + this.#targetPath + 1;
  }

  get queryLength(): number {
    return this.#target === 0 ? this.word(headWord.queryLength) : Math.max(0, this.#targetQuery);
  }

  /** Method id of a request, status of a response. */
  get code(): number {
    return this.word(headWord.code);
  }

  get fieldCount(): number {
    return this.word(headWord.fieldCount);
  }

  /** Arena offset of a span whose offset is in the given word (all but the authority). */
  spanOffset(offsetWord: number): number {
    return this.#raw + this.word(offsetWord);
  }

  spanText(offsetWord: number): string {
    return this.arena.text(this.spanOffset(offsetWord), this.word(offsetWord + 1));
  }

  get authorityOffset(): number {
    return this.table + this.word(headWord.authorityOffset);
  }

  get authorityText(): string {
    return this.arena.text(this.authorityOffset, this.word(headWord.authorityLength));
  }

  hasAny(maskLow: number, maskHigh: number): boolean {
    return ((this.word(headWord.knownLow) & maskLow) | (this.word(headWord.knownHigh) & maskHigh)) !== 0;
  }

  has(id: number): boolean {
    if (id > knownMaskIds) return this.#scan(id, this.#base + headWords) !== noField;
    const word = id < 32 ? headWord.knownLow : headWord.knownHigh;
    return (this.word(word) & (1 << (id & 31))) !== 0;
  }

  /** First field with the known name, or `noField`. */
  find(id: number): number {
    if (id <= knownMaskIds && !this.has(id)) return noField;
    return this.#scan(id, this.#base + headWords);
  }

  /** Next field with the same known name after `field`, or `noField`. */
  findNext(id: number, field: number): number {
    return this.#scan(id, field + fieldWords);
  }

  /** Entry of the field at a position from 0 to `fieldCount` - 1. */
  fieldAt(index: number): number {
    return this.#base + headWords + index * fieldWords;
  }

  /** Next field with the given name (lower case), known or not, from the entry `from` on. */
  findNamed(name: Uint8Array, id: number, from: number): number {
    if (id !== 0) return this.#scan(id, from);
    const { words, bytes } = this.arena;
    const end = this.#end();
    for (let field = from; field < end; field += fieldWords) {
      if (words[field]! >>> 8 !== name.length) continue;
      const at = this.#raw + words[field + fieldWord.nameOffset]!;
      let index = 0;
      while (index < name.length && bytes[at + index] === name[index]) index += 1;
      if (index === name.length) return field;
    }
    return noField;
  }

  idOf(field: number): number {
    return this.arena.words[field]! & 0xff;
  }

  nameOffset(field: number): number {
    return this.#raw + this.arena.words[field + fieldWord.nameOffset]!;
  }

  nameLength(field: number): number {
    return this.arena.words[field]! >>> 8;
  }

  nameText(field: number): string {
    return this.arena.text(this.nameOffset(field), this.nameLength(field));
  }

  valueOffset(field: number): number {
    return this.#raw + this.arena.words[field + fieldWord.valueOffset]!;
  }

  valueLength(field: number): number {
    return this.arena.words[field + fieldWord.valueLength]!;
  }

  valueText(field: number): string {
    return this.arena.text(this.valueOffset(field), this.valueLength(field));
  }

  /** All lines of a field joined by ", "; undefined where there is none. */
  joinedText(id: number): string | undefined {
    let field = this.find(id);
    if (field === noField) return undefined;
    let text = this.valueText(field);
    for (field = this.findNext(id, field); field !== noField; field = this.findNext(id, field)) {
      text += `, ${this.valueText(field)}`;
    }
    return text;
  }

  #end(): number {
    return this.#base + headWords + this.fieldCount * fieldWords;
  }

  #scan(id: number, from: number): number {
    const { words } = this.arena;
    const end = this.#end();
    for (let field = from; field < end; field += fieldWords) {
      if ((words[field]! & 0xff) === id) return field;
    }
    return noField;
  }
}

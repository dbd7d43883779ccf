/**
 * Writes commands, and the bytes that they name, into the arena. A command is begun, its words are set, and it is
 * committed with `end`: what is not committed (a throw in between) does not exist. Nothing is written outside the
 * command table and the out region: a command whose bytes do not fit becomes a plain 500, and one that finds the table
 * full is refused.
 */
import type { Arena } from './arena.ts';
import {
  annotationBytesMax,
  annotationHeaderBytes,
  commandKind,
  commandWord,
  commandWords,
  controlWord,
  editHeaderBytes,
  editOp,
  reasons,
} from './contract.ts';
import type { EncodedEdits } from './edits.ts';

interface Region {
  commands: number;
  commandsMax: number;
  count: number;
  out: number;
  outBytes: number;
  outUsed: number;
}

/** Where the commands of a batch go. */
export const batchRegion: Region = {
  commands: controlWord.commandsOffset,
  commandsMax: controlWord.commandsMax,
  count: controlWord.commandCount,
  out: controlWord.outOffset,
  outBytes: controlWord.outBytes,
  outUsed: controlWord.outUsed,
};

/** Where answers go that come after their batch. */
export const lateRegion: Region = {
  commands: controlWord.lateCommandsOffset,
  commandsMax: controlWord.lateCommandsMax,
  count: controlWord.lateCommandCount,
  out: controlWord.lateOutOffset,
  outBytes: controlWord.lateOutBytes,
  outUsed: controlWord.lateOutUsed,
};

const overflowReason = reasons.indexOf('policy_fault');

export class CommandWriter {
  readonly arena: Arena;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #region: Region;
  /** Word index of the command that is being written. */
  at = 0;
  /** Whether bytes of the command that is being written found no room. */
  hasOverflowed = false;
  #count = 0;
  #out = 0;
  #outEnd = 0;
  /** Where the out region stood when the command was begun. */
  #outBegin = 0;
  #editsBegin = 0;
  #openEdit = 0;
  #openEditNameLength = 0;
  /** Where bytes lie that were written with `setSharedBytes`. */
  readonly #shared = new Map<Uint8Array, number>();

  constructor(arena: Arena, region: Region) {
    this.arena = arena;
    this.#words = arena.words;
    this.#bytes = arena.bytes;
    this.#region = region;
  }

  /** Takes up where the region stands: at its start, or behind the commands that are there already. */
  start(): void {
    const words = this.#words;
    const base = words[this.#region.out]!;
    this.#count = words[this.#region.count]!;
    this.#out = base + (this.#count === 0 ? 0 : words[this.#region.outUsed]!);
    this.#outEnd = base + words[this.#region.outBytes]!;
    if (this.#shared.size > 0) this.#shared.clear();
    this.hasOverflowed = false;
  }

  get count(): number {
    return this.#count;
  }

  /** Begins a command; false where the table is full. Its words are 0, its age is "none". */
  begin(kind: number, slot: number, generation: number): boolean {
    const words = this.#words;
    if (this.#count >= words[this.#region.commandsMax]!) return false;
    const at = (words[this.#region.commands]! >> 2) + this.#count * commandWords;
    this.at = at;
    this.#outBegin = this.#out;
    this.hasOverflowed = false;
    for (let index = at + commandWord.flags; index < at + commandWords; index += 1) words[index] = 0;
    words[at] = kind;
    words[at + commandWord.slot] = slot;
    words[at + commandWord.generation] = generation;
    words[at + commandWord.age] = -1;
    return true;
  }

  set(word: number, value: number): void {
    this.#words[this.at + word] = value;
  }

  addFlag(flag: number): void {
    this.#words[this.at + commandWord.flags]! |= flag;
  }

  /** Commits the command; what did not fit turns it into a plain 500. Returns whether it stands as it was meant. */
  end(): boolean {
    const isWhole = !this.hasOverflowed;
    if (!isWhole) this.#degrade();
    this.#count += 1;
    this.#words[this.#region.outUsed] = this.#out - this.#words[this.#region.out]!;
    this.#words[this.#region.count] = this.#count;
    return isWhole;
  }

  /** Gives the command up instead of committing it. */
  abandon(): void {
    this.#shared.clear();
    this.#out = this.#outBegin;
    this.hasOverflowed = false;
  }

  #degrade(): void {
    const words = this.#words;
    for (let index = this.at + commandWord.flags; index < this.at + commandWords; index += 1)
      words[index] = 0;
    words[this.at] = commandKind.respond;
    words[this.at + commandWord.status] = 500;
    words[this.at + commandWord.age] = -1;
    words[this.at + commandWord.reason] = overflowReason;
    this.#shared.clear();
    this.#out = this.#outBegin;
    this.hasOverflowed = false;
  }

  /** Room for `length` bytes in the out region, at a multiple of 4; -1 where there is none. */
  allocate(length: number): number {
    const offset = (this.#out + 3) & ~3;
    if (offset + length > this.#outEnd) {
      this.hasOverflowed = true;
      return -1;
    }
    this.#out = offset + length;
    return offset;
  }

  /** Gives back the end of what `allocate` gave last: it ends at `end` now. */
  trim(end: number): void {
    this.#out = end;
  }

  /** Bytes that are still free in the out region. */
  get room(): number {
    return Math.max(0, this.#outEnd - ((this.#out + 3) & ~3));
  }

  /** Copies bytes into the out region and names them in two words of the command. */
  setBytes(offsetWord: number, bytes: Uint8Array): void {
    const offset = this.allocate(bytes.length);
    if (offset < 0) return;
    this.#bytes.set(bytes, offset);
    this.set(offsetWord, offset);
    this.set(offsetWord + 1, bytes.length);
  }

  /** The same for bytes that never change: those that lie there already since `start` are named again. */
  setSharedBytes(offsetWord: number, bytes: Uint8Array): void {
    const known = this.#shared.get(bytes);
    if (known === undefined) {
      this.setBytes(offsetWord, bytes);
      if (!this.hasOverflowed) this.#shared.set(bytes, this.#out - bytes.length);
      return;
    }
    this.set(offsetWord, known);
    this.set(offsetWord + 1, bytes.length);
  }

  /** Adds an entry to the annotations of the command that is being written: `annotate`, begun like any other. */
  annotation(index: number, text: string): void {
    const length = Math.min(text.length, annotationBytesMax);
    const isFirst = this.#words[this.at + commandWord.bodyLength] === 0;
    if (isFirst) this.#words[this.at + commandWord.bodyOffset] = this.#out;
    const at = this.#out;
    if (!this.#put(annotationHeaderBytes + length)) return;
    const bytes = this.#bytes;
    bytes[at] = index;
    bytes[at + 1] = 0;
    bytes[at + 2] = length & 0xff;
    bytes[at + 3] = length >> 8;
    this.arena.writeText(text.slice(0, length), at + annotationHeaderBytes);
    this.#words[this.at + commandWord.bodyLength]! += annotationHeaderBytes + length;
  }

  beginEdits(): void {
    this.#out = (this.#out + 3) & ~3;
    this.#editsBegin = this.#out;
  }

  /** Names the edits since `beginEdits` in two words of the command. */
  endEdits(offsetWord: number): void {
    const length = this.#out - this.#editsBegin;
    if (length === 0 || this.hasOverflowed) return;
    this.set(offsetWord, this.#editsBegin);
    this.set(offsetWord + 1, length);
  }

  /** Copies edits that were encoded at build time. */
  addEncoded(edits: EncodedEdits): void {
    const offset = this.allocate(edits.length * 4);
    if (offset < 0) return;
    const words = this.#words;
    const at = offset >> 2;
    for (let index = 0; index < edits.length; index += 1) words[at + index] = edits[index]!;
  }

  /** Opens an edit of a known field; its value follows by `putText` and `putSpan`, then `closeEdit`. */
  openEdit(op: number, id: number): void {
    this.#open(op, id, 0);
  }

  openNamedEdit(op: number, nameOffset: number, nameLength: number): void {
    if (this.#open(op, 0, nameLength)) this.putSpan(nameOffset, nameLength);
  }

  openTextEdit(op: number, id: number, name: string): void {
    if (this.#open(op, id, id === 0 ? name.length : 0) && id === 0) this.putText(name);
  }

  #open(op: number, id: number, nameLength: number): boolean {
    const at = this.allocate(editHeaderBytes);
    if (at < 0) return false;
    this.#openEdit = at;
    this.#openEditNameLength = nameLength;
    const bytes = this.#bytes;
    bytes[at] = op;
    bytes[at + 1] = id;
    bytes[at + 2] = nameLength & 0xff;
    bytes[at + 3] = nameLength >> 8;
    return true;
  }

  putText(text: string): void {
    if (this.#put(text.length)) this.arena.writeText(text, this.#out - text.length);
  }

  putSpan(offset: number, length: number): void {
    if (this.#put(length)) this.#bytes.copyWithin(this.#out - length, offset, offset + length);
  }

  #put(length: number): boolean {
    if (this.hasOverflowed || this.#out + length > this.#outEnd) {
      this.hasOverflowed = true;
      return false;
    }
    this.#out += length;
    return true;
  }

  closeEdit(): void {
    if (this.hasOverflowed) return;
    const valueLength = this.#out - this.#openEdit - editHeaderBytes - this.#openEditNameLength;
    this.#words[(this.#openEdit + 4) >> 2] = valueLength;
    while ((this.#out & 3) !== 0 && this.#put(1)) this.#bytes[this.#out - 1] = 0;
  }

  /** An edit of a known field with a value that is text. */
  editText(op: number, id: number, value: string): void {
    this.openEdit(op, id);
    this.putText(value);
    this.closeEdit();
  }

  /** An edit of a known field with a value that lies in the arena. */
  editSpan(op: number, id: number, valueOffset: number, valueLength: number): void {
    this.openEdit(op, id);
    this.putSpan(valueOffset, valueLength);
    this.closeEdit();
  }

  removeField(id: number): void {
    this.editText(editOp.remove, id, '');
  }
}

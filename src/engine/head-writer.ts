/** Lays a head out anew with some of its fields changed, so that whoever reads heads sees the changed one. */
import type { CommandWriter } from './command-writer.ts';
import { editOp, fieldWord, fieldWords, headWord, headWords, knownMaskIds } from './contract.ts';
import type { HeadView } from './head-view.ts';

interface Change {
  readonly op: number;
  readonly id: number;
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** Entries of the fields that no change takes away. */
function keptFields(head: HeadView, changes: readonly Change[]): number[] {
  const gone = new Set(changes.filter(({ op }) => op !== editOp.append).map(({ name }) => name));
  const kept: number[] = [];
  for (let index = 0; index < head.fieldCount; index += 1) {
    const field = head.fieldAt(index);
    if (!gone.has(head.nameText(field))) kept.push(field);
  }
  return kept;
}

/**
 * Writes the table into the out region of the batch. Fields that stay are named where they lie.
 *
 * @param changes each field at most once, unless it is appended to
 * @returns arena offset of the table, as `HeadView.reset` takes it; 0: there is no room
 */
export function layChangedHead(writer: CommandWriter, head: HeadView, changes: readonly Change[]): number {
  const { words } = head.arena;
  const kept = keptFields(head, changes);
  const added = changes.filter(({ op }) => op !== editOp.remove);
  const count = kept.length + added.length;
  const tableBytes = (headWords + count * fieldWords) * 4;
  const textBytes = added.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  const table = writer.allocate(tableBytes + textBytes);
  if (table < 0) return 0;
  const base = table >> 2;
  words.copyWithin(base, head.table >> 2, (head.table >> 2) + headWords);
  words[base + headWord.knownLow] = 0;
  words[base + headWord.knownHigh] = 0;
  words[base + headWord.fieldCount] = count;
  words[base + headWord.tableBytes] = tableBytes;
  let entry = base + headWords;
  for (const field of kept) {
    words.copyWithin(entry, field, field + fieldWords);
    note(words, base, head.idOf(field));
    entry += fieldWords;
  }
  const raw = head.word(headWord.rawOffset);
  let text = table + tableBytes;
  for (const { id, name, value } of added) {
    words[entry] = id | (name.length << 8);
    words[entry + fieldWord.nameOffset] = text - raw;
    words[entry + fieldWord.valueOffset] = text + name.length - raw;
    words[entry + fieldWord.valueLength] = value.length;
    head.arena.writeText(name + value, text);
    text += name.length + value.length;
    note(words, base, id);
    entry += fieldWords;
  }
  return table;
}

/** Marks a known name in the masks. */
function note(words: Int32Array, base: number, id: number): void {
  if (id === 0 || id > knownMaskIds) return;
  words[base + (id < 32 ? headWord.knownLow : headWord.knownHigh)]! |= 1 << (id & 31);
}

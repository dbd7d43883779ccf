/** Field edits as bytes: the layout of `editOp` in the contract. */
import { editHeaderBytes, editOp, knownNames } from './contract.ts';
import { knownId } from './head-view.ts';

/** Bytes that an edit takes, padding included. */
export function editBytes(nameLength: number, valueLength: number): number {
  return (editHeaderBytes + nameLength + valueLength + 3) & ~3;
}

export interface Edit {
  op: (typeof editOp)[keyof typeof editOp];
  /** In lower case. */
  name: string;
  value?: string;
}

/** Edits as whole words, since each is padded to 4 bytes. */
export type EncodedEdits = Int32Array;

/** Edits that are known at build time, ready to be copied into a command. */
export function encodeEdits(edits: readonly Edit[]): EncodedEdits {
  const rows = edits.map((edit) => {
    const id = knownId(edit.name);
    return { op: edit.op, id, name: id === 0 ? edit.name : '', value: edit.value ?? '' };
  });
  const total = rows.reduce((sum, row) => sum + editBytes(row.name.length, row.value.length), 0);
  const words = new Int32Array(total / 4);
  const bytes = Buffer.from(words.buffer);
  let at = 0;
  for (const row of rows) {
    bytes[at] = row.op;
    bytes[at + 1] = row.id;
    bytes.writeUInt16LE(row.name.length, at + 2);
    bytes.writeUInt32LE(row.value.length, at + 4);
    bytes.write(row.name, at + editHeaderBytes, 'latin1');
    bytes.write(row.value, at + editHeaderBytes + row.name.length, 'latin1');
    at += editBytes(row.name.length, row.value.length);
  }
  return words;
}

/** Reads edits back, for tests and for `explain`. */
export function decodeEdits(bytes: Uint8Array | EncodedEdits): Edit[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const edits: Edit[] = [];
  let at = 0;
  while (at < view.length) {
    const nameLength = view.readUInt16LE(at + 2);
    const valueLength = view.readUInt32LE(at + 4);
    const nameAt = at + editHeaderBytes;
    const op = view[at] as Edit['op'];
    const name = knownNames[view[at + 1]!] || view.toString('latin1', nameAt, nameAt + nameLength);
    const value = view.toString('latin1', nameAt + nameLength, nameAt + nameLength + valueLength);
    edits.push(op === editOp.remove ? { op, name } : { op, name, value });
    at += editBytes(nameLength, valueLength);
  }
  return edits;
}

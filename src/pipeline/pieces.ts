/** Serving what is stored in slices or parts: the first piece, and how the body goes on behind it. */
import { commandFlag, commandWord } from '../engine/contract.ts';
import type { Exchange } from './exchange.ts';
import { highOf } from './piece.ts';
import { shape, writeRange } from './shape.ts';

/** Whether the piece that is selected is one that an answer of this shape can begin with. */
export function fitsPiece({ range, slice }: Exchange, wanted: number): boolean {
  if (!slice.isSelected || wanted === shape.parts) return false;
  if (wanted === shape.part) return slice.holds(range.first);
  return wanted !== shape.whole || slice.first === 0;
}

/** Names the piece that is selected as that of a longer body, outside the edits. */
export function writePiece({ arena, slice, writer }: Exchange): void {
  const offset = writer.allocate(32);
  if (offset < 0) return;
  const end = Math.min(slice.last + 1, slice.sizeBytes);
  const at = offset >> 2;
  arena.words[at] = slice.marker;
  arena.words[at + 1] = slice.kind;
  arena.words[at + 2] = slice.sizeBytes | 0;
  arena.words[at + 3] = highOf(slice.sizeBytes);
  arena.words[at + 4] = slice.first | 0;
  arena.words[at + 5] = highOf(slice.first);
  arena.words[at + 6] = end | 0;
  arena.words[at + 7] = highOf(end);
  writer.addFlag(commandFlag.sliced);
  writer.set(commandWord.bodyOffset, offset);
  writer.set(commandWord.bodyLength, 32);
}

/** Says of a serve command that the object is a piece: all that is wanted, or the first of several. */
export function writePieces(exchange: Exchange, wanted: number): void {
  const { range, slice, writer } = exchange;
  if (wanted !== shape.whole && wanted !== shape.part) return;
  const last = wanted === shape.part ? range.last : slice.sizeBytes - 1;
  if (wanted === shape.whole) writer.set(commandWord.status, 200);
  if (!slice.isPart || last > slice.last) writePiece(exchange);
  else if (wanted === shape.part) writeRange(exchange, slice.first);
}

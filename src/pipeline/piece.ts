/** A piece of a longer body, as fetches name it and events give it back: a slice, or a part. Positions are exact numbers. */
import type { CommandWriter } from '../engine/command-writer.ts';
import { commandWord, eventWord, pieceKind } from '../engine/contract.ts';
import type { EventView } from '../engine/event-view.ts';

/** What the high of two words counts. */
export const highWord = 4_294_967_296;

export interface Piece {
  /** `pieceKind` */
  readonly kind: number;
  /** Version of the whole: generation of the marker of slices, version of the list of parts; 0: not known. */
  readonly marker: number;
  readonly first: number;
  /** Of a slice the last position that is asked for, which may lie behind the end of the whole. */
  readonly last: number;
}

/** Slice `number`. */
export function sliceAt(number: number, sliceBytes: number, marker: number): Piece {
  const first = number * sliceBytes;
  return { kind: pieceKind.slice, marker, first, last: first + sliceBytes - 1 };
}

/** The piece that an event is about. */
export function pieceOf(event: EventView): Piece | undefined {
  const kind = event.word(eventWord.pieceKind);
  if (kind === pieceKind.none) return undefined;
  const first = position(event, eventWord.pieceFirstLow, eventWord.pieceFirstHigh);
  const last = position(event, eventWord.pieceEndLow, eventWord.pieceEndHigh) - 1;
  return { kind, marker: event.word(eventWord.pieceMarker), first, last };
}

function position(event: EventView, low: number, high: number): number {
  return event.unsigned(high) * highWord + event.unsigned(low);
}

export function highOf(value: number): number {
  return Math.floor(value / highWord);
}

/** Names the piece that a fetch or forward command is about. */
export function setPiece(writer: CommandWriter, { kind, marker, first, last }: Piece): void {
  writer.set(commandWord.pieceKind, kind);
  writer.set(commandWord.pieceMarker, marker);
  writer.set(commandWord.pieceFirstLow, first | 0);
  writer.set(commandWord.pieceFirstHigh, highOf(first));
  writer.set(commandWord.pieceEndLow, (last + 1) | 0);
  writer.set(commandWord.pieceEndHigh, highOf(last + 1));
}

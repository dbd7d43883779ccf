/** The piece of a response that a request needs first: slot of the phase `lookup`. */
import type { PartList, SliceInfo } from '../cache/index.ts';
import { pieceKind } from '../engine/contract.ts';
import type { Piece } from './piece.ts';

export class SliceChoice implements Piece {
  /** `none`: what the request selects is not stored in pieces, or not for it. */
  kind: number = pieceKind.none;
  /** Version of the whole. */
  marker = 0;
  /** The piece: what is stored, under way, or to be asked for. Of a slice, `last` may lie behind the end. */
  first = 0;
  last = 0;
  sizeBytes = 0;
  /** Stored parts have all that the request asks for. */
  isComplete = false;
  /** Set before a look-up: from where to where the whole is wanted whatever the request says; -1: the request decides. */
  wantedFirst = -1;
  wantedLast = -1;
  /** Range asks for more than pieces are for. */
  isDeclined = false;
  /** The key of the whole, where `kind` is `part`. */
  baseOffset = 0;
  baseLength = 0;

  clear(): void {
    this.kind = pieceKind.none;
    this.marker = 0;
    this.first = 0;
    this.last = 0;
    this.isComplete = false;
    this.isDeclined = false;
  }

  /** What is wanted of what is stored in pieces, whatever the request says. */
  want(first: number, last: number): void {
    this.wantedFirst = first;
    this.wantedLast = last;
  }

  takeSlice({ sizeBytes, sliceBytes }: SliceInfo, marker: number, number: number): void {
    this.kind = pieceKind.slice;
    this.sizeBytes = sizeBytes;
    this.marker = marker;
    this.place(number * sliceBytes, (number + 1) * sliceBytes - 1);
  }

  takePart(list: PartList, first: number, last: number, isComplete: boolean): void {
    this.kind = pieceKind.part;
    this.sizeBytes = list.sizeBytes;
    this.marker = list.version;
    this.isComplete = isComplete;
    this.place(first, last);
  }

  place(first: number, last: number): void {
    this.first = first;
    this.last = last;
  }

  holds(position: number): boolean {
    return this.first <= position && position <= this.last;
  }

  get isPart(): boolean {
    return this.kind === pieceKind.part;
  }

  get isSelected(): boolean {
    return this.kind !== pieceKind.none;
  }
}

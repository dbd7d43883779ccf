/** The slice of a response that a request needs first: slot of the phase `lookup`. */
import type { SliceInfo } from '../cache/index.ts';

export class SliceChoice {
  /** undefined: what the request selects is not stored in slices. */
  info: SliceInfo | undefined;
  /** Generation of the marker. */
  marker = 0;
  number = 0;
  /** Set before a look-up: the slice that is wanted whatever the request says; -1: the request decides. */
  wanted = -1;
  /** What is selected is the answer to one range, which has that of the request within it: where it lies in the whole. */
  partFirst = -1;
  /** Range asks for more than slices are for. */
  isDeclined = false;

  clear(): void {
    this.info = undefined;
    this.marker = 0;
    this.number = 0;
    this.isDeclined = false;
    this.partFirst = -1;
  }

  /** What is selected is a stored part that begins at `first` of the whole. */
  takePart(first: number, sizeBytes: number): void {
    this.info = { text: '', sizeBytes, sliceBytes: 0 };
    this.partFirst = first;
  }

  get isPart(): boolean {
    return this.partFirst >= 0;
  }

  get isSelected(): boolean {
    return this.info !== undefined && this.partFirst < 0;
  }
}

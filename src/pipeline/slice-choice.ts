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
  /** Range asks for more than slices are for. */
  isDeclined = false;

  clear(): void {
    this.info = undefined;
    this.marker = 0;
    this.number = 0;
    this.isDeclined = false;
  }

  get isSelected(): boolean {
    return this.info !== undefined;
  }
}

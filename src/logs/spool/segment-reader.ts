/**
 * Reads blocks of segment files through one window of fixed size. What is no block is passed over: the next one is looked
 * for by its magic, and believed by its checksum.
 */
import { type Block, type Checksum, openBlock } from './block.ts';
import { isPassing, readUpTo, type SpoolFiles } from './files.ts';
import { blockAlignment, blockBodyBytesMax, blockHeaderBytes, blockMagic } from './layout.ts';

const blockBytesMax = blockHeaderBytes + blockBodyBytesMax;
const windowBytes = 2 * blockBytesMax;
/** Bytes that are passed over where the disk gives none. */
const pageBytes = 4096;

export class SegmentReader {
  readonly #files: SpoolFiles;
  readonly #checksum: Checksum;
  /** Made when it is first needed: a job that keeps up never needs it. */
  #window: Uint8Array | null = null;
  #path = '';
  #fd = -1;
  #from = 0;
  #to = 0;

  constructor(files: SpoolFiles, checksum: Checksum) {
    this.#files = files;
    this.#checksum = checksum;
  }

  /**
   * The first block at or behind `offset` that lies before `limit`; null: there is none. Its memory is good until the
   * next call. Throws what passes (`isPassing`): a file that cannot be opened now is no damage.
   */
  blockAt(path: string, segment: number, offset: number, limit: number): Block | null {
    let place = offset;
    while (place + blockHeaderBytes <= limit) {
      const bytes = this.#load(path, place, limit);
      if (bytes === null) {
        place = (Math.floor(place / pageBytes) + 1) * pageBytes;
        continue;
      }
      const at = place - this.#from;
      const end = this.#to - this.#from;
      const block = openBlock(bytes, at, end, { segment, offset: place }, this.#checksum);
      if (block !== null && block !== 'part') return block;
      place = this.#from + nextMagic(bytes, at + blockAlignment, end);
    }
    return null;
  }

  /** The header at `offset`, taken on trust: its body is not read. Null: there is none. */
  headerAt(path: string, segment: number, offset: number): Block | null {
    try {
      this.#open(path);
      const bytes = new Uint8Array(blockHeaderBytes);
      const got = readUpTo(this.#files, this.#fd, bytes, blockHeaderBytes, offset);
      const block = openBlock(bytes, 0, got, { segment, offset }, null);
      return block === 'part' ? null : block;
    } catch {
      return null;
    }
  }

  #open(path: string): void {
    if (path === this.#path) return;
    this.close();
    this.#fd = this.#files.openSync(path, 'r');
    this.#path = path;
  }

  close(): void {
    if (this.#fd !== -1) this.#files.closeSync(this.#fd);
    this.#fd = -1;
    this.#path = '';
    this.#from = 0;
    this.#to = 0;
  }

  /** Lets go of the memory as well. */
  rest(): void {
    this.close();
    this.#window = null;
  }

  /** A window that holds all of a block at `place`, as far as there is so much. Null: it cannot be read. */
  #load(path: string, place: number, limit: number): Uint8Array | null {
    this.#window ??= new Uint8Array(windowBytes);
    if (path === this.#path && place >= this.#from && Math.min(place + blockBytesMax, limit) <= this.#to) {
      return this.#window;
    }
    try {
      this.#open(path);
      const length = Math.min(windowBytes, limit - place);
      const got = readUpTo(this.#files, this.#fd, this.#window, length, place);
      this.#from = place;
      this.#to = place + got;
      return got < blockHeaderBytes ? null : this.#window;
    } catch (error) {
      this.#from = 0;
      this.#to = 0;
      if (isPassing(error)) throw error;
      return null;
    }
  }
}

/** Offset of the next word that could begin a block, else the last one at which none can begin. */
function nextMagic(bytes: Uint8Array, from: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  while (at + 4 <= end && view.getUint32(at, true) !== blockMagic) at += blockAlignment;
  return at;
}

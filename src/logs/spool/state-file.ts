/**
 * A small value that survives SIGKILL at every instruction: two slots of one file, written in turns, in place. So it costs
 * one write, and none of it needs space on a disk that has become full.
 */
import type { Checksum } from './block.ts';
import { fileMode, readUpTo, type SpoolFiles, writeAll } from './files.ts';
import { slotWords, stateSlotBytes } from './layout.ts';

const text = new TextEncoder();
const decoder = new TextDecoder();
const fileBytes = 2 * stateSlotBytes;

interface Slot {
  turn: number;
  value: unknown;
}

export class StateFile {
  readonly path: string;
  readonly #files: SpoolFiles;
  readonly #checksum: Checksum;
  readonly #bytes = new Uint8Array(stateSlotBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #fd = -1;
  #turn = 0;
  #isDamaged = false;

  constructor(path: string, files: SpoolFiles, checksum: Checksum) {
    this.path = path;
    this.#files = files;
    this.#checksum = checksum;
  }

  /** `read` found a file, and no value in it. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** The value that was written last; undefined: there is none. Throws what the system says, but for a missing file. */
  read(): unknown {
    let fd: number;
    try {
      fd = this.#files.openSync(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const bytes = new Uint8Array(fileBytes);
    const got = readUpTo(this.#files, fd, bytes, fileBytes, 0);
    this.#files.closeSync(fd);
    let best: Slot | undefined;
    for (let at = 0; at + stateSlotBytes <= got; at += stateSlotBytes) {
      const slot = this.#parse(bytes.subarray(at, at + stateSlotBytes));
      if (slot !== undefined && (best === undefined || slot.turn > best.turn)) best = slot;
    }
    this.#isDamaged = best === undefined;
    this.#turn = best?.turn ?? 0;
    return best?.value;
  }

  #parse(slot: Uint8Array): Slot | undefined {
    const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
    const length = view.getUint32(slotWords.length, true);
    if (length === 0 || length > stateSlotBytes - slotWords.text) return undefined;
    const end = slotWords.text + length;
    if (this.#checksum(slot, slotWords.length, end) !== view.getUint32(slotWords.checksum, true))
      return undefined;
    const value: unknown = JSON.parse(decoder.decode(slot.subarray(slotWords.text, end)));
    return { turn: view.getFloat64(slotWords.turn, true), value };
  }

  /** Throws what the system says; then the value before is still there. */
  write(value: unknown): void {
    if (this.#fd === -1) this.#open();
    const json = JSON.stringify(value);
    const { read, written } = text.encodeInto(json, this.#bytes.subarray(slotWords.text));
    if (read < json.length) throw new Error(`${this.path} has no room for ${json.length} characters`);
    const end = slotWords.text + written;
    const turn = this.#turn + 1;
    this.#view.setUint32(slotWords.length, written, true);
    this.#view.setFloat64(slotWords.turn, turn, true);
    this.#view.setUint32(slotWords.checksum, this.#checksum(this.#bytes, slotWords.length, end), true);
    writeAll(this.#files, this.#fd, this.#bytes, end, (turn % 2) * stateSlotBytes);
    this.#turn = turn;
  }

  /** All of the file is there from the start, so that a full disk is met now and not later. */
  #open(): void {
    const isNew = this.#turn === 0;
    const fd = this.#files.openSync(this.path, isNew ? 'w' : 'r+', fileMode);
    try {
      if (isNew) writeAll(this.#files, fd, new Uint8Array(fileBytes).fill(0x20), fileBytes, 0);
    } catch (error) {
      this.#files.closeSync(fd);
      throw error;
    }
    this.#fd = fd;
  }

  close(): void {
    if (this.#fd !== -1) this.#files.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The job is gone. */
  remove(): void {
    this.close();
    try {
      this.#files.unlinkSync(this.path);
    } catch {
      // It was never made.
    }
  }
}

/** Writes a file that is there whole or not at all. */
export function replaceFile(files: SpoolFiles, path: string, temporary: string, content: string): void {
  const bytes = text.encode(content);
  const fd = files.openSync(temporary, 'w', fileMode);
  try {
    writeAll(files, fd, bytes, bytes.length, 0);
  } finally {
    files.closeSync(fd);
  }
  files.renameSync(temporary, path);
}

/** The text of a file; undefined: there is none. */
export function readWhole(files: SpoolFiles, path: string): string | undefined {
  let fd: number;
  try {
    fd = files.openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = files.fstatSync(fd);
    const bytes = new Uint8Array(size);
    return decoder.decode(bytes.subarray(0, readUpTo(files, fd, bytes, size, 0)));
  } finally {
    files.closeSync(fd);
  }
}

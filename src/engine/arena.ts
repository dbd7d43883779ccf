/** The shared memory of one engine as the policy sees it: the same bytes, as int32 words and as bytes. */
export class Arena {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #buffer: Buffer;

  constructor(memory: ArrayBuffer) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
    this.#buffer = Buffer.from(memory);
  }

  /** The bytes of a span as text, one character a byte. */
  text(offset: number, length: number): string {
    return this.#buffer.toString('latin1', offset, offset + length);
  }

  /** Writes a text of latin1 characters; the caller has made sure that it fits. */
  writeText(text: string, offset: number): void {
    if (text.length > 24) {
      this.#buffer.write(text, offset, 'latin1');
      return;
    }
    for (let index = 0; index < text.length; index += 1) this.bytes[offset + index] = text.charCodeAt(index);
  }
}

/**
 * Sessions of live records, between the admin API and the log thread. A thread that is started again goes on with them;
 * each chunk is acknowledged when it has left for its reader, so a slow one costs the thread no memory.
 */
import type { FromShipper, TailRequest, ToShipper } from '../shipper/protocol.ts';

export interface TailReader {
  /** Whole lines, and the records that were missed before them. `taken` is called once they are on their way. */
  lines: (lines: Uint8Array, skipped: number, taken: () => void) => void;
  /** There will be no more. */
  ended: (why: string) => void;
}

interface Session {
  request: TailRequest;
  reader: TailReader;
}

export class LiveTail {
  readonly #post: (message: ToShipper) => void;
  readonly #sessions = new Map<number, Session>();
  #nextId = 1;

  constructor(post: (message: ToShipper) => void) {
    this.#post = post;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Returns what ends it, without a word to the reader. */
  begin(request: TailRequest, reader: TailReader): () => void {
    const id = this.#nextId++;
    this.#sessions.set(id, { request, reader });
    this.#post({ type: 'tail', id, request });
    return () => {
      if (this.#sessions.delete(id)) this.#post({ type: 'untail', id });
    };
  }

  hear({ id, lines, skipped }: Extract<FromShipper, { type: 'tailed' }>): void {
    const session = this.#sessions.get(id);
    session?.reader.lines(lines, skipped, () => {
      if (this.#sessions.has(id)) this.#post({ type: 'tailTaken', id });
    });
  }

  /** Another thread knows nothing of them. */
  renew(): void {
    for (const [id, { request }] of this.#sessions) this.#post({ type: 'tail', id, request });
  }

  endAll(why: string): void {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { reader } of sessions) reader.ended(why);
  }
}

/**
 * Live records for those who watch: each session gets lines of the frames that leave the rings while it lasts. Nothing is
 * encoded when nobody watches; a session that does not keep up misses records, and is told how many.
 */
import type { RingBinding } from '../engine/native/ring-binding.ts';
import { FrameEncoder, frameLengthAt, type Program, programOf, type Run } from '../logs/index.ts';
import type { FromShipper, TailRequest } from './protocol.ts';

/** Bytes of lines that are handed on at a time, and how many of these may be on their way to one session. */
const chunkBytes = 64 * 1024;
const chunksAheadMax = 8;

/** Says of a record, whose frame begins at `at`, whether it is wanted. */
export type FrameFilter = (frames: Uint8Array, at: number) => boolean;

export interface TailPorts {
  binding: RingBinding;
  /** Null: every record is wanted. */
  filterOf: (request: TailRequest) => FrameFilter | null;
  post: (message: FromShipper) => void;
}

interface Session {
  readonly id: number;
  readonly program: Program;
  readonly filter: FrameFilter | null;
  readonly sampleBelow: number;
  readonly out: Uint8Array;
  /** Bytes of lines in `out`. */
  offset: number;
  /** Chunks that may still be sent. */
  credit: number;
  /** Records that were not looked at since the last chunk. */
  skipped: number;
}

export class Tails {
  readonly #ports: TailPorts;
  readonly #encoder: FrameEncoder;
  readonly #sessions = new Map<number, Session>();

  constructor(ports: TailPorts) {
    this.#ports = ports;
    this.#encoder = new FrameEncoder(ports.binding);
  }

  /** Nothing has to be handed to `see`. */
  get isIdle(): boolean {
    return this.#sessions.size === 0;
  }

  begin(id: number, request: TailRequest): void {
    const program = programOf(request);
    this.#sessions.set(id, {
      id,
      program,
      filter: this.#ports.filterOf(request),
      sampleBelow: request.sampleBelow,
      out: new Uint8Array(chunkBytes + program.lineBytesMax),
      offset: 0,
      credit: chunksAheadMax,
      skipped: 0,
    });
  }

  /** A chunk has reached the one who watches. */
  taken(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.credit += 1;
    // What it missed is told without waiting for the next record.
    if (session.skipped > 0) this.#hand(session);
  }

  end(id: number): void {
    this.#sessions.delete(id);
  }

  /** Frames that have just left a ring. */
  see(run: Run): void {
    for (const session of this.#sessions.values()) {
      if (session.filter === null) this.#put(session, run);
      else this.#putWanted(session, run, session.filter);
      if (session.offset > 0) this.#hand(session);
    }
  }

  #putWanted(session: Session, { bytes, from, to }: Run, isWanted: FrameFilter): void {
    let begin = from;
    for (let at = from; at < to; ) {
      const next = at + frameLengthAt(bytes, at);
      if (next <= at || next > to) return;
      if (!isWanted(bytes, at)) {
        this.#put(session, { bytes, from: begin, to: at });
        begin = next;
      }
      at = next;
    }
    this.#put(session, { bytes, from: begin, to });
  }

  #put(session: Session, run: Run): void {
    let { from } = run;
    while (from < run.to) {
      const rest = { ...run, from };
      if (session.credit === 0) {
        const { records, lost } = this.#encoder.count(rest);
        session.skipped += records + lost;
        return;
      }
      const { program, out, offset, sampleBelow } = session;
      const limits = { softLimit: chunkBytes, recordsMax: Number.MAX_SAFE_INTEGER, sampleBelow };
      const done = this.#encoder.encode(rest, program.bytes, out, offset, limits);
      session.offset = done.offset;
      if (done.isEnd) return;
      this.#hand(session);
      from = done.position;
    }
  }

  #hand(session: Session): void {
    const { id, out, offset, skipped } = session;
    session.offset = 0;
    session.skipped = 0;
    session.credit -= 1;
    this.#ports.post({ type: 'tailed', id, lines: out.slice(0, offset), skipped });
  }
}

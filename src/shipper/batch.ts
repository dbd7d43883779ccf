/**
 * A batch in the making: lines of a range of the spool without a gap, told losses first. The same range in the same format
 * makes the same bytes, and so the same id, in any process.
 */
import { createHash, type Hash } from 'node:crypto';
import type { RingBinding } from '../engine/native/ring-binding.ts';
import {
  type Block,
  blockHeaderBytes,
  type Encoding,
  encodeLossLine,
  FrameEncoder,
  frameLengthAt,
  type Loss,
  type Position,
  type Run,
  unitsOf,
} from '../logs/index.ts';
import type { Format } from './format.ts';
import type { FrameFilter } from './tail.ts';

export interface BatchLimits {
  /** Bytes of lines, unless a single one is longer. */
  bytes: number;
  records: number;
}

/** What a range held, and became. */
export interface BatchCounts {
  records: number;
  filtered: number;
  sampled: number;
  /** Records that the losses in the range stand for: their writers dropped them. */
  lost: number;
  /** Records that could not be read. */
  damaged: number;
}

const idDigits = 32;

export class Batch {
  readonly counts: BatchCounts = { records: 0, filtered: 0, sampled: 0, lost: 0, damaged: 0 };
  readonly losses: Loss[] = [];
  from: Position;
  to: Position;
  firstMs = 0;
  lastMs = 0;
  /** When it got its first line. */
  beganMs = 0;
  isFull = false;
  readonly #binding: RingBinding;
  readonly #encoder: FrameEncoder;
  readonly #job: string;
  #format: Format;
  #limits: BatchLimits;
  #out: Uint8Array;
  #offset = 0;
  #hash: Hash | undefined;

  constructor(binding: RingBinding, job: string, format: Format, limits: BatchLimits, at: Position) {
    this.#binding = binding;
    this.#encoder = new FrameEncoder(binding);
    this.#job = job;
    this.#format = format;
    this.#limits = limits;
    this.#out = new Uint8Array(0);
    this.from = at;
    this.to = at;
  }

  get bytes(): Uint8Array {
    return this.#out.subarray(0, this.#offset);
  }

  get length(): number {
    return this.#offset;
  }

  /** Nothing is in it: no line, and no record that was passed over. */
  get isBlank(): boolean {
    return this.#offset === 0 && this.to === this.from;
  }

  /** Forgets what is in it, and begins anew. */
  begin(at: Position, format: Format, limits: BatchLimits): void {
    this.#format = format;
    this.#limits = limits;
    // One that makes room for any line behind the limit of its bytes.
    const needed = limits.bytes + format.program.lineBytesMax;
    if (this.#out.length !== needed) this.#out = new Uint8Array(needed);
    this.#offset = 0;
    this.#hash = undefined;
    this.losses.length = 0;
    this.from = at;
    this.to = at;
    this.isFull = false;
    this.firstMs = 0;
    this.lastMs = 0;
    Object.assign(this.counts, { records: 0, filtered: 0, sampled: 0, lost: 0, damaged: 0 });
  }

  /** Lines of what the job missed, before anything else. */
  tell(losses: readonly Loss[], nowMs: number): void {
    for (const loss of losses) {
      if (this.#offset === 0) this.#start(nowMs, loss.sinceMs);
      const { bytes } = this.#format.program;
      this.#offset = encodeLossLine(this.#binding, loss, bytes, this.#out, this.#offset);
      this.losses.push({ ...loss });
      this.#note(loss.sinceMs, loss.untilMs);
      this.#hash?.update(`loss ${loss.workerIndex} ${loss.firstSequence} ${loss.records};`);
    }
  }

  /**
   * Takes what fits of a block of which the first `skip` bytes are done, up to `end` bytes of its body, and moves `to`.
   * False: the batch is full.
   */
  add(block: Block, skip: number, end: number, nowMs: number): boolean {
    const body = block.at + blockHeaderBytes;
    const before = skip === 0 ? { ...this.to, record: block.first } : this.to;
    const run = { bytes: block.bytes, from: body + skip, to: body + end };
    const { filter } = this.#format;
    let position = run.from;
    let units = 0;
    const take = (from: number, to: number): boolean => {
      const done = this.#encode({ bytes: block.bytes, from, to });
      this.#count(block, done, nowMs);
      units += done.records + done.lost + done.sampled + done.foreign;
      position = done.position;
      this.isFull = !done.isEnd;
      return done.isEnd;
    };
    if (filter === null) {
      take(run.from, run.to);
    } else {
      forWanted(run, filter, take, (to) => {
        this.counts.filtered += 1;
        units += 1;
        position = to;
      });
    }
    this.#moveTo(block, position - body, before.record + units);
    return !this.isFull;
  }

  #encode(run: Run): Encoding {
    const limits = {
      softLimit: this.#limits.bytes,
      recordsMax: this.#limits.records - this.counts.records,
      sampleBelow: this.#format.sampleBelow,
    };
    return this.#encoder.encode(run, this.#format.program.bytes, this.#out, this.#offset, limits);
  }

  #count(block: Block, done: Encoding, nowMs: number): void {
    const { counts } = this;
    if (done.offset > this.#offset) {
      if (this.#offset === 0) this.#start(nowMs, done.firstMs);
      this.#note(done.firstMs, done.lastMs);
      const { bootId, ringId } = block;
      this.#hash?.update(`${bootId.toString(16)} ${ringId} ${done.firstSequence} ${done.lastSequence};`);
    }
    this.#offset = done.offset;
    counts.records += done.records;
    counts.lost += done.lost;
    counts.sampled += done.sampled;
    counts.filtered += done.foreign;
  }

  #moveTo(block: Block, skip: number, record: number): void {
    if (skip < block.bodyBytes) {
      this.to = { segment: block.segment, offset: block.offset, skip, record };
      return;
    }
    const next = block.first + unitsOf(block);
    // Frames that made no sense although the block is whole.
    this.counts.damaged += Math.max(0, next - record);
    const offset = block.offset + blockHeaderBytes + block.bodyBytes;
    this.to = { segment: block.segment, offset, skip: 0, record: next };
  }

  #start(nowMs: number, firstMs: number): void {
    this.beganMs = nowMs;
    this.firstMs = firstMs;
    this.lastMs = firstMs;
    this.#hash = createHash('sha256').update(`${this.#job}\n${this.#format.hash}\n`);
  }

  #note(firstMs: number, lastMs: number): void {
    this.firstMs = Math.min(this.firstMs, firstMs);
    this.lastMs = Math.max(this.lastMs, lastMs);
  }

  /** Of a batch with lines; nothing can be added to it any more. */
  id(): string {
    const hash = this.#hash ?? createHash('sha256');
    this.#hash = undefined;
    return hash.digest('hex').slice(0, idDigits);
  }
}

/**
 * Walks over frames: those that are wanted are handed on in runs, the others one by one. Ends where a run was not taken
 * whole.
 */
function forWanted(
  { bytes, from, to }: Run,
  isWanted: FrameFilter,
  take: (from: number, to: number) => boolean,
  pass: (to: number) => void,
): void {
  let begin = from;
  for (let at = from; at < to; ) {
    const length = frameLengthAt(bytes, at);
    // What makes no sense is met again, and counted, by the encoder.
    if (length <= 0 || length > to - at) break;
    const next = at + length;
    if (!isWanted(bytes, at)) {
      if (at > begin && !take(begin, at)) return;
      pass(next);
      begin = next;
    }
    at = next;
  }
  if (begin < to) take(begin, to);
}

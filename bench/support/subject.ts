/** A proxy under measurement, whichever it is. */
import { open, truncate } from 'node:fs/promises';
import { cpuSeconds } from '../../test/support/proc.ts';
import type { Address } from '../../test/support/raw-client.ts';
import { until } from '../../test/support/within.ts';
import { converse, type Heard } from './converse.ts';
import type { Row } from './rows.ts';

export interface Subject {
  name: string;
  address: Address;
  /** The same over TLS, where there is a listener for it. */
  tlsAddress: Address | undefined;
  /** The file that gets one line per request. */
  log: string;
  isHit(answer: Heard): boolean;
  /** The processes whose time counts. */
  pids(): Promise<number[]>;
  /** A process that is reported apart. */
  asidePid: number | undefined;
  /** Requests that the server itself has counted. */
  requests(): Promise<number>;
  /** Objects that it holds, where it has a store of its own. */
  objects?: () => Promise<number>;
  /** Resolves when every request so far has its line in the log. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface CpuTime {
  user: number;
  system: number;
}

export async function cpuOf(pids: number[]): Promise<CpuTime> {
  const total = { user: 0, system: 0 };
  for (const pid of pids) {
    const time = cpuSeconds(pid);
    if (time === undefined) throw new Error(`process ${pid} has ended during the measurement`);
    total.user += time.user;
    total.system += time.system;
  }
  return total;
}

const newline = 10;

/** Lines of a file, counted as they come: what was counted once is not read again. */
export class LineCounter {
  readonly #path: string;
  readonly #piece = Buffer.allocUnsafe(4 << 20);
  #offset = 0;
  lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async count(): Promise<number> {
    const file = await open(this.#path).catch(() => undefined);
    if (file === undefined) return this.lines;
    try {
      for (;;) {
        const { bytesRead } = await file.read(this.#piece, 0, this.#piece.length, this.#offset);
        if (bytesRead === 0) return this.lines;
        this.#offset += bytesRead;
        this.lines += countNewlines(this.#piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }

  /** Frees the disk: a writer in append mode begins anew, any other leaves a hole, in which there are no lines. */
  async empty(): Promise<void> {
    await this.count();
    await truncate(this.#path, 0).catch(() => {});
    this.#offset = 0;
    this.lines = 0;
  }
}

function countNewlines(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) count += 1;
  return count;
}

/** Waits until the log has as many lines as the server has counted requests, and no more come. */
export async function drained(counter: LineCounter, expected: () => Promise<number>): Promise<number> {
  return await until(
    20_000,
    'as many records as requests',
    async () => {
      const wanted = await expected();
      return (await counter.count()) >= wanted ? wanted : undefined;
    },
    () => `(${counter.lines} records)`,
  );
}

/** Where a row is asked for. */
export function addressFor(subject: Subject, row: Row): Address {
  const address = row.isTls ? subject.tlsAddress : subject.address;
  if (address === undefined) throw new Error(`${subject.name} has no TLS listener`);
  return address;
}

/** The right answer, of the right kind: a benchmark of a wrong answer is worth nothing. */
export async function checkAnswer(subject: Subject, row: Row): Promise<void> {
  const conversation = await converse(addressFor(subject, row), row.isTls);
  try {
    await conversation.ask(`/${row.resource}`);
    const answer = await conversation.ask(`/${row.resource}`);
    const fault = (what: string): Error => new Error(`${subject.name}, ${row.name}: ${what}`);
    if (answer.status !== 200) throw fault(`status ${answer.status}`);
    if (!answer.body.equals(row.body))
      throw fault(`a body of ${answer.body.length} bytes that is not the right one`);
    if (subject.isHit(answer) !== row.isHit) throw fault(`Cache-Status is ${answer.field('Cache-Status')}`);
    const protocol = conversation.protocol();
    if (row.isTls && protocol !== 'TLSv1.3') throw fault(`the connection speaks ${protocol}`);
  } finally {
    conversation.end();
  }
}

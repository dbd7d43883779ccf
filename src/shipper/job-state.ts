/**
 * What a job remembers over the end of the process: where it is in the spool, what it has planned, and the mark of its
 * destination. Written before a batch is sent, and when it has been accepted.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JobConfig } from '../logs/config.ts';
import {
  type Checksum,
  formatSuffix,
  type Loss,
  type Position,
  readWhole,
  replaceFile,
  type SinkFailure,
  type SpoolFiles,
  StateFile,
  spoolTemporarySuffix,
  statePrefix,
  stateSuffix,
} from '../logs/index.ts';
import type { BatchCounts } from './batch.ts';
import { type Format, readFormat } from './format.ts';

/** A batch whose range and id are settled: it is sent, as it is, until it is accepted. */
export interface Plan {
  id: string;
  from: Position;
  to: Position;
  /** Hash of the format that its lines have. */
  format: string;
  losses: Loss[];
  counts: BatchCounts;
  bytes: number;
}

export interface JobState {
  version: 1;
  job: string;
  /** Where the batch behind the plan begins; without a plan, the cursor. */
  next: Position;
  /** To be told at the begin of that batch. */
  losses: Loss[];
  plan: Plan | null;
  /** What came with the last batch that was accepted, and from where. */
  mark: string | null;
  destination: string;
  /** Where the numbers of the spool ended when this was written: what is missing at its end is counted by it. */
  end?: number;
}

const keyDigits = 16;

/** Names a job's files: its name may hold anything. */
export function jobKey(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, keyDigits);
}

/** Names a destination; a mark means nothing to another one. */
export function destinationKey({ destination }: JobConfig): string {
  const { type, path, url } = destination as { type: string; path?: string; url?: string };
  return createHash('sha256')
    .update(`${type} ${path ?? url ?? ''}`)
    .digest('hex')
    .slice(0, keyDigits);
}

export class JobMemory {
  readonly #files: SpoolFiles;
  readonly #state: StateFile;
  readonly #formatPath: string;
  #formatHash: string | undefined;
  #isKnown = false;

  constructor(folder: string, name: string, files: SpoolFiles, checksum: Checksum) {
    const path = join(folder, statePrefix + jobKey(name));
    this.#files = files;
    this.#state = new StateFile(path + stateSuffix, files, checksum);
    this.#formatPath = path + formatSuffix;
  }

  /** `load` has found a file, readable or not. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Undefined: the job is new, or its file makes no sense. Throws what the system says. */
  load(): JobState | undefined {
    this.#isKnown = true;
    const state = this.#state.read() as JobState | undefined;
    this.#isKnown = state !== undefined || this.#state.isDamaged;
    return state?.version === 1 ? state : undefined;
  }

  /** The format that a plan was made in. */
  formatOf({ format }: Plan): Format | undefined {
    const found = readFormat(readWhole(this.#files, this.#formatPath), format);
    if (found !== undefined) this.#formatHash = format;
    return found;
  }

  /** `format`, if given, is there before the first plan in it is. Gives why it could not be written. */
  save(state: JobState, format: Format | undefined): SinkFailure | null {
    try {
      if (format !== undefined) this.#saveFormat(format);
      this.#state.write(state);
      return null;
    } catch (error) {
      const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
      return { code, message: `cannot write down what is sent: ${message}` };
    }
  }

  #saveFormat(format: Format): void {
    if (format.hash === this.#formatHash) return;
    const temporary = this.#formatPath + spoolTemporarySuffix;
    replaceFile(this.#files, this.#formatPath, temporary, format.text);
    this.#formatHash = format.hash;
  }

  close(): void {
    this.#state.close();
  }

  remove(): void {
    this.#state.remove();
    try {
      this.#files.unlinkSync(this.#formatPath);
    } catch {
      // It never planned a batch.
    }
  }
}

/**
 * Numbers that are never used twice on one `logs.directory`: ring ids and ray ids. A file counts the engines that were
 * ever started; each engine gets a range of 2^40 ray ids, from a start that is drawn at random once per directory, so that
 * ranges of other machines are as unlikely to meet as random ids are.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomHex } from '../lib/random.ts';

const fileName = 'identity.json';
const rayRangeBits = 40n;

export interface EngineIdentity {
  /** From 1 up. */
  ringId: number;
  rayFirstHex: string;
}

export class Identity {
  readonly bootIdHex: string;
  readonly #path: string;
  readonly #randomHex: RandomHex;
  readonly #tell: (line: string) => void;
  #machineHex: string;
  #engines: number;
  #isLoose = false;

  constructor(directory: string, randomHex: RandomHex, tell: (line: string) => void) {
    this.#path = join(directory, fileName);
    this.#tell = tell;
    this.#randomHex = randomHex;
    this.bootIdHex = randomHex(8);
    const saved = readSaved(this.#path);
    this.#machineHex = saved?.machine ?? randomHex(8);
    // Without a file a new random start takes the place of the count.
    this.#engines = saved?.engines ?? 0;
  }

  /** The identity of one more engine; on disk before it is used. */
  next(): EngineIdentity {
    this.#engines += 1;
    this.#save();
    const first = BigInt(`0x${this.#machineHex}`) + (BigInt(this.#engines) << rayRangeBits);
    return { ringId: this.#engines, rayFirstHex: BigInt.asUintN(64, first).toString(16).padStart(16, '0') };
  }

  #save(): void {
    try {
      const temporary = `${this.#path}.new`;
      writeFileSync(temporary, `${JSON.stringify({ machine: this.#machineHex, engines: this.#engines })}\n`, {
        mode: 0o600,
      });
      renameSync(temporary, this.#path);
    } catch (error) {
      if (this.#isLoose) return;
      // Traffic goes on. The next process will not know of these numbers: this one takes ray ids from elsewhere.
      this.#isLoose = true;
      this.#machineHex = this.#randomHex(8);
      this.#tell(`cannot write ${this.#path}: ${(error as Error).message}`);
    }
  }
}

function readSaved(path: string): { machine: string; engines: number } | undefined {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as { machine?: unknown; engines?: unknown };
    const { machine, engines } = saved;
    if (typeof machine !== 'string' || !/^[0-9a-f]{16}$/.test(machine)) return undefined;
    if (typeof engines !== 'number' || !Number.isSafeInteger(engines) || engines < 0) return undefined;
    return { machine, engines };
  } catch {
    return undefined;
  }
}

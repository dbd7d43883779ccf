/** What /proc tells about a process: children, memory, processor time. Missing processes give undefined. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export const ticksPerSecond = 100;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat from the third on (index 0 is the state); the name may hold spaces and brackets. */
function stat(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function isAlive(pid: number): boolean {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export function childrenOf(pid: number): number[] {
  const children: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = stat(Number(entry));
    if (fields !== undefined && Number(fields[1]) === pid && fields[0] !== 'Z') children.push(Number(entry));
  }
  return children;
}

/** The moment at which a process began, in ticks: with the id it names one process for good. */
export function startOf(pid: number): string | undefined {
  return stat(pid)?.[19];
}

/** Processor time of all threads, those that have ended included, in seconds. */
export function cpuSeconds(pid: number): { user: number; system: number } | undefined {
  const fields = stat(pid);
  if (fields === undefined) return undefined;
  return { user: Number(fields[11]) / ticksPerSecond, system: Number(fields[12]) / ticksPerSecond };
}

export function rssBytes(pid: number): number | undefined {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '');
  return line === null ? undefined : Number(line[1]) * 1024;
}

/** Resident memory without mapped files: log rings and programs are the page cache of the system. */
export function anonymousBytes(pid: number): number | undefined {
  const line = /^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '');
  return line === null ? undefined : Number(line[1]) * 1024;
}

/** Resident bytes of the mapping that has that size (the largest, where more have it); undefined where none has. */
export function mappingBytes(pid: number, size: number): number | undefined {
  const sizes = (read(`/proc/${pid}/smaps`) ?? '').matchAll(/^Size:\s+(\d+) kB[^]*?^Rss:\s+(\d+) kB/gm);
  const resident = [...sizes]
    .filter(([, kib]) => Number(kib) * 1024 === size)
    .map(([, , kib]) => Number(kib) * 1024);
  return resident.length === 0 ? undefined : Math.max(...resident);
}

/** Samples the memory of a process at a fixed interval until it is stopped. */
export class MemoryWatch {
  readonly samples: number[] = [];
  #isOn = true;
  readonly #done: Promise<void>;

  constructor(pid: number, intervalMs = 100, readBytes = rssBytes) {
    this.#done = this.#run(pid, intervalMs, readBytes);
  }

  async #run(pid: number, intervalMs: number, readBytes: (pid: number) => number | undefined): Promise<void> {
    while (this.#isOn) {
      const bytes = readBytes(pid);
      if (bytes !== undefined) this.samples.push(bytes);
      await delay(intervalMs);
    }
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#done;
  }

  /** The highest sample above the first one. */
  growthBytes(): number {
    return Math.max(...this.samples) - (this.samples[0] ?? Number.NaN);
  }
}

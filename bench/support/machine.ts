/** What the figures were measured on, and the programs that the benchmark needs beside Node. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';

/** First line of what a program says to `words`, undefined where it is not installed. */
export function versionOf(program: string, ...words: string[]): string | undefined {
  try {
    // nginx and wrk say their version on stderr or with an exit code of 1.
    const output = execFileSync('sh', ['-c', '"$0" "$@" 2>&1 || true', program, ...words], {
      encoding: 'utf8',
    });
    const line = output.split('\n')[0]?.trim() ?? '';
    return line === '' || /not found/.test(line) ? undefined : line;
  } catch {
    return undefined;
  }
}

const packages: Record<string, string> = { nginx: 'nginx', wrk: 'wrk', taskset: 'util-linux' };

/** The programs that are missing, with the Debian packages that hold them. */
export function missing(programs: string[]): string[] {
  return programs
    .filter((program) => versionOf('sh', '-c', `command -v ${program}`) === undefined)
    .map(
      (program) => `${program} is not installed (Debian: apt-get install ${packages[program] ?? program})`,
    );
}

export function machineLine(): string {
  const commit = versionOf('git', '-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD') ?? 'unknown';
  const nginx = versionOf('nginx', '-v')?.replace('nginx version: ', '') ?? 'no nginx';
  const wrk = /^wrk \S+/.exec(versionOf('wrk', '-v') ?? '')?.[0] ?? 'no wrk';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${cpus().length} x ${model}, ${memory}, Linux ${release()} ${arch()}, Node ${process.version}, ${nginx}, ${wrk}, commit ${commit}`;
}

/** Processors that this process may run on, from its affinity mask. */
export function usableCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

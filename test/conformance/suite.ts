/**
 * The package `http-cache-tests`: its cases, its test origin, and its command-line client, each run as it is shipped. The
 * package is started by npm scripts that read npm's variables; those are given here. It depends on an npm of its own,
 * which would take the place of npm in scripts: `overrides` in package.json keeps that out, nothing of it needs one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Test } from 'tap';
import type { Address } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/temp.ts';
import { Deferred, within } from '../support/within.ts';

/** `required` by the standards, `optimal` where a cache is better for it, `check` where either answer is right. */
export type Kind = 'required' | 'optimal' | 'check';
export const kinds: readonly Kind[] = ['required', 'optimal', 'check'];

export interface Case {
  kind: Kind;
  /** Cases without which this one proves nothing: where one of them fails, this one does not count as passed. */
  needs: readonly string[];
}

interface PackagedCase {
  id: string;
  kind?: Kind;
  depends_on?: string[];
  /** Only for caches in browsers: the command-line client leaves it out. */
  browser_only?: boolean;
}
interface PackagedModule {
  default: { tests: PackagedCase[] }[] | { tests: PackagedCase[] };
}

/** What came of a case: true, or why it failed. */
export type Outcome = true | string;

const folder = dirname(fileURLToPath(import.meta.resolve('http-cache-tests/package.json')));
const originReadyMs = 20_000;
/** Nearly all of it is pauses in which responses grow old. */
const wholeRunMs = 150_000;
const singleRunMs = 30_000;

/** The cases that the command-line client runs, by id. */
export async function packagedCases(): Promise<Map<string, Case>> {
  const cases = new Map<string, Case>();
  for (const file of ['tests/index.mjs', 'tests/surrogate-control.mjs']) {
    const module = (await import(pathToFileURL(join(folder, file)).href)) as PackagedModule;
    for (const { tests } of [module.default].flat()) {
      for (const { id, kind, depends_on: needs, browser_only: isForBrowsers } of tests) {
        if (isForBrowsers !== true) cases.set(id, { kind: kind ?? 'required', needs: needs ?? [] });
      }
    }
  }
  return cases;
}

function start(program: string, cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, ['--no-warnings', join(folder, program)], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', npm_package_config_id: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Starts the package's origin on a free port, in an empty folder: it serves the files of the one that it is in. */
export async function startTestOrigin(t: Test): Promise<Address> {
  const child = start('server/server.mjs', temporaryFolder(t), {
    npm_config_protocol: 'http',
    npm_config_port: '0',
    npm_config_pidfile: 'pid',
  });
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  t.teardown(async () => {
    child.kill();
    await within(originReadyMs, 'the end of the test origin', exited);
  });
  const ready = new Deferred<number>();
  let output = '';
  child.stdout?.on('data', (piece: Buffer) => {
    if (ready.isSettled) return;
    output += piece.toString();
    const port = /Listening on http:\/\/\S+:(\d+)\//.exec(output)?.[1];
    if (port !== undefined) ready.resolve(Number(port));
  });
  child.on('close', () => ready.reject(new Error(`the test origin has ended:\n${output}`)));
  return { host: '127.0.0.1', port: await within(originReadyMs, 'the test origin', ready.promise) };
}

/** Runs the client to its end. @param id one case, or '' for all. @returns what it wrote */
async function runClient(base: string, id: string, limitMs: number): Promise<string> {
  const child = start('cli.mjs', folder, { npm_config_base: base, npm_config_id: id });
  let output = '';
  child.stdout?.on('data', (piece: Buffer) => (output += piece.toString()));
  try {
    const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
    await within(limitMs, `the client of the suite (${id === '' ? 'all cases' : id})`, exited);
    return output;
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** Runs all cases against the cache at `base`. */
export async function runAllCases(base: string): Promise<Map<string, Outcome>> {
  const output = await runClient(base, '', wholeRunMs);
  const results = JSON.parse(output) as Record<string, true | string[]>;
  return new Map(
    Object.entries(results).map(([id, result]) => [id, result === true ? true : result.join(': ')]),
  );
}

/** Runs one case; the client then tells in words, on its last line, what it gives as JSON for all of them. */
export async function runOneCase(base: string, id: string): Promise<Outcome> {
  const output = await runClient(base, id, singleRunMs);
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return /^(?:✅|Y) - /u.test(`${last} `) ? true : last;
}

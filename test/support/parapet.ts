/**
 * Starts a Parapet for a test, waits for its ready line, and ends what it started, by process id. The process that is
 * started is the supervisor; its only child is the proxy.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import { type ConfigObject, recordsPath, writeConfig } from './config.ts';
import { childrenOf, isAlive, startOf } from './proc.ts';
import type { Address } from './raw-client.ts';
import { temporaryFolder } from './temp.ts';
import { Deferred, until, within } from './within.ts';

export const repository = resolve(import.meta.dirname, '../..');
const command = join(repository, 'bin/parapet.mjs');
const readyMs = 20_000;
const stopMs = 40_000;
const address = '(\\[[0-9a-f:.]+\\]|[0-9.]+):(\\d+)';
const readyLine = new RegExp(
  `^parapet: ready( listener\\.\\d+=${address})+( admin=(${address}|unix:\\S+))?$`,
);

/** Why the product cannot be tested here, or false: for the `skip` option of a test. */
export const skipReason: string | false = existsSync(
  process.env['PARAPET_ADDON'] ?? join(repository, 'build/Release/parapet.node'),
)
  ? false
  : 'the native addon is not built';

/**
 * What a Parapet is started with. The libraries of a sanitizer build go to it alone: they are slow in the tests
 * themselves, and stop other programs that were never meant for them.
 */
export function parapetEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const preload = process.env['PARAPET_TEST_PRELOAD'];
  return { ...process.env, ...(preload === undefined ? {} : { LD_PRELOAD: preload }), ...more };
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Folder of the config; a new one by default. Given again, it starts a second life on the same logs. */
  folder?: string;
  args?: string[];
  /** In place of `run`. */
  command?: string;
  env?: NodeJS.ProcessEnv;
  /** Do not wait for the ready line: the start is expected to fail. */
  failing?: boolean;
  /** Runs the command under these words (`taskset -c 0`). */
  prefix?: string[];
}

export class Parapet {
  readonly folder: string;
  readonly config: string;
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  readyText = '';
  stdout = '';
  stderr = '';
  readonly #ready = new Deferred<string>();
  /** Every proxy child that was seen, with the time of its start, for the end. */
  readonly #children = new Map<number, string | undefined>();

  constructor(folder: string, config: string, options: StartOptions) {
    this.folder = folder;
    this.config = config;
    const words = [
      ...(options.prefix ?? []),
      process.execPath,
      command,
      options.command ?? 'run',
      '-c',
      config,
      ...(options.args ?? []),
    ];
    this.process = spawn(words[0] as string, words.slice(1), {
      cwd: folder,
      env: parapetEnvironment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        this.#ready.reject(
          new Error(`parapet ended before it was ready (${signal ?? code}):\n${this.stderr}`),
        );
        resolve({ code, signal });
      });
    });
    this.process.stdout?.on('data', (piece: Buffer) => {
      this.stdout += piece.toString();
      const end = this.stdout.indexOf('\n');
      if (end >= 0) this.#ready.resolve(this.stdout.slice(0, end));
    });
    this.process.stderr?.on('data', (piece: Buffer) => {
      this.stderr += piece.toString();
    });
  }

  async waitReady(): Promise<void> {
    this.readyText = await within(readyMs, 'the ready line', this.#ready.promise);
    if (!readyLine.test(this.readyText))
      throw new Error(`not a ready line: ${JSON.stringify(this.readyText)}`);
    await this.child();
  }

  get pid(): number {
    return this.process.pid as number;
  }

  #named(name: string): Address {
    const match = new RegExp(` ${name.replace('.', '\\.')}=${address}(?: |$)`).exec(this.readyText);
    if (match === null) throw new Error(`no ${name} in: ${this.readyText}`);
    return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port: Number(match[2]) };
  }

  listener(index = 0): Address {
    return this.#named(`listener.${index}`);
  }

  get admin(): Address {
    return this.#named('admin');
  }

  /** The proxy process below the supervisor, one that is not `not`. */
  async child(not?: number): Promise<number> {
    const pid = await until(readyMs, 'a proxy child', () => {
      if (this.process.exitCode !== null) throw new Error(`the supervisor has ended:\n${this.stderr}`);
      return childrenOf(this.pid).find((each) => each !== not && isAlive(each));
    });
    this.#children.set(pid, startOf(pid));
    return pid;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  /** SIGTERM, and what came of it. */
  async stop(): Promise<Exit> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    return await within(stopMs, 'the end after SIGTERM', this.exited);
  }

  /** Ends supervisor and child at the same moment, without a chance to say goodbye. */
  async killBoth(): Promise<void> {
    const child = await this.child();
    this.process.kill('SIGKILL');
    process.kill(child, 'SIGKILL');
    await within(stopMs, 'the end after SIGKILL', this.exited);
  }

  /** For teardown: nothing that this test started is left behind. */
  async end(): Promise<void> {
    for (const pid of childrenOf(this.pid)) this.#children.set(pid, startOf(pid));
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM');
      await within(stopMs, 'the end after SIGTERM', this.exited).catch(() => this.process.kill('SIGKILL'));
    }
    for (const [pid, start] of this.#children) {
      if (isAlive(pid) && startOf(pid) === start) process.kill(pid, 'SIGKILL');
    }
    await within(stopMs, 'the end of the supervisor', this.exited);
  }

  get recordsFile(): string {
    return join(this.folder, recordsPath);
  }

  /** The token that the first run wrote, for mutations of the admin API. */
  adminToken(): string {
    return readFileSync(join(this.folder, 'var/log/admin.token'), 'utf8').trim();
  }

  rewrite(config: ConfigObject | string): void {
    writeConfig(this.config, config);
  }
}

export async function startParapet(
  t: Test,
  config: ConfigObject | string,
  options: StartOptions = {},
): Promise<Parapet> {
  const folder = options.folder ?? temporaryFolder(t);
  mkdirSync(join(folder, 'var/log'), { recursive: true });
  const path = join(folder, 'parapet.yaml');
  writeConfig(path, config);
  const parapet = new Parapet(folder, path, options);
  t.teardown(() => parapet.end());
  if (options.failing !== true) await parapet.waitReady();
  return parapet;
}

export interface CommandResult extends Exit {
  stdout: string;
  stderr: string;
}

/** Runs one command line of Parapet to its end. */
export async function runCommand(
  args: string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: options.cwd,
    env: parapetEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const exit = new Promise<Exit>((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  try {
    const ended = await within(options.timeoutMs ?? 20_000, `parapet ${args.join(' ')}`, exit);
    return { ...ended, stdout, stderr };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

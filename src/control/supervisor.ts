/**
 * The small parent process: it opens the listening sockets, owns them for the life of the service, and runs the proxy as
 * a child that inherits them. It reads nothing from the network. A child that dies is started again with the config that
 * was in force, while the sockets stay open and the kernel keeps accepting into their backlogs.
 */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Binding } from '../engine/native/binding.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { Backoff } from './backoff.ts';
import {
  channelDescriptor,
  Handover,
  handoverDescriptor,
  type ListenerRequest,
  type OpenListener,
  type SentFiles,
  type ToProxy,
  type ToSupervisor,
} from './handover.ts';
import { acceptingStatus } from './host.ts';
import { closeListener, explainListenError, openListener } from './open-listeners.ts';
import type { ServiceManager } from './service-manager.ts';

export type SupervisorBinding = Pick<Binding, 'listen' | 'closeFd' | 'descriptorPair' | 'sendDescriptors'>;

export interface SupervisorPorts {
  binding: SupervisorBinding;
  /** Starts the proxy with a pipe on descriptor 3 and the given descriptors from 4 on. */
  spawn: (descriptors: number[]) => ChildProcess;
  clock: Clock;
  /** A line for the operator. */
  tell: (line: string) => void;
  /** The proxy accepts for the first time. */
  ready?: () => void;
  manager: ServiceManager;
}

export interface SupervisorOptions {
  file: string;
  text: string;
  files: SentFiles;
  workers: number;
  listeners: ListenerRequest[];
  testFaults: boolean;
  /** The proxy runs as a user with fewer rights (`user`): what that user may not bind, a reload may not add. */
  dropsRights: boolean;
}

/** For a child to end that was told to end at once. */
const endMs = 1000;

/** ip_unprivileged_port_start(7) as it is by default. */
const privilegedPorts = 1024;

interface Running {
  process: ChildProcess;
  handover: Handover<ToProxy, ToSupervisor>;
  channel: number;
  readyAtMs: number | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #ports: SupervisorPorts;
  readonly #listeners = new Map<string, OpenListener>();
  readonly #backoff = new Backoff();
  #text: string;
  #files: SentFiles;
  #adminPort = 0;
  #child: Running | undefined;
  #restart: Timer | undefined;
  #hasBeenReady = false;
  #isEnding = false;
  #end: (code: number) => void = () => {};

  constructor(options: SupervisorOptions, ports: SupervisorPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#text = options.text;
    this.#files = options.files;
  }

  /** Runs until it is told to end, or the first start fails. Resolves to the exit code. */
  async run(): Promise<number> {
    const { listeners, workers, file } = this.#options;
    for (const request of listeners) {
      try {
        this.#listeners.set(request.key, await openListener(this.#ports.binding, request, workers));
      } catch (error) {
        this.#ports.tell(explainListenError(error, request, file));
        this.#closeAll();
        return 1;
      }
    }
    const code = await new Promise<number>((resolve) => {
      this.#end = resolve;
      this.#ports.manager.watch(() => this.#showLife());
      this.#start();
    });
    this.#closeAll();
    return code;
  }

  get childPid(): number | undefined {
    return this.#child?.process.pid;
  }

  reload(): void {
    this.#child?.handover.send({ kind: 'reload' });
  }

  reopen(): void {
    this.#child?.handover.send({ kind: 'reopen' });
  }

  /** The first call drains, a second one ends at once. */
  stop(): void {
    const kind = this.#isEnding ? 'end' : 'drain';
    if (!this.#isEnding) this.#ports.manager.stopping();
    this.#isEnding = true;
    // The child has its own descriptors: when it closes those, new connections are refused.
    this.#closeAll();
    const child = this.#child;
    if (child === undefined) return this.#finish(0);
    child.handover.send({ kind });
    // Should it not even listen any more; and one that was never ready has nothing to drain.
    if (kind === 'end' || child.readyAtMs === undefined)
      this.#ports.clock.after(endMs, () => child.process.kill('SIGKILL'));
  }

  #closeAll(): void {
    for (const listener of this.#listeners.values()) closeListener(this.#ports.binding, listener);
    this.#listeners.clear();
  }

  /** The service lives while control answers, or while its next process is about to be started. */
  #showLife(): void {
    if (this.#child === undefined) this.#ports.manager.alive();
    else this.#child.handover.send({ kind: 'ping' });
  }

  #finish(code: number): void {
    this.#restart?.cancel();
    this.#ports.manager.close();
    this.#end(code);
  }

  #start(): void {
    const { binding, spawn } = this.#ports;
    const [ours, theirs] = binding.descriptorPair();
    const open = [...this.#listeners.values()];
    const child = spawn([theirs, ...open.flatMap(({ fds }) => fds)]);
    binding.closeFd(theirs);
    const handover = new Handover<ToProxy, ToSupervisor>(
      child.stdio[handoverDescriptor] as unknown as Duplex,
      (message) => this.#hear(message),
      () => {},
    );
    this.#child = { process: child, handover, channel: ours, readyAtMs: undefined };
    child.on('error', (error) => {
      this.#ports.tell(`cannot start the proxy: ${error.message}`);
      if (child.pid === undefined) this.#ended(null, null);
    });
    child.on('exit', (code, signal) => this.#ended(code, signal));
    // In the child the sockets stand one after the other, in the order in which they were handed to spawn.
    let next = channelDescriptor + 1;
    const listeners = open.map(({ key, port, fds }) => ({ key, port, fds: fds.map(() => next++) }));
    const { file, workers, testFaults } = this.#options;
    handover.send({
      kind: 'start',
      file,
      text: this.#text,
      files: this.#files,
      workers,
      listeners,
      adminPort: this.#adminPort,
      testFaults,
    });
  }

  #hear(message: ToSupervisor): void {
    const { manager } = this.#ports;
    switch (message.kind) {
      case 'ready':
        this.#becomesReady(message.adminPort);
        return;
      case 'open':
        void this.#open(message.listener);
        return;
      case 'reloading':
        manager.reloading();
        return;
      case 'reloaded':
        manager.ready(message.status);
        return;
      case 'pong':
        manager.alive();
        return;
      default:
        this.#takeConfig(message);
    }
  }

  #becomesReady(adminPort: number): void {
    const { manager, clock, ready } = this.#ports;
    if (!this.#hasBeenReady) ready?.();
    this.#hasBeenReady = true;
    this.#adminPort = adminPort;
    if (this.#child !== undefined) this.#child.readyAtMs = clock.monotonicMs();
    if (!this.#isEnding) manager.ready(acceptingStatus);
  }

  #takeConfig({ text, files, keys }: Extract<ToSupervisor, { kind: 'inForce' }>): void {
    this.#text = text;
    this.#files = files;
    for (const [key, listener] of this.#listeners) {
      if (keys.includes(key)) continue;
      closeListener(this.#ports.binding, listener);
      this.#listeners.delete(key);
    }
  }

  /** For a reload: the sockets are sent to the child, and are ours from now on. */
  async #open(request: ListenerRequest): Promise<void> {
    const { binding } = this.#ports;
    const { workers, file } = this.#options;
    try {
      if (this.#options.dropsRights && request.port > 0 && request.port < privilegedPorts) {
        throw Object.assign(new Error(), { code: 'EACCES' });
      }
      const opened = this.#listeners.get(request.key) ?? (await openListener(binding, request, workers));
      this.#listeners.set(request.key, opened);
      const child = this.#child;
      if (child === undefined) return;
      binding.sendDescriptors(child.channel, opened.fds);
      child.handover.send({ kind: 'opened', key: request.key, port: opened.port });
    } catch (error) {
      const message = explainListenError(error, request, file);
      this.#child?.handover.send({ kind: 'refused', key: request.key, message });
    }
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.handover.close();
    this.#ports.binding.closeFd(child.channel);
    if (this.#isEnding) return this.#finish(code ?? 1);
    // A start that fails the first time has a cause that starting again does not heal: the config, the lock.
    if (!this.#hasBeenReady) return this.#finish(code ?? 1);
    const { clock, tell, manager } = this.#ports;
    const readyForMs = child.readyAtMs === undefined ? undefined : clock.monotonicMs() - child.readyAtMs;
    const delayMs = this.#backoff.nextDelayMs(readyForMs);
    const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
    tell(`the proxy ended (${signal ?? `exit code ${code}`}) and is started again ${when}`);
    manager.status(`The proxy ended (${signal ?? `exit code ${code}`}) and is started again.`);
    this.#restart = clock.after(delayMs, () => {
      this.#restart = undefined;
      this.#start();
    });
  }
}

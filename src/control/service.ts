/** `parapet run`: the supervisor with its child, or the proxy alone; and the child itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { noIds, unreadable } from '../config/index.ts';
import { loadBinding } from '../engine/native/binding.ts';
import { systemClock, systemMonotonicUs } from '../lib/clock.ts';
import { readEnvironment } from '../lib/environment.ts';
import { packageVersion } from '../lib/package.ts';
import { systemRandomHex } from '../lib/random.ts';
import { type Configuration, readConfiguration } from './configuration.ts';
import {
  Handover,
  handoverDescriptor,
  receiveFiles,
  sendFiles,
  type ToProxy,
  type ToSupervisor,
} from './handover.ts';
import { OwnSockets, type SocketOwner } from './host.ts';
import { LentSockets } from './lent-sockets.ts';
import { Proxy, type ProxyPorts, type ProxyStart } from './proxy.ts';
import { readApart } from './read-apart.ts';
import { ServiceManager } from './service-manager.ts';
import { onSignals } from './signals.ts';
import { StartError } from './start-error.ts';
import { Supervisor } from './supervisor.ts';
import { createConfigReader, createEdge, createShipper } from './threads.ts';

export interface ServiceOptions {
  file: string;
  hasSupervisor: boolean;
  testFaults: boolean;
  /** Arguments of Node that start the proxy child: the main module and its hidden command. */
  childArguments: readonly string[];
  /** The proxy accepts for the first time (with a supervisor). */
  ready?: () => void;
}

/** Exit code of a process that a second signal ended before it had drained. */
const cutOffCode = 143;

const tell = (line: string) => process.stderr.write(`parapet: ${line}\n`);
const show = (text: string) => process.stderr.write(text);

function proxyPorts(): ProxyPorts {
  return {
    binding: loadBinding(),
    clock: systemClock,
    randomHex: systemRandomHex,
    readFile: (path) => readFileSync(path, 'utf8'),
    tell,
    show,
    print: (line) => process.stdout.write(`${line}\n`),
    giveUp: (why) => {
      tell(`${why}: the process ends`);
      process.kill(process.pid, 'SIGKILL');
    },
    createEdge,
    createShipper,
    readConfiguration: (question) => readApart(question, createConfigReader),
  };
}

function serviceManager(): ServiceManager {
  const environment = {
    socket: readEnvironment('notifySocket'),
    watchdogUs: readEnvironment('watchdogUs'),
    watchdogPid: readEnvironment('watchdogPid'),
  };
  const binding = loadBinding();
  return new ServiceManager(environment, {
    clock: systemClock,
    monotonicUs: systemMonotonicUs,
    send: (socket, text) => binding.notify(socket, text),
    tell,
    pid: process.pid,
    parentPid: process.ppid,
  });
}

/** Resolves to the exit code. */
export async function runService(options: ServiceOptions): Promise<number> {
  ignoreClosedOutput();
  let text: string;
  try {
    text = readFileSync(options.file, 'utf8');
  } catch (error) {
    show(unreadable(options.file, error as NodeJS.ErrnoException));
    return 1;
  }
  const read = readConfiguration(options.file, text, noIds, options.testFaults);
  if (!read.ok) {
    show(read.diagnostics);
    return 1;
  }
  try {
    loadBinding();
  } catch (error) {
    tell(`the native engine cannot be loaded: ${(error as Error).message} (run: npm run setup)`);
    return 1;
  }
  return options.hasSupervisor
    ? await supervise(read.configuration, options)
    : await runAlone(read.configuration, options);
}

async function supervise(
  { file, text, files, config, compiled }: Configuration,
  options: ServiceOptions,
): Promise<number> {
  const listeners = compiled.listeners.map(({ key, address, host, port, backlog }, index) => {
    return { key, where: `listeners[${index}].address`, address, host, port, backlog };
  });
  const workers = config.workers ?? availableParallelism();
  const supervisor = new Supervisor(
    {
      file,
      text,
      files: sendFiles(files.contents),
      workers,
      listeners,
      testFaults: options.testFaults,
      dropsRights: config.user !== undefined,
    },
    {
      binding: loadBinding(),
      spawn: (descriptors) => spawnProxy(options.childArguments, descriptors),
      clock: systemClock,
      tell,
      ready: () => options.ready?.(),
      manager: serviceManager(),
    },
  );
  onSignals(
    { reload: () => supervisor.reload(), reopen: () => supervisor.reopen(), stop: () => supervisor.stop() },
    systemClock,
  );
  return await supervisor.run();
}

/**
 * In a process group of its own: a terminal's interrupt reaches the supervisor alone, which passes it on. Should the
 * supervisor die, the pipe closes and the child drains.
 */
function spawnProxy(childArguments: readonly string[], descriptors: number[]): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, ...childArguments], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...descriptors],
    detached: true,
  });
}

async function runAlone(
  { file, text, files, config }: Configuration,
  options: ServiceOptions,
): Promise<number> {
  const workers = config.workers ?? availableParallelism();
  const manager = serviceManager();
  const owner = new OwnSockets(loadBinding(), workers, file, manager);
  const { testFaults } = options;
  const start: ProxyStart = {
    file,
    text,
    files: [...files.contents],
    workers,
    listeners: [],
    adminPort: 0,
    testFaults,
    version: packageVersion(),
  };
  const code = await runProxy(
    start,
    owner,
    (actions) => onSignals(actions, systemClock),
    () => manager.stopping(),
  );
  manager.close();
  return code;
}

interface ProxyActions {
  reload(): void;
  reopen(): void;
  stop(): void;
  drain(): void;
  end(): void;
}

/** Resolves to the exit code when the proxy has drained, or cannot start. */
async function runProxy(
  start: ProxyStart,
  owner: SocketOwner,
  listen: (actions: ProxyActions) => void,
  stopping: () => void = () => {},
): Promise<number> {
  return await new Promise((resolve) => {
    let proxy: Proxy | undefined;
    let isStopping = false;
    const drain = () => {
      if (!isStopping) stopping();
      isStopping = true;
      // Before it is ready there is nothing to drain.
      if (proxy === undefined) resolve(0);
      else void proxy.drain().then(() => resolve(0));
    };
    const end = () => resolve(cutOffCode);
    listen({
      reload: () => void proxy?.reload(),
      reopen: () => proxy?.reopen(),
      stop: () => (isStopping ? end() : drain()),
      drain,
      end,
    });
    const begin = async () => {
      try {
        proxy = await Proxy.start(start, owner, proxyPorts());
      } catch (error) {
        tell(error instanceof StartError ? error.message : `cannot start: ${(error as Error).stack}`);
        resolve(1);
      }
    };
    void begin();
  });
}

/** The proxy below a supervisor, with what it is told over the handover pipe. */
export async function runProxyChild(): Promise<number> {
  ignoreClosedOutput();
  return await new Promise((resolve) => {
    let actions: ProxyActions | undefined;
    let lent: LentSockets | undefined;
    const handover: Handover<ToSupervisor, ToProxy> = new Handover(
      new Socket({ fd: handoverDescriptor }),
      (message) => {
        if (message.kind === 'start') {
          lent = new LentSockets(loadBinding(), handover);
          const files = receiveFiles(message.files);
          void runProxy({ ...message, files, version: packageVersion() }, lent, (given) => {
            actions = given;
            onSignals(given, systemClock);
          }).then(resolve);
        } else if (message.kind === 'ping') {
          handover.send({ kind: 'pong' });
        } else if (message.kind === 'opened' || message.kind === 'refused') {
          lent?.hear(message);
        } else actions?.[message.kind]();
      },
      // The supervisor is gone, and with it whoever would pass a signal on.
      () => (actions === undefined ? resolve(1) : actions.drain()),
    );
  });
}

/** Nobody reads any more: the service goes on. */
function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

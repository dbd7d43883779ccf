/**
 * What a service manager (systemd, `Type=notify`) is told: sd_notify(3). Without `NOTIFY_SOCKET` nothing is told to anybody;
 * a message that cannot be sent is told to the operator once, and the service goes on.
 */
import type { Clock, Timer } from '../lib/clock.ts';

/** The environment that the service manager sets. */
export interface ManagerEnvironment {
  /** NOTIFY_SOCKET */
  socket: string | undefined;
  /** WATCHDOG_USEC */
  watchdogUs: string | undefined;
  /** WATCHDOG_PID */
  watchdogPid: string | undefined;
}

export interface ManagerPorts {
  clock: Clock;
  /** CLOCK_MONOTONIC in microseconds. */
  monotonicUs: () => bigint;
  /** Throws where it cannot be sent. */
  send: (socket: string, text: string) => void;
  tell: (line: string) => void;
  pid: number;
  parentPid: number;
}

/** Times that a sign of life is sent within the time after which the service counts as dead. */
const signsPerTimeout = 3;

export class ServiceManager {
  readonly #environment: ManagerEnvironment;
  readonly #ports: ManagerPorts;
  #watch: Timer | undefined;
  #hasFailed = false;

  constructor(environment: ManagerEnvironment, ports: ManagerPorts) {
    this.#environment = environment;
    this.#ports = ports;
  }

  #send(...lines: string[]): void {
    const { socket } = this.#environment;
    if (socket === undefined) return;
    try {
      this.#ports.send(socket, lines.join('\n'));
    } catch (error) {
      if (!this.#hasFailed)
        this.#ports.tell(`the service manager cannot be told (NOTIFY_SOCKET): ${(error as Error).message}`);
      this.#hasFailed = true;
    }
  }

  /** The service accepts, for the first time or again after a reload. */
  ready(status: string): void {
    // The command may have been started by a wrapper that is not the service.
    this.#send('READY=1', `MAINPID=${this.#ports.pid}`, `STATUS=${status}`);
  }

  /** The config is read again; `ready` ends it, whatever came of it. */
  reloading(): void {
    this.#send(
      'RELOADING=1',
      `MONOTONIC_USEC=${this.#ports.monotonicUs()}`,
      'STATUS=The config is read again.',
    );
  }

  stopping(): void {
    this.#send('STOPPING=1', 'STATUS=Draining.');
  }

  status(text: string): void {
    this.#send(`STATUS=${text}`);
  }

  /** A sign of life, to be given only where the service has shown one. */
  alive(): void {
    this.#send('WATCHDOG=1');
  }

  /** Calls `ask` as often as the watchdog wants signs of life (`WatchdogSec`); without one never. */
  watch(ask: () => void): void {
    const { watchdogUs, watchdogPid } = this.#environment;
    const { clock, pid, parentPid } = this.#ports;
    const timeoutMs = Number(watchdogUs ?? 0) / 1000;
    const isMeant = watchdogPid === undefined || [pid, parentPid].includes(Number(watchdogPid));
    if (!(timeoutMs > 0) || !isMeant) return;
    this.#watch = clock.every(Math.max(1, timeoutMs / signsPerTimeout), ask);
  }

  close(): void {
    this.#watch?.cancel();
  }
}

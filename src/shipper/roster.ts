/** The jobs: those that are configured, and those that are no longer, until they have delivered what they had. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import type { Sink, SinkPorts, Spool } from '../logs/index.ts';
import { forgetJobs, knownEnd } from './forget-jobs.ts';
import { Job } from './job.ts';
import type { JobPorts } from './job-ports.ts';
import type { JobStats, ShipperJob } from './protocol.ts';

/** For a job that is no longer configured to deliver what it has. */
const leaveMs = 30_000;
/** For the sinks to let go of what they have. */
const closeMs = 1_000;

export interface RosterPorts extends Omit<JobPorts, 'sinkOf'> {
  sinkOf: (job: ShipperJob, ports: SinkPorts) => Sink;
}

export class Roster {
  readonly #spool: Spool;
  readonly #ports: RosterPorts;
  #jobs: Job[] = [];
  /** Until when a job that leaves may still deliver. */
  readonly #leaving = new Map<Job, number>();

  constructor(spool: Spool, ports: RosterPorts) {
    this.#spool = spool;
    this.#ports = ports;
  }

  /** Those that leave as well. */
  get all(): readonly Job[] {
    return this.#leaving.size === 0 ? this.#jobs : [...this.#jobs, ...this.#leaving.keys()];
  }

  get isDone(): boolean {
    return this.all.every((job) => job.isDone && !job.isBusy);
  }

  stats(nowMs: number): JobStats[] {
    return this.#jobs.map((job) => job.stats(nowMs));
  }

  /** The jobs of an earlier process go on; one that is not configured any more is forgotten, and what it had is told. */
  start(configs: readonly ShipperJob[], nowMs: number): void {
    this.#spool.goOnAt(knownEnd(this.#spool.folder, this.#ports.spoolPorts));
    forgetJobs(
      this.#spool,
      configs.map(({ name }) => name),
      this.#ports.spoolPorts,
    );
    this.configure(configs, nowMs);
  }

  /** A new job begins with what comes; one that changes goes on where it is. */
  configure(configs: readonly ShipperJob[], nowMs: number): void {
    const before = this.#jobs;
    this.#jobs = configs.map((config) => {
      const old = before.find((job) => job.config.name === config.name);
      if (old === undefined) return this.#make(config);
      if (!isDeepStrictEqual(old.config, config)) old.reconfigure(config);
      return old;
    });
    for (const job of before) {
      if (this.#jobs.includes(job)) continue;
      job.leave();
      this.#leaving.set(job, nowMs + leaveMs);
    }
  }

  #make(config: ShipperJob): Job {
    // One of this name may still be leaving: it stays, and goes on.
    const leaving = [...this.#leaving.keys()].find((job) => job.config.name === config.name);
    if (leaving !== undefined) {
      this.#leaving.delete(leaving);
      leaving.stay();
      leaving.reconfigure(config);
      return leaving;
    }
    const { sinkOf, ...ports } = this.#ports;
    const sinkPorts = (name: string): SinkPorts => ({
      tell: (level, text) => ports.spoolPorts.tell(level, `job ${name}: ${text}`),
      nowMs: () => ports.wallMs(),
    });
    return new Job(config, this.#spool, this.#spool.end, {
      ...ports,
      sinkOf: (latest) => sinkOf(latest, sinkPorts(latest.name)),
    });
  }

  /** Returns the milliseconds until a job has something to do by itself. */
  turn(nowMs: number, isUrgent: boolean): number {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) waitMs = Math.min(waitMs, job.turn(nowMs, isUrgent));
    for (const job of this.#leaving.keys()) waitMs = Math.min(waitMs, job.turn(nowMs, true));
    this.#letGo(nowMs);
    return waitMs;
  }

  #letGo(nowMs: number): void {
    for (const [job, untilMs] of this.#leaving) {
      if (job.isBusy || (!job.isDone && nowMs < untilMs)) continue;
      const left = job.abandon();
      if (left > 0) {
        const text = `job ${job.config.name} was removed before it could deliver all that it had: ${left} records are dropped`;
        this.#ports.spoolPorts.tell('error', text);
      }
      job.remove();
      this.#leaving.delete(job);
    }
  }

  reopen(): void {
    for (const job of this.all) job.reopen();
  }

  /** Lets go of all destinations; what they were given and have not accepted comes again. */
  close(clock: Clock, done: () => void): void {
    const jobs = this.all;
    let left = jobs.length;
    const finish = () => {
      left = -1;
      timer?.cancel();
      done();
    };
    const timer = left === 0 ? undefined : clock.after(closeMs, () => left > 0 && finish());
    for (const job of jobs) {
      job.close(() => {
        left -= 1;
        if (left === 0) finish();
      });
    }
    if (jobs.length === 0) done();
  }
}

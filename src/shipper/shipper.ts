/**
 * The log thread's work, without the thread: drains all rings for all jobs, takes over the rings of writers that are gone,
 * and keeps a job that falls behind from costing another one.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RingBinding } from '../engine/native/ring-binding.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { JobConfig } from '../logs/config.ts';
import { programOf, Ring, type Sink, type SinkPorts } from '../logs/index.ts';
import { filterOf } from './filter.ts';
import { Job, type JobCounts, type JobPorts } from './job.ts';
import { Notices } from './notices.ts';
import { longestSleep, sleepAfter, sleepMsMax, sleepMsMin } from './pace.ts';
import type { FromShipper, ShipperStats, ToShipper } from './protocol.ts';
import { type Folder, findLeftRings } from './recovery.ts';
import { Source } from './source.ts';
import { Tails } from './tail.ts';

/** Share of a live ring from which on a job that is behind another one is moved forward, and to where. */
const reliefFrom = 0.75;
const reliefTo = 0.5;

/** Frames that are looked at in one go for those who watch. */
const shownBytes = 256 * 1024;

/** For a job that is no longer configured to deliver what it has. */
const leaveMs = 30_000;

export interface ShipperPorts {
  binding: RingBinding;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  folder: Folder;
  sinkOf: (job: JobConfig, ports: SinkPorts) => Sink;
  post: (message: FromShipper) => void;
}

/** A ring in memory has a descriptor for its path, and goes with it. */
function isInMemory(path: string): boolean {
  return path.startsWith('/proc/');
}

interface Drain {
  untilMs: number;
}

export class Shipper {
  readonly #ports: ShipperPorts;
  readonly #notices: Notices;
  readonly #tails: Tails;
  readonly #shown = new Uint8Array(shownBytes);
  readonly #jobPorts: JobPorts;
  readonly #counts = new Map<string, JobCounts>();
  #sources: Source[] = [];
  #jobs: Job[] = [];
  /** Jobs that are no longer configured, and until when they may still deliver. */
  readonly #leaving = new Map<Job, number>();
  #timer: Timer | undefined;
  #sleepMs = sleepMsMax;
  /** Share of the fullest ring that was written since then. */
  #filled = 0;
  #filledSinceMs = 0;
  #isTurning = false;
  #drain: Drain | undefined;
  #isEnded = false;
  readonly #totals = { recoveredRings: 0, setAsideRings: 0, interruptedRecords: 0, damagedBytes: 0 };

  constructor(ports: ShipperPorts) {
    this.#ports = ports;
    this.#notices = new Notices((level, text) => ports.post({ type: 'notice', level, text }));
    this.#tails = new Tails({ binding: ports.binding, filterOf, post: ports.post });
    this.#jobPorts = {
      binding: ports.binding,
      notices: this.#notices,
      random: ports.random,
      wallMs: () => ports.clock.nowMs(),
      wake: () => this.#wake(),
    };
  }

  handle(message: ToShipper): void {
    switch (message.type) {
      case 'start':
        this.#start(message);
        break;
      case 'addRing':
        this.#addRing(message.path);
        break;
      case 'recover':
        this.#recover(message.path);
        break;
      case 'configure':
        this.#configure(message.jobs);
        break;
      case 'reopen':
        for (const job of this.#jobs) job.reopen();
        break;
      case 'drain':
        this.#drain = { untilMs: this.#ports.clock.monotonicMs() + message.deadlineMs };
        break;
      case 'tail':
        this.#tails.begin(message.id, message.request);
        return;
      case 'tailTaken':
        this.#tails.taken(message.id);
        return;
      case 'untail':
        this.#tails.end(message.id);
        return;
      case 'stats':
        this.#ports.post({ type: 'stats', id: message.id, stats: this.stats() });
        return;
      default:
        message satisfies never;
    }
    this.#wake();
  }

  stats(): ShipperStats {
    for (const source of this.#sources) source.ring.refresh();
    const nowMs = this.#ports.clock.monotonicMs();
    const damaged = this.#sources.reduce((sum, source) => sum + source.damagedBytes, 0);
    return {
      jobs: this.#jobs.map((job) => job.stats(this.#sources, nowMs)),
      rings: this.#sources.map(({ ring, isSealed }) => ({
        path: ring.path,
        workerIndex: ring.workerIndex,
        ringId: ring.ringId,
        bytesUsed: ring.tail - ring.head,
        bytesMax: ring.bytesMax,
        sequence: ring.nextSequence,
        dropped: ring.dropped,
        isSealed,
      })),
      ...this.#totals,
      damagedBytes: this.#totals.damagedBytes + damaged,
    };
  }

  #start({ directory, bootIdHex, rings, jobs }: Extract<ToShipper, { type: 'start' }>): void {
    const { binding, folder, post } = this.#ports;
    const left = findLeftRings(binding, folder, directory, bootIdHex, (level, text) =>
      post({ type: 'notice', level, text }),
    );
    for (const ring of left.rings) this.#seal(this.#follow(ring));
    this.#totals.setAsideRings = left.setAside;
    for (const path of rings) this.#addRing(path);
    this.#configure(jobs);
    post({ type: 'started', recovered: left.rings.length, setAside: left.setAside });
  }

  #follow(ring: Ring): Source {
    const source = new Source(ring);
    for (const job of this.#jobs) source.join(job, source.start);
    for (const job of this.#leaving.keys()) {
      source.join(job, source.start);
      source.cursorOf(job).endPosition = source.start.position;
    }
    this.#sources.push(source);
    return source;
  }

  #addRing(path: string): void {
    if (this.#sources.some(({ ring, isSealed }) => ring.path === path && !isSealed)) return;
    const { binding, post } = this.#ports;
    let why: string;
    try {
      const opened = Ring.open(binding, path);
      if (opened.found === 'ring') {
        this.#follow(opened.ring);
        return;
      }
      why = `it is ${opened.found}`;
    } catch (error) {
      why = (error as Error).message;
    }
    post({ type: 'notice', level: 'error', text: `cannot read the log ring ${path}: ${why}` });
  }

  /** The ring may have said so itself, and may be gone already; one in memory is not looked up: its path names another now. */
  #recover(path: string): void {
    const isKnown = this.#sources.some(({ ring }) => ring.path === path);
    if (!isKnown && !isInMemory(path) && this.#ports.folder.existsSync(path)) this.#addRing(path);
    for (const source of this.#sources) {
      if (source.ring.path === path && !source.isSealed) this.#seal(source);
    }
  }

  #seal(source: Source): void {
    this.#totals.recoveredRings += 1;
    this.#totals.interruptedRecords += source.seal();
  }

  #countsOf(name: string): JobCounts {
    const counts = this.#counts.get(name) ?? {
      delivered: 0,
      dropped: 0,
      lost: 0,
      bytes: 0,
      batches: 0,
      failures: 0,
    };
    this.#counts.set(name, counts);
    return counts;
  }

  #configure(configs: readonly JobConfig[]): void {
    const before = this.#jobs;
    const isFirst = before.length === 0;
    this.#jobs = configs.map((config) => {
      const old = before.find((job) => job.config.name === config.name);
      if (old !== undefined && isDeepStrictEqual(old.config, config)) return old;
      const sink = this.#ports.sinkOf(config, {
        tell: (level, text) =>
          this.#ports.post({ type: 'notice', level, text: `job ${config.name}: ${text}` }),
        nowMs: () => this.#ports.clock.nowMs(),
      });
      const job = new Job(config, programOf(config), sink, this.#countsOf(config.name), this.#jobPorts);
      if (old !== undefined) old.handOver(job, this.#sources);
      else for (const source of this.#sources) source.join(job, isFirst ? source.start : source.end);
      return job;
    });
    const untilMs = this.#ports.clock.monotonicMs() + leaveMs;
    for (const job of before) {
      if (this.#jobs.includes(job)) continue;
      this.#leaving.set(job, untilMs);
      const isReplaced = this.#jobs.some(({ config }) => config.name === job.config.name);
      if (!isReplaced) job.leave(this.#sources);
    }
  }

  #wake(): void {
    if (!this.#isTurning && !this.#isEnded) this.#turn();
  }

  #turn(): void {
    this.#isTurning = true;
    this.#timer?.cancel();
    const nowMs = this.#ports.clock.monotonicMs();
    let waitMs = this.#look(nowMs);
    const isUrgent = this.#drain !== undefined;
    for (const job of this.#jobs) waitMs = Math.min(waitMs, job.turn(this.#sources, nowMs, isUrgent));
    for (const job of this.#leaving.keys()) waitMs = Math.min(waitMs, job.turn(this.#sources, nowMs, true));
    this.#letGo(nowMs);
    for (const source of this.#sources) this.#relieve(source);
    for (const source of this.#sources) source.release();
    this.#removeDone();
    this.#isTurning = false;
    if (this.#drain !== undefined && this.#isDrained(nowMs, this.#drain)) return this.#end();
    this.#timer = this.#ports.clock.after(Math.max(0, waitMs), () => this.#turn());
  }

  /** Reads where the writers are. Returns how long to sleep. */
  #look(nowMs: number): number {
    let filled = 0;
    let longestMs = sleepMsMax;
    for (const source of this.#sources) {
      const { ring } = source;
      if (!source.isSealed) longestMs = Math.min(longestMs, longestSleep(ring.bytesMax));
      const { tail, dropped } = ring;
      ring.refresh();
      filled = Math.max(filled, (ring.tail - tail) / ring.bytesMax);
      if (!this.#tails.isIdle) this.#show(ring, tail);
      if (ring.hasWriterEnded && !source.isSealed) this.#seal(source);
      if (ring.dropped > dropped) this.#tellDropped(ring);
    }
    this.#filled += filled;
    const sinceMs = nowMs - this.#filledSinceMs;
    // A look right after the last one (a batch was accepted) tells nothing of the pace.
    if (sinceMs < sleepMsMin) return Math.min(this.#sleepMs, longestMs);
    this.#sleepMs = sleepAfter(this.#filled, sinceMs, longestMs);
    this.#filled = 0;
    this.#filledSinceMs = nowMs;
    return this.#sleepMs;
  }

  /** Shows what came into a ring to those who watch. */
  #show(ring: Ring, from: number): void {
    let position = from;
    for (let isEnd = false; !isEnd; ) {
      const taken = ring.take(position, this.#shown, 0);
      this.#tails.see({ bytes: this.#shown, from: 0, to: taken.offset });
      isEnd = taken.isEnd || taken.position === position;
      position = taken.position;
    }
  }

  #tellDropped(ring: Ring): void {
    const text = `the log ring of worker ${ring.workerIndex} is full: ${ring.dropped} records dropped so far`;
    this.#notices.error(`ring ${ring.path}`, text, this.#ports.clock.nowMs());
  }

  /** Moves the job that holds a nearly full ring forward, where another job is ahead of it. */
  #relieve(source: Source): void {
    const { ring, isSealed } = source;
    if (isSealed) return;
    while (ring.tail - ring.head >= ring.bytesMax * reliefFrom) {
      const holder = source.holder();
      if (holder === undefined || !(holder.job instanceof Job)) return;
      const { job, aheadPosition } = holder;
      const before = source.cursorOf(job).takenPosition;
      // Not beyond what another job has delivered: nobody would gain by it.
      const dropped = job.giveUp(source, Math.min(aheadPosition, ring.tail - ring.bytesMax * reliefTo));
      if (dropped > 0) {
        const text = `job ${job.config.name} is behind: ${dropped} records dropped for it, so that other jobs lose none`;
        this.#notices.error(`behind ${job.config.name}`, text, this.#ports.clock.nowMs());
      }
      source.release();
      ring.refresh();
      if (source.cursorOf(job).takenPosition === before) return;
    }
  }

  /** Ends the jobs that are no longer configured, once they have delivered what they had, or took too long. */
  #letGo(nowMs: number): void {
    for (const [job, untilMs] of this.#leaving) {
      const isDone = job.isEmpty && this.#sources.every((source) => source.isTakenBy(job));
      if ((!isDone && nowMs < untilMs) || job.isSending) continue;
      if (!isDone) {
        for (const source of this.#sources) job.giveUp(source, source.cursorOf(job).endPosition);
        job.abandon();
        const text = `job ${job.config.name} was removed before it could deliver all that it had`;
        this.#ports.post({ type: 'notice', level: 'error', text });
      }
      job.close();
      this.#leaving.delete(job);
      for (const source of this.#sources) source.leave(job);
    }
  }

  /** Rings whose writer is gone, and that every job has delivered. */
  #removeDone(): void {
    const { folder, post } = this.#ports;
    this.#sources = this.#sources.filter((source) => {
      if (!source.isDone()) return true;
      const { ring } = source;
      ring.freeLeftovers();
      ring.close();
      this.#totals.damagedBytes += source.damagedBytes;
      for (const job of [...this.#jobs, ...this.#leaving.keys()]) job.forget(source);
      if (isInMemory(ring.path)) return false;
      try {
        folder.unlinkSync(ring.path);
      } catch (error) {
        const text = `cannot remove the log ring ${ring.path}: ${(error as Error).message}`;
        post({ type: 'notice', level: 'error', text });
      }
      return false;
    });
  }

  #isDrained(nowMs: number, { untilMs }: Drain): boolean {
    return this.#isAllDelivered() || nowMs >= untilMs;
  }

  #isAllDelivered(): boolean {
    const jobs = [...this.#jobs, ...this.#leaving.keys()];
    return jobs.every((job) => job.isEmpty && this.#sources.every((source) => source.isTakenBy(job)));
  }

  #end(): void {
    this.#isEnded = true;
    const isComplete = this.#isAllDelivered();
    const stats = this.stats();
    for (const job of [...this.#jobs, ...this.#leaving.keys()]) job.close();
    this.#ports.post({ type: 'drained', isComplete, stats });
  }
}

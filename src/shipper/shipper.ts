/**
 * The log thread's work, without the thread: moves the frames of all rings into the spool, lets the jobs deliver them from
 * there, and takes over the rings of writers that are gone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RingBinding } from '../engine/native/ring-binding.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import {
  Ring,
  type Sink,
  type SinkPorts,
  type Spool,
  type SpoolFiles,
  type SpoolLimits,
  type SpoolPorts,
} from '../logs/index.ts';
import { filterOf } from './filter.ts';
import { Notices } from './notices.ts';
import { openSpool, retryOpenMs } from './open-spool.ts';
import { longestSleep, sleepAfter, sleepMsMax, sleepMsMin } from './pace.ts';
import type { FromShipper, ShipperJob, ShipperStats, ToShipper } from './protocol.ts';
import { type Folder, findLeftRings } from './recovery.ts';
import { Roster } from './roster.ts';
import { Source } from './source.ts';
import { Spooler } from './spooler.ts';
import { Tails } from './tail.ts';

/** Blocks moved before the jobs have their turn: no more than the spool keeps in memory for them. */
const blocksPerRoundMax = 4;
const roundsPerTurnMax = 8;

export interface ShipperPorts {
  binding: RingBinding;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  folder: Folder;
  files: SpoolFiles;
  sinkOf: (job: ShipperJob, ports: SinkPorts) => Sink;
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
  readonly #spoolPorts: SpoolPorts;
  #directory = '';
  #limits: SpoolLimits = { bytesMax: 0, segmentBytes: 0 };
  /** Undefined as long as its folder cannot be used: rings hold what there is. */
  #store: { spool: Spool; spooler: Spooler; roster: Roster } | undefined;
  #openAtMs = 0;
  #configs: readonly ShipperJob[] = [];
  #sources: Source[] = [];
  /** Rings have their turns. */
  #place = 0;
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
    const tell = (level: 'info' | 'error', text: string) => ports.post({ type: 'notice', level, text });
    this.#notices = new Notices(tell);
    this.#tails = new Tails({ binding: ports.binding, filterOf, post: ports.post });
    this.#spoolPorts = {
      files: ports.files,
      checksum: (bytes, from, to) => ports.binding.crc32c(bytes, from, to),
      tell,
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
        this.#configure(message.jobs, message.spool);
        break;
      case 'reopen':
        this.#store?.roster.reopen();
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
    const sum = (read: (source: Source) => number) =>
      this.#sources.reduce((total, source) => total + read(source), 0);
    const spool = this.#store?.spool;
    return {
      jobs: this.#store?.roster.stats(nowMs) ?? [],
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
      spool: {
        segments: spool?.segmentCount ?? 0,
        bytes: spool?.bytes ?? 0,
        bytesMax: this.#limits.bytesMax,
        oldestMs: spool?.oldestMs ?? null,
        nextRecord: spool?.end.record ?? 0,
        lastError: this.#store?.spooler.lastError ?? null,
        failures: spool?.totals.failures ?? 0,
        removedSegments: spool?.totals.removedSegments ?? 0,
        setAsideSegments: spool?.totals.setAsideSegments ?? 0,
      },
      recoveredRings: this.#totals.recoveredRings,
      setAsideRings: this.#totals.setAsideRings,
      interruptedRecords: this.#totals.interruptedRecords + sum(({ interrupted }) => interrupted),
      damagedBytes:
        this.#totals.damagedBytes +
        sum(({ damagedBytes }) => damagedBytes) +
        (spool?.totals.damagedBytes ?? 0),
    };
  }

  #start({ directory, bootIdHex, rings, jobs, spool }: Extract<ToShipper, { type: 'start' }>): void {
    const { binding, folder, post } = this.#ports;
    this.#directory = directory;
    this.#limits = spool;
    this.#configs = jobs;
    this.#openStore();
    const left = findLeftRings(binding, folder, directory, bootIdHex, this.#spoolPorts.tell);
    for (const ring of left.rings) this.#seal(this.#follow(ring));
    this.#totals.setAsideRings = left.setAside;
    for (const path of rings) this.#addRing(path);
    post({ type: 'started', recovered: left.rings.length, setAside: left.setAside });
  }

  /** Jobs begin where they were; new ones with what the rings hold. */
  #openStore(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    if (this.#store !== undefined || nowMs < this.#openAtMs) return;
    const options = { directory: this.#directory, limits: this.#limits };
    const spool = openSpool(options, this.#spoolPorts, this.#notices, this.#ports.clock.nowMs());
    this.#openAtMs = nowMs + retryOpenMs;
    if (spool === undefined) return;
    const { binding, clock, random, sinkOf } = this.#ports;
    const spooler = new Spooler(spool, this.#notices, this.#tails);
    const roster = new Roster(spool, {
      binding,
      spoolPorts: this.#spoolPorts,
      notices: this.#notices,
      random,
      wallMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sinkOf,
      wake: () => this.#wake(),
    });
    this.#store = { spool, spooler, roster };
    for (const source of this.#sources) source.skipSpooled(spool);
    roster.start(this.#configs, nowMs);
  }

  #follow(ring: Ring): Source {
    const source = new Source(ring);
    if (this.#store !== undefined) source.skipSpooled(this.#store.spool);
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
    source.seal();
    // What has no writer any more goes first, in the order in which it was left.
    const others = this.#sources.filter((other) => other !== source);
    const place = others.filter(({ isSealed }) => isSealed).length;
    this.#sources = others.toSpliced(place, 0, source);
  }

  #configure(configs: readonly ShipperJob[], limits: SpoolLimits): void {
    this.#configs = configs;
    if (!isDeepStrictEqual(limits, this.#limits)) this.#store?.spool.setLimits(limits);
    this.#limits = limits;
    if (this.#store === undefined) return;
    const nowMs = this.#ports.clock.monotonicMs();
    // What is in the rings by now belongs to the jobs that were there.
    for (const source of this.#sources) source.ring.refresh();
    for (let round = 0; this.#move(nowMs) && round < roundsPerTurnMax; round++);
    this.#store.roster.configure(configs, nowMs);
  }

  #wake(): void {
    if (!this.#isTurning && !this.#isEnded) this.#turn();
  }

  #turn(): void {
    this.#isTurning = true;
    this.#timer?.cancel();
    const nowMs = this.#ports.clock.monotonicMs();
    let waitMs = this.#look(nowMs);
    this.#openStore();
    const isUrgent = this.#drain !== undefined;
    let hasMore = true;
    for (let round = 0; hasMore && round < roundsPerTurnMax; round++) {
      hasMore = this.#move(nowMs);
      const jobsWaitMs = this.#store?.roster.turn(nowMs, isUrgent) ?? retryOpenMs;
      waitMs = hasMore ? 0 : Math.min(waitMs, jobsWaitMs);
    }
    this.#store?.spooler.removeDone(this.#store.roster.all);
    this.#removeDone();
    this.#isTurning = false;
    if (this.#drain !== undefined && this.#isDrained(nowMs, this.#drain)) return this.#end();
    this.#timer = this.#ports.clock.after(Math.max(0, waitMs), () => this.#turn());
  }

  /** Moves some blocks out of the rings, what has no writer any more first. True: there is more. */
  #move(nowMs: number): boolean {
    const { spooler, roster } = this.#store ?? {};
    if (spooler === undefined || roster === undefined) return false;
    const wallMs = this.#ports.clock.nowMs();
    const move = (source: Source): boolean => spooler.move(source, roster.all, nowMs, wallMs);
    const left = this.#sources.filter(({ isSealed }) => isSealed);
    let blocks = 0;
    for (const source of left) {
      while (blocks < blocksPerRoundMax && move(source)) blocks += 1;
    }
    const live = this.#sources.slice(left.length);
    for (let tried = 0; tried < live.length && blocks < blocksPerRoundMax; this.#place += 1) {
      const isMoved = move(live[this.#place % live.length] as Source);
      blocks += isMoved ? 1 : 0;
      tried = isMoved ? 0 : tried + 1;
    }
    return blocks === blocksPerRoundMax;
  }

  /** Reads where the writers are. Returns how long to sleep. */
  #look(nowMs: number): number {
    let filled = 0;
    let longestMs = sleepMsMax;
    const sources = this.#sources;
    for (const source of sources) {
      const { ring } = source;
      if (!source.isSealed) longestMs = Math.min(longestMs, longestSleep(ring.bytesMax));
      const { tail, dropped } = ring;
      ring.refresh();
      filled = Math.max(filled, (ring.tail - tail) / ring.bytesMax);
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

  #tellDropped(ring: Ring): void {
    const text = `the log ring of worker ${ring.workerIndex} is full: ${ring.dropped} records dropped so far`;
    this.#notices.error(`ring ${ring.path}`, text, this.#ports.clock.nowMs());
  }

  /** Rings whose writer is gone, and that are in the spool. */
  #removeDone(): void {
    const { folder, post } = this.#ports;
    this.#sources = this.#sources.filter((source) => {
      if (!source.isDone) return true;
      const { ring } = source;
      ring.close();
      this.#totals.damagedBytes += source.damagedBytes;
      this.#totals.interruptedRecords += source.interrupted;
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
    const areRingsEmpty = this.#sources.every(({ ring }) => ring.head >= ring.tail);
    return areRingsEmpty && (this.#store?.roster.isDone ?? true);
  }

  /** What is not delivered is in the spool, or in a ring: the next start goes on. */
  #end(): void {
    this.#isEnded = true;
    const isComplete = this.#isAllDelivered();
    const stats = this.stats();
    const done = () => {
      this.#store?.spool.close();
      this.#ports.post({ type: 'drained', isComplete, stats });
    };
    if (this.#store === undefined) done();
    else this.#store.roster.close(this.#ports.clock, done);
  }
}

/**
 * One delivery: a cursor in the spool. Takes lines from there into a batch, plans it (its range and id are written down),
 * sends it until it is accepted, and moves the cursor. A batch is never given up, a job never disabled; what a job loses
 * because the spool had to drop it is counted, and the count is delivered when it goes on.
 *
 * What is in memory alone (a batch that fills) can be thrown away at any moment: it is made again from the cursor.
 */
import {
  isPassing,
  type Position,
  SegmentReader,
  type Sink,
  type SinkFailure,
  type Spool,
} from '../logs/index.ts';
import { Attempts } from './attempts.ts';
import { Batch, type BatchCounts } from './batch.ts';
import { type Format, formatOf } from './format.ts';
import { type JobPorts, noTotals } from './job-ports.ts';
import { startOf } from './job-start.ts';
import { destinationKey, JobMemory, type JobState, type Plan } from './job-state.ts';
import { addLoss, lossOfUnknown, lossReason } from './losses.ts';
import { lossesBetween } from './losses-between.ts';
import type { JobStats, ShipperJob } from './protocol.ts';
import { remake } from './remake.ts';

const msPerSecond = 1000;

/** Steps that one job may take before the others have their turn; each costs at most one block, or one batch. */
const stepsPerTurnMax = 48;
/** There is more to do at once. */
const again = -1;
const never = Number.POSITIVE_INFINITY;
const readAgainMs = 500;

export class Job {
  config: ShipperJob;
  readonly totals = noTotals();
  readonly #ports: JobPorts;
  readonly #attempts: Attempts;
  readonly #spool: Spool;
  readonly #memory: JobMemory;
  readonly #reader: SegmentReader;
  readonly #state: JobState;
  readonly #batch: Batch;
  #format: Format;
  #sink: Sink;
  #isSinkOpen = false;
  /** `open` or `send` of the sink has not answered yet. */
  #isBusy = false;
  /** The lines of the plan are in the batch. */
  #isMade = false;
  /** A config that comes into force between two attempts. */
  #change: ShipperJob | undefined;
  /** Records behind this one are not for it; infinite: it stays. */
  #endRecord = never;
  /** Number of the record with which its counts began. */
  #baseRecord: number;
  /** The state on disk is older than the one in memory, and nothing depends on it. */
  #isStateOld = false;
  #closing: (() => void) | undefined;

  /** `start` is where a job begins that has never run. */
  constructor(config: ShipperJob, spool: Spool, start: Position, ports: JobPorts) {
    const { files, checksum } = ports.spoolPorts;
    this.config = config;
    this.#ports = ports;
    this.#attempts = new Attempts(config.name, ports);
    this.#spool = spool;
    this.#memory = new JobMemory(spool.folder, config.name, files, checksum);
    this.#reader = new SegmentReader(files, checksum);
    this.#format = formatOf(config);
    this.#sink = ports.sinkOf(config);
    const { state, isNew, fault, note } = startOf(config, this.#memory, spool, start);
    this.#state = state;
    this.#isStateOld = isNew;
    if (fault !== undefined) this.#tell('error', fault);
    if (note !== undefined) this.#tell('info', note);
    this.#batch = new Batch(ports.binding, config.name, this.#format, this.#limits, this.#state.next);
    const { plan, next } = this.#state;
    // What was lost between the two has been counted by the process that lost it.
    this.#baseRecord = next.record - (plan === null ? 0 : plan.to.record - plan.from.record);
    this.#begin();
    // Before the first record is moved to where it begins: without a cursor, the next process would begin behind it.
    if (!this.persist()) this.#tell('error', 'its place in the spool cannot be written down yet');
  }

  get #limits() {
    const { max_bytes, max_records } = this.config.batch;
    return { bytes: max_bytes, records: max_records };
  }

  #tell(level: 'info' | 'error', text: string): void {
    this.#ports.spoolPorts.tell(level, `job ${this.config.name}: ${text}`);
  }

  get isFailing(): boolean {
    return this.#attempts.isFailing;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Segments before this one are done with. */
  get segmentNeeded(): number {
    return (this.#state.plan?.from ?? this.#state.next).segment;
  }

  /** Everything that is for it has been accepted. */
  get isDone(): boolean {
    const { plan, next } = this.#state;
    return plan === null && next.record >= Math.min(this.#endRecord, this.#spool.end.record);
  }

  /** Records that are for it and not delivered yet. */
  get inFlight(): number {
    const { plan, next } = this.#state;
    const end = Math.min(this.#endRecord, this.#spool.end.record);
    const planned = plan === null ? 0 : plan.to.record - plan.from.record;
    return Math.max(0, end - next.record) + planned;
  }

  /** Takes what there is, and sends what is due. Returns the milliseconds until it has something to do by itself. */
  turn(nowMs: number, isUrgent: boolean): number {
    let waitMs = again;
    for (let step = 0; step < stepsPerTurnMax && waitMs === again; step++)
      waitMs = this.#tryStep(nowMs, isUrgent);
    // A plan that follows at once has been written with the cursor; else the cursor is now.
    this.persist();
    return waitMs === again ? 0 : waitMs;
  }

  #tryStep(nowMs: number, isUrgent: boolean): number {
    try {
      return this.#step(nowMs, isUrgent);
    } catch (error) {
      if (!isPassing(error)) throw error;
      const { name } = this.config;
      const text = `job ${name} cannot read the spool now: ${(error as Error).message}`;
      this.#ports.notices.error(`spool ${name}`, text, this.#ports.wallMs());
      return readAgainMs;
    }
  }

  #step(nowMs: number, isUrgent: boolean): number {
    if (this.#isBusy) return never;
    if (this.#change !== undefined) {
      this.#apply(this.#change);
      return again;
    }
    const waitMs = this.#attempts.waitMs(nowMs);
    if (waitMs > 0) return waitMs;
    if (this.#state.plan !== null) {
      if (!this.#isMade && !this.#remake(this.#state.plan, nowMs)) return again;
      return this.#send(this.#state.plan, nowMs);
    }
    const batch = this.#batch;
    if (!batch.isFull && this.#fill(nowMs)) return again;
    if (batch.length === 0) {
      this.#passOver();
      return batch.isFull ? again : never;
    }
    const dueMs = batch.beganMs + this.config.batch.max_interval * msPerSecond;
    const isLast = batch.to.record >= this.#endRecord;
    if (!batch.isFull && !isUrgent && !isLast && nowMs < dueMs) return dueMs - nowMs;
    return this.#plan() ? again : this.#attempts.waitMs(nowMs);
  }

  /** Adds one block to the batch. True: it took something, and there may be more. */
  #fill(nowMs: number): boolean {
    const batch = this.#batch;
    if (batch.to.record >= this.#endRecord) return false;
    const { to } = batch;
    const block = this.#spool.read(to, this.#reader);
    const { end } = this.#spool;
    if (block === null && to.record >= end.record) {
      this.#tellLosses(nowMs);
      return false;
    }
    const isSame = block !== null && block.segment === to.segment && block.offset === to.offset;
    if (block === null || (!isSame && block.first !== to.record)) {
      // A batch ends at a gap, and the next one begins with what is told of it.
      if (batch.isBlank) this.#jump(block ?? end, block?.first ?? end.record, block?.firstMs);
      else batch.isFull = true;
      return true;
    }
    this.#tellLosses(nowMs);
    return batch.add(block, isSame ? to.skip : 0, block.bodyBytes, nowMs);
  }

  #tellLosses(nowMs: number): void {
    const { losses } = this.#state;
    const batch = this.#batch;
    if (losses.length > 0 && batch.isBlank && batch.losses.length === 0) batch.tell(losses, nowMs);
  }

  /** Goes on at a block that is not the expected one, or behind a hole that reaches to the end. */
  #jump(place: Pick<Position, 'segment' | 'offset'>, record: number, ms = this.#ports.wallMs()): void {
    const state = this.#state;
    const missing = record - state.next.record;
    const isBehind = state.next.segment < this.#spool.begin.segment;
    if (!isBehind) this.#spool.noteHole(state.next, place, record);
    if (missing > 0) {
      const reason = isBehind ? 'behind' : 'damaged';
      this.totals[reason] += missing;
      addLoss(state.losses, lossOfUnknown(missing, lossReason[reason], ms));
      const why = isBehind ? 'are no longer there' : 'cannot be read';
      this.#tell('error', `${missing} records of the spool ${why}; they are counted as lost`);
    } else {
      this.#baseRecord += missing;
    }
    state.next = { segment: place.segment, offset: place.offset, skip: 0, record };
    this.#begin();
  }

  /** Moves the cursor over a range of which nothing is delivered. */
  #passOver(): void {
    const batch = this.#batch;
    if (batch.to === batch.from) return;
    this.#settle(batch.counts);
    this.#state.next = batch.to;
    this.#isStateOld = true;
    this.#begin();
  }

  #settle(counts: BatchCounts): void {
    const { totals } = this;
    totals.records += counts.records;
    totals.filtered += counts.filtered;
    totals.sampled += counts.sampled;
    totals.lost += counts.lost;
    totals.damaged += counts.damaged;
  }

  #begin(): void {
    this.#isMade = false;
    this.#batch.begin(this.#state.next, this.#format, this.#limits);
  }

  /** Settles what the next batch is, and writes it down. False: it could not be written. */
  #plan(): boolean {
    const batch = this.#batch;
    const plan: Plan = {
      id: batch.id(),
      from: batch.from,
      to: batch.to,
      format: this.#format.hash,
      losses: [...batch.losses],
      counts: { ...batch.counts },
      bytes: batch.length,
    };
    const before = { next: this.#state.next, losses: this.#state.losses };
    Object.assign(this.#state, { plan, next: batch.to, losses: [] });
    const failure = this.#save(true);
    if (failure !== null) {
      Object.assign(this.#state, before, { plan: null });
      this.#begin();
      this.#refused(failure);
      return false;
    }
    this.#isMade = true;
    return true;
  }

  #save(withFormat: boolean): SinkFailure | null {
    this.#state.end = this.#spool.end.record;
    const failure = this.#memory.save(this.#state, withFormat ? this.#format : undefined);
    if (failure === null) this.#isStateOld = false;
    return failure;
  }

  /** Writes the cursor where it has moved without a batch. False: it could not be written. */
  persist(): boolean {
    return !this.#isStateOld || this.#save(false) === null;
  }

  /** Makes the batch of a plan that an earlier process wrote down. False: it cannot be made any more. */
  #remake(plan: Plan, nowMs: number): boolean {
    const format = plan.format === this.#format.hash ? this.#format : this.#memory.formatOf(plan);
    const ports = { spool: this.#spool, reader: this.#reader, nowMs };
    if (format !== undefined && remake(this.#batch, plan, format, ports)) {
      this.#isMade = true;
      return true;
    }
    this.#dissolve(plan);
    return false;
  }

  /** What was planned goes back to what is to be sent, or is lost. */
  #dissolve(plan: Plan): void {
    const state = this.#state;
    const losses = [...plan.losses];
    if (plan.from.segment < this.#spool.begin.segment) {
      const records = plan.to.record - plan.from.record;
      this.#tell('error', `a planned batch of ${records} records is no longer in the spool`);
      this.totals.behind += records;
      addLoss(losses, lossOfUnknown(records, lossReason.behind, this.#ports.wallMs()));
    } else {
      this.#tell('error', 'a planned batch cannot be made again as it was: its records get another id');
      state.next = plan.from;
    }
    for (const loss of state.losses) addLoss(losses, loss);
    Object.assign(state, { losses, plan: null });
    this.#begin();
  }

  #send(plan: Plan, nowMs: number): number {
    this.#isBusy = true;
    const answered = (failure: SinkFailure | null, mark?: string): void => {
      this.#isBusy = false;
      if (failure === null) this.#accepted(plan, mark);
      else this.#refused(failure);
      this.#closing?.();
      this.#ports.wake();
    };
    const sink = this.#sink;
    const { records } = plan.counts;
    const { bytes, firstMs, lastMs } = this.#batch;
    const send = () =>
      sink.send({ id: plan.id, job: this.config.name, bytes, records, firstMs, lastMs }, answered);
    if (this.#isSinkOpen) {
      send();
    } else {
      sink.open(this.#state.mark, (failure, mark) => {
        const refused = failure ?? this.#remember(mark);
        if (refused !== null) return answered(refused);
        this.#isSinkOpen = true;
        send();
      });
    }
    if (this.#isBusy) return never;
    return this.isFailing ? this.#attempts.waitMs(nowMs) : again;
  }

  /** Writes down the mark of an open destination, before anything is sent there. */
  #remember(mark: string | undefined): SinkFailure | null {
    if (mark === undefined || mark === this.#state.mark) return null;
    this.#state.mark = mark;
    return this.#save(false);
  }

  #accepted(plan: Plan, mark: string | undefined): void {
    const { totals } = this;
    this.#settle(plan.counts);
    totals.bytes += plan.bytes;
    totals.batches += 1;
    this.#attempts.accepted(this.#sink.description);
    this.#state.plan = null;
    if (mark !== undefined) this.#state.mark = mark;
    this.#isStateOld = true;
    this.#begin();
  }

  #refused(failure: SinkFailure): void {
    this.totals.failures += 1;
    this.#attempts.refused(failure, this.#sink.description);
  }

  /** The config from now on. A batch that is planned is delivered as it was planned. */
  reconfigure(config: ShipperJob): void {
    this.#change = config;
  }

  #apply(config: ShipperJob): void {
    this.#change = undefined;
    this.#isBusy = true;
    this.#sink.close(() => {
      this.#isBusy = false;
      this.config = config;
      this.#format = formatOf(config);
      this.#sink = this.#ports.sinkOf(config);
      this.#isSinkOpen = false;
      this.#attempts.hurry();
      const destination = destinationKey(config);
      if (destination !== this.#state.destination) Object.assign(this.#state, { mark: null, destination });
      if (this.#state.plan === null) this.#begin();
      this.#closing?.();
      this.#ports.wake();
    });
  }

  /**
   * The spool removes its oldest segment, `segment`: what of it is not delivered is lost to this job. Returns how many
   * records that costs. What is in a batch already is still delivered.
   */
  giveUp(segment: number, nowMs: number): number {
    const state = this.#state;
    const isInHand = state.plan === null && state.next.segment <= segment && this.#batch.length > 0;
    if (isInHand) this.#plan();
    else if (state.plan !== null && !this.#isMade && state.plan.from.segment <= segment) {
      try {
        this.#remake(state.plan, nowMs);
      } catch {
        this.#dissolve(state.plan);
      }
    }
    if (state.next.segment > segment) return 0;
    const from = state.next;
    const next = this.#spool.afterSegment(segment);
    const records = next.record - from.record;
    const wallMs = () => this.#ports.wallMs();
    const { binding } = this.#ports;
    const found = lossesBetween(from, next, { binding, spool: this.#spool, reader: this.#reader, wallMs });
    for (const loss of found) addLoss(state.losses, loss);
    state.next = next;
    this.totals.behind += records;
    this.#isStateOld = true;
    this.persist();
    if (state.plan === null) this.#begin();
    return records;
  }

  /** Takes what is there now, and no more. */
  leave(): void {
    this.#endRecord = this.#spool.end.record;
  }

  /** It is configured again before it has left. */
  stay(): void {
    this.#endRecord = never;
  }

  /** Gives up what is not delivered, and forgets the job. Returns how many records that costs. */
  abandon(): number {
    const left = this.inFlight;
    this.totals.abandoned += left;
    Object.assign(this.#state, { plan: null, next: this.#spool.end });
    return left;
  }

  reopen(): void {
    this.#sink.reopen();
  }

  /** Lets go of the destination; the cursor stays. */
  close(done: () => void): void {
    this.#isStateOld = true;
    this.persist();
    this.#closing = undefined;
    this.#sink.close(() => {
      this.persist();
      this.#memory.close();
      this.#reader.rest();
      done();
    });
  }

  /** The job is gone for good. */
  remove(): void {
    this.#sink.close(() => {});
    this.#memory.remove();
    this.#reader.rest();
  }

  stats(nowMs: number): JobStats {
    const { plan, next } = this.#state;
    const { records, filtered, sampled, lost, damaged, behind, abandoned, ...rest } = this.totals;
    const cursor = plan?.from ?? next;
    const hasSome = this.inFlight > 0 && this.#batch.length > 0;
    const end = Math.min(this.#endRecord, this.#spool.end.record);
    return {
      name: this.config.name,
      destination: this.#sink.description,
      emitted: Math.max(0, end - this.#baseRecord),
      delivered: records,
      filtered,
      sampled,
      dropped: { ring_full: lost, behind, damaged, removed: abandoned },
      inFlight: this.inFlight,
      ...rest,
      ...this.#attempts.stats(nowMs),
      lagBytes: this.#spool.bytesFrom(cursor),
      lagMs: hasSome ? Math.max(0, this.#ports.wallMs() - this.#batch.firstMs) : 0,
      cursor: { segment: cursor.segment, offset: cursor.offset + cursor.skip, record: cursor.record },
    };
  }
}

/**
 * The loop: takes the events of a batch one by one and sees to it that each is answered. It writes the event that it is
 * at before it looks at it, so that a throw costs that exchange alone (the engine answers 500 and calls again).
 */
import { Arena } from '../engine/arena.ts';
import { batchRegion, CommandWriter } from '../engine/command-writer.ts';
import {
  cacheResult,
  cacheStatus,
  commandKind,
  commandWord,
  controlWord,
  eventFlag,
  eventKind,
  eventWord,
  eventWords,
  headWord,
  methodId,
  objectFlag,
  reasons,
  storeState,
} from '../engine/contract.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { HealthTable } from '../origin/index.ts';
import { matchCountBytes } from '../rules/action/layout.ts';
import { Exchange, type RuleTrace } from './exchange.ts';
import { answered, next, refusalReason, refusalStatus, runPhases } from './phase.ts';
import { composePhases, type PhaseLists } from './phases.ts';
import { noZone, type Plan, planInSlices, type ZonePlan } from './plan.ts';
import { respondPage } from './respond.ts';
import { matchesAtHit } from './rules/ruleset.ts';
import { ttlWord } from './serve.ts';
import type { PolicySnapshot } from './snapshot.ts';

const policyFault = reasons.indexOf('policy_fault');
/** Flags of an object whose fresh copy needs no second look. */
const plainFlags =
  objectFlag.hasEtag | objectFlag.hasLastModified | objectFlag.weakEtag | objectFlag.mustRevalidate;

/** A plan, and the phases that decide by it. */
interface Program {
  readonly plan: Plan;
  readonly phases: PhaseLists;
}

export class Policy {
  readonly #words: Int32Array;
  readonly #writer: CommandWriter;
  readonly #exchange: Exchange;
  readonly #health = new HealthTable();
  readonly #programs = new Map<number, Program>();
  readonly #turn: number;
  #program: Program;

  /**
   * @param memory the arena of the engine
   * @param snapshot in force from the start
   * @param turn number of the worker, so that workers begin their rounds at different servers
   * @param matchCounts where matches of rules are counted, shared by all workers
   */
  constructor(
    memory: ArrayBuffer,
    ports: EnginePorts,
    snapshot: PolicySnapshot,
    turn: number,
    matchCounts: Int32Array = new Int32Array(matchCountBytes / 4),
  ) {
    const arena = new Arena(memory);
    this.#words = arena.words;
    this.#writer = new CommandWriter(arena, batchRegion);
    this.#turn = turn;
    this.#program = this.prepare(snapshot);
    this.#exchange = new Exchange(
      { arena, writer: this.#writer, ports, matchCounts },
      this.#program.plan,
      noZone,
    );
  }

  /** Makes a snapshot ready. Throws where it cannot be used; nothing has changed then. */
  prepare(snapshot: PolicySnapshot): Program {
    const steps = this.prepareInSlices(snapshot);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same a few milliseconds at a time; batches may be decided between two steps. */
  *prepareInSlices(snapshot: PolicySnapshot): Generator<void, Program> {
    const plan = yield* planInSlices(snapshot, this.#health, this.#turn);
    const program = { plan, phases: composePhases(snapshot) };
    this.#programs.set(snapshot.id, program);
    return program;
  }

  /** Puts a snapshot that was prepared in force. Exchanges that began under another are still decided by that one. */
  commit(id: number): void {
    const program = this.#programs.get(id);
    if (program === undefined) throw new Error(`snapshot ${id} was not prepared`);
    this.#program = program;
  }

  /** Forgets a snapshot that was prepared and is not to come in force. */
  abandon(id: number): void {
    if (id !== this.#program.plan.id) this.#programs.delete(id);
  }

  /** Forgets the snapshots that no exchange refers to any more, save those from the one in force on. */
  retain(live: readonly number[]): void {
    const current = this.#program.plan.id;
    const kept = new Set([...live, current]);
    const old = [...this.#programs.keys()].filter((id) => id < current && !kept.has(id));
    for (const id of old) this.#programs.delete(id);
    const servers = [...this.#programs.values()].flatMap(({ plan }) => Array.from(plan.serverIds));
    this.#health.retain(new Set(servers));
  }

  /** Snapshots that are held ready. */
  get snapshotIds(): number[] {
    return [...this.#programs.keys()];
  }

  /** Tells of every rule that matches: for `explain`. */
  watch(trace: RuleTrace): void {
    this.#exchange.trace = trace;
  }

  /** The exchange that was decided last: for `explain`. */
  get last(): Exchange {
    return this.#exchange;
  }

  /** Decides the batch that lies in the arena. */
  onBatch(): void {
    const words = this.#words;
    const count = words[controlWord.eventCount]!;
    const now = words[controlWord.nowSeconds]! >>> 0;
    const nowMs = now * 1000 + words[controlWord.nowMilliseconds]!;
    this.#writer.start();
    let base = words[controlWord.eventsOffset]! >> 2;
    for (let index = 0; index < count; index += 1) {
      words[controlWord.eventCursor] = index;
      const id = words[base + eventWord.snapshot]!;
      const current = this.#program;
      const program = id === current.plan.id ? current : (this.#programs.get(id) ?? current);
      this.#exchange.readAt = -1;
      if (!this.#serveFresh(base, program.plan, now, nowMs)) this.#decide(base, program, now, nowMs);
      base += eventWords;
    }
  }

  /** The common hit: a fresh object, a plain request, no rule. Answers with integers alone; false: it is not one. */
  #serveFresh(base: number, plan: Plan, now: number, nowMs: number): boolean {
    const words = this.#words;
    if (words[base + eventWord.kind] !== eventKind.request) return false;
    if (words[base + eventWord.storeState] !== storeState.object) return false;
    const flags = words[base + eventWord.flags]! & (eventFlag.keyValid | eventFlag.hasBody);
    const freshUntil = words[base + eventWord.freshUntil]! >>> 0;
    if (flags !== eventFlag.keyValid || freshUntil <= now) return false;
    if ((words[base + eventWord.objectFlags]! & ~plainFlags) !== 0) return false;
    const zone: ZonePlan | undefined = plan.zones[words[base + eventWord.zone]!];
    if (zone === undefined || !zone.hasFastHit) return false;
    const head = words[base + eventWord.head]! >> 2;
    const method = words[head + headWord.code]!;
    if (method !== methodId.get && method !== methodId.head) return false;
    const slow =
      (words[head + headWord.knownLow]! & zone.slowMaskLow) |
      (words[head + headWord.knownHigh]! & zone.slowMaskHigh);
    if (slow !== 0) return false;
    if (zone.ruleSets.length !== 0 && this.#matchesRule(base, plan, zone, nowMs)) return false;
    const writer = this.#writer;
    const slot = words[base + eventWord.slot]!;
    if (!writer.begin(commandKind.serve, slot, words[base + eventWord.generation]!)) return true;
    const storedAt = words[base + eventWord.storedAt]! >>> 0;
    const { at } = writer;
    words[at + commandWord.object] = words[base + eventWord.object]!;
    words[at + commandWord.objectGeneration] = words[base + eventWord.objectGeneration]!;
    words[at + commandWord.age] = words[base + eventWord.ageAtStore]! + Math.max(0, now - storedAt);
    words[at + commandWord.ttl] = ttlWord(freshUntil, now);
    words[at + commandWord.cacheStatus] = cacheStatus.hit;
    words[at + commandWord.cacheResult] = cacheResult.hit;
    writer.end();
    return true;
  }

  /** Whether any rule of the zone that has a say at a hit matches the request: one pass over all of them. */
  #matchesRule(base: number, plan: Plan, zone: ZonePlan, nowMs: number): boolean {
    const exchange = this.#exchange;
    exchange.event.base = base;
    exchange.request.reset(this.#words[base + eventWord.head]!);
    plan.reader.begin(exchange.request, exchange.event, nowMs);
    exchange.readAt = base;
    const { ruleSets } = zone;
    for (let index = 0; index < ruleSets.length; index += 1) {
      if (matchesAtHit(ruleSets[index]!)) return true;
    }
    return false;
  }

  #decide(base: number, program: Program, now: number, nowMs: number): void {
    if (this.#words[base + eventWord.kind] === eventKind.ended) return;
    const exchange = this.#exchange;
    exchange.begin(base, program.plan, now, nowMs);
    const answer = runPhases(phasesOf(program.phases, exchange.event.kind), exchange);
    if (answer === answered) return;
    if (answer === next) respondPage(exchange, 500, policyFault);
    else respondPage(exchange, refusalStatus(answer), refusalReason(answer));
  }
}

const noPhases: PhaseLists['request'] = [];

function phasesOf(lists: PhaseLists, kind: number): PhaseLists['request'] {
  switch (kind) {
    case eventKind.request:
      return lists.request;
    case eventKind.originHead:
      return lists.originHead;
    case eventKind.originFailed:
      return lists.originFailed;
    case eventKind.follow:
      return lists.follow;
    default:
      return noPhases;
  }
}

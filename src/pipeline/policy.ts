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
import { address } from './address.ts';
import { Exchange } from './exchange.ts';
import { onFollow } from './follow.ts';
import { onOriginFailed } from './origin-failed.ts';
import { onOriginHead } from './origin-head.ts';
import { answered, next, refusalReason, refusalStatus, runPhases } from './phase.ts';
import { phases } from './phases.ts';
import { buildPlan, noZone, type Plan, type ZonePlan } from './plan.ts';
import { respondPage } from './respond.ts';
import { ttlWord } from './serve.ts';
import type { PolicySnapshot } from './snapshot.ts';

const policyFault = reasons.indexOf('policy_fault');
/** Flags of an object whose fresh copy needs no second look. */
const plainFlags =
  objectFlag.hasEtag | objectFlag.hasLastModified | objectFlag.weakEtag | objectFlag.mustRevalidate;

export class Policy {
  readonly #words: Int32Array;
  readonly #writer: CommandWriter;
  readonly #exchange: Exchange;
  readonly #health = new HealthTable();
  readonly #plans = new Map<number, Plan>();
  readonly #turn: number;
  #plan: Plan;

  /**
   * @param memory the arena of the engine
   * @param snapshot in force from the start
   * @param turn number of the worker, so that workers begin their rounds at different servers
   */
  constructor(memory: ArrayBuffer, ports: EnginePorts, snapshot: PolicySnapshot, turn: number) {
    const arena = new Arena(memory);
    this.#words = arena.words;
    this.#writer = new CommandWriter(arena, batchRegion);
    this.#turn = turn;
    this.#plan = buildPlan(snapshot, this.#health, phases, turn);
    this.#plans.set(snapshot.id, this.#plan);
    this.#exchange = new Exchange({ arena, writer: this.#writer, ports }, this.#plan, noZone);
  }

  /** Makes a snapshot ready. Throws where it cannot be used; nothing has changed then. */
  prepare(snapshot: PolicySnapshot): void {
    this.#plans.set(snapshot.id, buildPlan(snapshot, this.#health, phases, this.#turn));
  }

  /** Puts a snapshot that was prepared in force. Exchanges that began under another are still decided by that one. */
  commit(id: number): void {
    const plan = this.#plans.get(id);
    if (plan === undefined) throw new Error(`snapshot ${id} was not prepared`);
    this.#plan = plan;
  }

  /** Forgets a snapshot that was prepared and is not to come in force. */
  abandon(id: number): void {
    if (id !== this.#plan.id) this.#plans.delete(id);
  }

  /** Forgets the snapshots that no exchange refers to any more, save those from the one in force on. */
  retain(live: readonly number[]): void {
    const kept = new Set([...live, this.#plan.id]);
    for (const id of this.#plans.keys()) if (id < this.#plan.id && !kept.has(id)) this.#plans.delete(id);
    this.#health.retain(new Set([...this.#plans.values()].flatMap((plan) => [...plan.serverIds])));
  }

  /** Snapshots that are held ready. */
  get snapshotIds(): number[] {
    return [...this.#plans.keys()];
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
      const plan = id === this.#plan.id ? this.#plan : (this.#plans.get(id) ?? this.#plan);
      if (!this.#serveFresh(base, plan, now)) this.#decide(base, plan, now, nowMs);
      base += eventWords;
    }
  }

  /** The common hit: a fresh object, a plain request, no rule. Answers with integers alone; false: it is not one. */
  #serveFresh(base: number, plan: Plan, now: number): boolean {
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

  #decide(base: number, plan: Plan, now: number, nowMs: number): void {
    const exchange = this.#exchange;
    exchange.begin(base, plan, now, nowMs);
    const answer = decideEvent(exchange);
    if (answer === answered) return;
    if (answer === next) respondPage(exchange, 500, policyFault);
    else respondPage(exchange, refusalStatus(answer), refusalReason(answer));
  }
}

function decideEvent(exchange: Exchange): number {
  switch (exchange.event.kind) {
    case eventKind.request:
      return runPhases(exchange.plan.request, exchange);
    case eventKind.originHead:
      address(exchange);
      return onOriginHead(exchange);
    case eventKind.originFailed:
      address(exchange);
      return onOriginFailed(exchange);
    case eventKind.follow:
      address(exchange);
      return onFollow(exchange);
    case eventKind.ended:
      return answered;
    default:
      return next;
  }
}

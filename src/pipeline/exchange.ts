/**
 * The exchange of the event at hand: one value that goes through the phases, taken up anew for every event. Nothing in it
 * outlives the event; what later events need is recomputed from the request head, or stands in the notes.
 */
import {
  type Caching,
  KeyBuilder,
  MarkerCache,
  RangeReader,
  RefreshGuard,
  StoreDecision,
  type VaryFields,
} from '../cache/index.ts';
import type { Arena } from '../engine/arena.ts';
import type { CommandWriter } from '../engine/command-writer.ts';
import { eventFlag, eventWord } from '../engine/contract.ts';
import { EventView } from '../engine/event-view.ts';
import { HeadView } from '../engine/head-view.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { Directives } from '../lib/cache-control.ts';
import { addressBytes } from '../lib/ip.ts';
import { extensionOf } from '../lib/uri.ts';
import type { RequestReader } from '../rules/run/index.ts';
import { Note, Notes } from './notes.ts';
import type { Plan, ZonePlan } from './plan.ts';
import { type FieldChange, type KeptChanges, RequestChanges } from './rules/changes.ts';
import type { SecurityNote } from './rules/note.ts';
import { RefreshingChanges } from './rules/refreshing.ts';
import { ResponseCacheChanges } from './rules/response-changes.ts';
import type { RuleSet } from './rules/ruleset.ts';
import { SliceChoice } from './slice-choice.ts';
import { StoredEntry } from './stored-entry.ts';

/** What a worker has once, shared by all of its exchanges. */
export interface Worker {
  readonly arena: Arena;
  readonly writer: CommandWriter;
  readonly ports: EnginePorts;
  /** How often rules matched; see `src/rules/action/layout.ts`. */
  readonly matchCounts: Int32Array;
}

/** Told of every rule that matched: its ruleset, its position, what its action answered, what is changed by now. */
export type RuleTrace = (set: RuleSet, index: number, verdict: number, changes: KeptChanges) => void;

export class Exchange {
  readonly arena: Arena;
  readonly writer: CommandWriter;
  readonly ports: EnginePorts;
  readonly event: EventView;
  readonly request: HeadView;
  readonly response: HeadView;
  readonly storedHead: HeadView;
  readonly notes = new Notes();
  readonly markers = new MarkerCache();
  readonly refreshes = new RefreshGuard();
  readonly range = new RangeReader();
  readonly refreshing = new RefreshingChanges();
  readonly matchCounts: Int32Array;
  /** Only `explain` has one. */
  trace: RuleTrace | undefined;

  plan: Plan;
  /** The zone; only looked at after the door has made sure that there is one. */
  zone: ZonePlan;
  /** Seconds since 1970, and the same in milliseconds. */
  now = 0;
  nowMs = 0;
  note = new Note();

  /** Slot of the phase `address`: whether the peer is a trusted proxy, and the client behind it. */
  isPeerTrusted = false;
  hasClientAddress = false;
  readonly clientAddress = new Uint8Array(addressBytes);

  /** Slot of the rule phases: what they have changed, and the matches that the record tells. */
  readonly changes = new RequestChanges();
  matched: SecurityNote[] = [];
  /** What rules do to the fields of the response, while its command is being written. */
  responseChanges: readonly FieldChange[] = [];
  /** Rules have taken the event up, so that they may be asked about its response. */
  isReadByRules = false;
  /** The event that the reader of the rules stands at, as a word index; -1: none. */
  readAt = -1;
  /** Rules run again, at a later event: their matches have been counted. */
  isRecalling = false;
  /** The time that rules see: that of the request, at all events of the exchange. */
  ruleTimeMs = 0;

  /** Slot of the phase http_request_cache_settings: the settings that count for this request. */
  caching: Caching;

  /** Slot of the phase `lookup`. */
  isCacheable = false;
  hasDirectives = false;
  readonly directives = new Directives();
  hasAuthorization = false;
  saysNoStore = false;
  readonly entry = new StoredEntry();
  /** The whole key; length 0: the engine's early key stands. */
  readonly key: KeyBuilder;
  /** The primary key, where it has been built. */
  primaryOffset = 0;
  primaryLength = 0;
  vary: VaryFields | undefined;
  /** Generation of the marker that `vary` was read from. */
  marker = 0;

  /** Slot of the phase http_response_cache_settings. */
  readonly responseCache = new ResponseCacheChanges();
  /** The piece that the request needs first, where the response is stored in slices or parts. */
  readonly slice = new SliceChoice();

  /** Slot of the origin's answer. */
  readonly decision = new StoreDecision();

  constructor(worker: Worker, plan: Plan, zone: ZonePlan) {
    this.arena = worker.arena;
    this.writer = worker.writer;
    this.ports = worker.ports;
    this.matchCounts = worker.matchCounts;
    this.event = new EventView(worker.arena);
    this.request = new HeadView(worker.arena);
    this.response = new HeadView(worker.arena);
    this.storedHead = new HeadView(worker.arena);
    this.key = new KeyBuilder(worker.arena);
    this.plan = plan;
    this.zone = zone;
    this.caching = zone.caching;
  }

  /** Takes up the event at a word index. */
  begin(base: number, plan: Plan, now: number, nowMs: number): void {
    const { event } = this;
    event.base = base;
    this.plan = plan;
    const zone = plan.zones[event.word(eventWord.zone)];
    if (zone !== undefined) {
      this.zone = zone;
      this.caching = zone.caching;
    }
    this.now = now;
    this.nowMs = nowMs;
    this.request.reset(event.word(eventWord.head));
    this.isPeerTrusted = false;
    this.hasClientAddress = false;
    this.isReadByRules = false;
    this.isRecalling = false;
    if (this.matched.length > 0) this.matched = [];
    this.changes.clear();
    this.isCacheable = false;
    this.hasDirectives = false;
    this.hasAuthorization = false;
    this.saysNoStore = false;
    this.primaryLength = 0;
    this.key.begin(0, 0);
    this.vary = undefined;
    this.marker = 0;
    this.slice.clear();
    this.slice.wantedFirst = -1;
  }

  /** Lets the reader of the rules take up the event, where it has not done so for a look at all rules at once. */
  readRules(timeMs: number): void {
    this.isReadByRules = true;
    this.ruleTimeMs = timeMs;
    if (this.readAt !== this.event.base) this.reader.begin(this.request, this.event, timeMs);
    this.readAt = -1;
  }

  get reader(): RequestReader {
    return this.plan.reader;
  }

  get hasZone(): boolean {
    return this.plan.zones[this.event.word(eventWord.zone)] !== undefined;
  }

  /** The client's, after trusted proxies; undefined: its address is not known. */
  get country(): string | undefined {
    const offset = this.event.word(eventWord.clientAddress);
    if (offset === 0) return undefined;
    return this.plan.locator.at(this.arena.bytes, offset + addressBytes).country;
  }

  get leads(): boolean {
    return (this.event.flags & eventFlag.leads) !== 0;
  }

  /** Extension of the path in lower case. */
  get extension(): string {
    const { request, arena } = this;
    return extensionOf(arena.text(request.pathOffset, request.pathLength)).toLowerCase();
  }

  /** Directives of the request where they count, else undefined. */
  get requestDirectives(): Directives | undefined {
    return this.hasDirectives ? this.directives : undefined;
  }

  readNote(): Note {
    return this.notes.read(this.event.slot, this.event.generation, this.note);
  }

  writeNote(): void {
    const { changes, note } = this;
    note.isChanged = !changes.isEmpty;
    note.hasCacheRules = this.caching !== this.zone.caching;
    note.skipped = changes.skipped;
    note.ruleTimeMs = this.ruleTimeMs;
    this.notes.write(this.event.slot, this.event.generation, this.note);
  }

  /** Begins a command for this exchange; false where the command table is full. */
  beginCommand(kind: number): boolean {
    return this.writer.begin(kind, this.event.slot, this.event.generation);
  }
}

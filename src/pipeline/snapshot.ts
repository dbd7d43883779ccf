/**
 * The part of a config snapshot that the policy decides by: plain, cloneable data, complete and checked by control.
 * Every edge worker builds its own plan from it (`buildPlan`); nothing in it changes after that.
 */
import type { CacheSettings } from '../cache/protocol.ts';
import type { OriginSettings } from '../origin/protocol.ts';
import type { RulesetSettings } from '../rules/action/protocol.ts';

export interface PolicySnapshot {
  /** Names this snapshot in events; never used twice while the process lives. Above 0. */
  id: number;
  /** In the order of the engine's zone table: the zone number of an event is an index here. */
  zones: readonly ZoneSnapshot[];
  /** Where connections arrive, by the number that events report. */
  listeners: readonly ListenerSnapshot[];
  /** Zones name theirs by index. */
  rulesets: readonly RulesetSettings[];
  origins: readonly OriginSettings[];
  /** Networks (`10.0.0.0/8`, `2001:db8::/32`, or single addresses) whose forwarding fields are believed. */
  trustedProxies: readonly string[];
  /** Databases of places (`src/geo`), in the order in which they are asked; all threads share their bytes. */
  geo: readonly SharedArrayBuffer[];
  limits: PolicyLimits;
  /**
   * Lets a request field make the policy fail, for tests of fault handling. The configuration cannot set it: it is true
   * only where the process was started with `--test-faults`.
   */
  testFaults: boolean;
}

export interface ListenerSnapshot {
  id: number;
  /** IP address; '' where it is every address of the machine. */
  address: string;
  port: number;
}

export interface ZoneSnapshot {
  name: string;
  /** Key of the zone in the store: the same for the zone's name while the process lives. */
  key: number;
  /** Index into `origins`. */
  origin: number;
  cache: CacheSettings;
  /** Indices into `rulesets`, in the order in which they run within a phase: those of all zones first. */
  rulesets: readonly number[];
}

export interface PolicyLimits {
  /** Bytes of a cache key, its default parts and the values it varies on included; beyond it a request is not cached. */
  keyBytesMax: number;
  /** Request fields that the responses under one key may vary on; beyond it they are not stored. */
  varyNamesMax: number;
  /** Times that a request may have passed a parapet (by its Via) before it counts as a loop: 502. */
  loopHopsMax: number;
  /** Bytes of path and query as rules have rewritten them; beyond it a request is refused: 414. */
  rewrittenTargetBytesMax: number;
}

export const defaultPolicyLimits: PolicyLimits = {
  keyBytesMax: 16_384,
  varyNamesMax: 16,
  loopHopsMax: 8,
  rewrittenTargetBytesMax: 15_360,
};

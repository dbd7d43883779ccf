/**
 * Rules as they stand in a snapshot: plain data, checked and complete. An expression is an index into the program of
 * its ruleset.
 */
import type { CacheSettingsChange } from '../../lib/cache-settings.ts';
import type { ExpressionProgram } from '../protocol.ts';

/** The phases that are built, in the order in which they run. */
export const phaseNames = [
  'http_request_dynamic_redirect',
  'http_request_transform',
  'http_request_firewall_custom',
  'http_request_late_transform',
  'http_request_cache_settings',
  'http_response_cache_settings',
  'http_response_headers_transform',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** A text that is given, or an expression that computes it. */
export type Value = { readonly text: string } | { readonly expression: number };

/** What a rewrite does with one field, its name in lower case. */
export type HeaderRewrite =
  | { readonly operation: 'set' | 'add'; readonly name: string; readonly value: Value }
  | { readonly operation: 'remove'; readonly name: string };

/** A directive of Cache-Control, by its name. */
export interface ControlChange {
  readonly name: string;
  /** undefined: it is removed. */
  readonly text: string | undefined;
  /** For the cache alone; what is stored and sent stays as it is. */
  readonly isHidden: boolean;
}

export type ActionSettings =
  | {
      readonly kind: 'block';
      readonly status: number;
      /** `content` undefined: a short page in the format that Accept asks for. */
      readonly contentType: string;
      readonly content: string | undefined;
    }
  | { readonly kind: 'log' }
  | {
      readonly kind: 'skip';
      /** What of this phase is left out: the rest of this ruleset, or of all rulesets. */
      readonly rest: 'nothing' | 'ruleset' | 'phase';
      /** Later phases that are left out as a whole. */
      readonly phases: readonly PhaseName[];
    }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly target: Value;
      readonly keepsQuery: boolean;
    }
  | { readonly kind: 'rewriteUri'; readonly path?: Value; readonly query?: Value }
  | { readonly kind: 'rewriteHeaders'; readonly headers: readonly HeaderRewrite[] }
  | { readonly kind: 'cacheSettings'; readonly settings: CacheSettingsChange }
  /** By field, whether it is removed. */
  | { readonly kind: 'stripFields'; readonly strips: readonly (readonly [name: string, strips: boolean])[] }
  | {
      readonly kind: 'cacheTags';
      readonly operation: 'add' | 'remove' | 'set';
      /** Tags with commas between them. */
      readonly tags: Value;
    }
  | { readonly kind: 'cacheControl'; readonly changes: readonly ControlChange[] };
export type ActionKind = ActionSettings['kind'];
export type SettingsOf<K extends ActionKind> = Extract<ActionSettings, { kind: K }>;

export interface RuleSettings {
  /** `ref` or `id` of the config; phase and position where there is neither. */
  readonly id: string;
  readonly description: string;
  /** Whether a match is told in the log record. */
  readonly isLogged: boolean;
  readonly action: ActionSettings;
}

/** Positions of a phase's rules in the list of its ruleset. */
export interface PhaseRange {
  readonly start: number;
  readonly end: number;
}

/** The enabled rules of one zone, or of all zones. Rule n is decided by expression n of the program. */
export interface RulesetSettings {
  readonly program: ExpressionProgram;
  /** Sorted by phase. */
  readonly rules: readonly RuleSettings[];
  readonly phases: Readonly<Record<PhaseName, PhaseRange>>;
}

/** Names of actions as operators write them, for records, metrics and `explain`. */
export const actionWords: Readonly<Record<ActionKind, string>> = {
  block: 'block',
  log: 'log',
  skip: 'skip',
  redirect: 'redirect',
  rewriteUri: 'rewrite',
  rewriteHeaders: 'rewrite',
  cacheSettings: 'set_cache_settings',
  stripFields: 'set_cache_settings',
  cacheTags: 'set_cache_tags',
  cacheControl: 'set_cache_control',
};

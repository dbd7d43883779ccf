/** A ruleset made ready to decide by: its matcher, and per rule what a match comes to, as far as that is known before. */
import { editOp } from '../../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../../engine/edits.ts';
import { knownId } from '../../engine/head-view.ts';
import { matchCounter } from '../../rules/action/layout.ts';
import {
  type ActionSettings,
  actionWords,
  type HeaderRewrite,
  type PhaseName,
  type PhaseRange,
  phaseNames,
  type RuleSettings,
  type RulesetSettings,
  type SettingsOf,
  type Value,
} from '../../rules/action/protocol.ts';
import type { Matcher } from '../../rules/run/index.ts';
import { noteText, type SecurityNote } from './note.ts';

export interface FieldRewrite {
  readonly op: (typeof editOp)[keyof typeof editOp];
  readonly id: number;
  readonly name: string;
  /** undefined: the field is removed. */
  readonly value: Value | undefined;
}

export type Action =
  | {
      readonly kind: 'block';
      readonly status: number;
      readonly edits: EncodedEdits;
      /** undefined: a short page. */
      readonly body: Uint8Array | undefined;
    }
  | { readonly kind: 'log' }
  | { readonly kind: 'skip'; readonly rest: SettingsOf<'skip'>['rest']; readonly phases: number }
  | SettingsOf<'redirect'>
  | SettingsOf<'rewriteUri'>
  | { readonly kind: 'rewriteRequest'; readonly fields: readonly FieldRewrite[] }
  | { readonly kind: 'rewriteResponse'; readonly fields: readonly FieldRewrite[] }
  | SettingsOf<'cacheSettings'>
  | SettingsOf<'stripFields'>
  | SettingsOf<'cacheTags'>
  | SettingsOf<'cacheControl'>;

export interface Rule {
  readonly id: string;
  readonly phase: PhaseName;
  readonly action: Action;
  /** Number of the counter of its matches. */
  readonly counter: number;
  /** undefined: a match is not told in the record. */
  readonly note: SecurityNote | undefined;
}

export interface RuleSet {
  readonly settings: RulesetSettings;
  readonly matcher: Matcher;
  readonly rules: readonly Rule[];
  readonly phases: Readonly<Record<PhaseName, PhaseRange>>;
}

/** Whether a rule matches that has a say at a hit: not one of those for what the origin answers. */
export function matchesAtHit({ matcher, phases }: RuleSet): boolean {
  const { start, end } = phases.http_response_cache_settings;
  if (start === end) return matcher.next(0) >= 0;
  return matcher.next(0, start) >= 0 || matcher.next(end) >= 0;
}

/** Whether any of the rulesets has a rule in the phase. */
export function hasPhase(ruleSets: readonly RuleSet[], phase: PhaseName): boolean {
  return ruleSets.some(({ phases }) => phases[phase].start < phases[phase].end);
}

/** The bit of a phase in `RequestChanges.skipped`. */
export function phaseBit(phase: PhaseName): number {
  return 1 << phaseNames.indexOf(phase);
}

function prepareBlock({ status, contentType, content }: SettingsOf<'block'>): Action {
  const edits = encodeEdits([
    { op: editOp.set, name: 'content-type', value: contentType },
    { op: editOp.set, name: 'cache-control', value: 'no-store' },
  ]);
  const body = content === undefined ? undefined : new Uint8Array(Buffer.from(content, 'utf8'));
  return { kind: 'block', status, edits, body };
}

function prepareField(rewrite: HeaderRewrite): FieldRewrite {
  const { name, operation } = rewrite;
  const id = knownId(name);
  if (operation === 'remove') return { op: editOp.remove, id, name, value: undefined };
  return { op: operation === 'set' ? editOp.set : editOp.append, id, name, value: rewrite.value };
}

function prepareAction(action: ActionSettings, phase: PhaseName): Action {
  switch (action.kind) {
    case 'block':
      return prepareBlock(action);
    case 'skip': {
      const phases = action.phases.reduce((bits, name) => bits | phaseBit(name), 0);
      return { kind: 'skip', rest: action.rest, phases };
    }
    case 'rewriteHeaders': {
      const kind = phase === 'http_response_headers_transform' ? 'rewriteResponse' : 'rewriteRequest';
      return { kind, fields: action.headers.map(prepareField) };
    }
    default:
      return action;
  }
}

/** Logpush has no word for the source of a redirect. */
const sources: Partial<Record<PhaseName, string>> = { http_request_firewall_custom: 'firewallCustom' };
const told: ReadonlySet<string> = new Set(['block', 'log', 'skip', 'redirect']);

function prepareRule({ id, description, isLogged, action }: RuleSettings, phase: PhaseName): Rule {
  const word = actionWords[action.kind];
  const note = {
    action: word,
    id: noteText(id),
    description: noteText(description),
    source: sources[phase] ?? 'unknown',
  };
  return {
    id,
    phase,
    action: prepareAction(action, phase),
    counter: matchCounter(phase, action.kind),
    note: isLogged && told.has(word) ? note : undefined,
  };
}

/** Rules that are prepared in one step. */
const rulesPerSlice = 256;

/** Step by step; the last one returns the ruleset. */
export function* prepareInSlices(settings: RulesetSettings, matcher: Matcher): Generator<void, RuleSet> {
  const { phases } = settings;
  const rules: Rule[] = [];
  for (const name of phaseNames) {
    for (let index = phases[name].start; index < phases[name].end; index += 1) {
      rules.push(prepareRule(settings.rules[index] as RuleSettings, name));
      if (rules.length % rulesPerSlice === 0) yield;
    }
  }
  return { settings, matcher, rules, phases };
}

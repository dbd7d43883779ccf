/** Which rules matched, did not match or were not asked, by phase: from what the policy told while it decided. */
import { leavePhase, leaveRuleset } from '../pipeline/index.ts';
import type { PolicySnapshot } from '../pipeline/protocol.ts';
import {
  type ActionSettings,
  actionWords,
  type PhaseName,
  phaseNames,
  type RulesetSettings,
} from '../rules/action/protocol.ts';

export interface ExplainedRule {
  ref: string;
  action: string;
  result: 'matched' | 'no match' | 'skipped' | 'not reached';
  /** Fields that it changes. */
  fields?: string[];
}

export interface ExplainedRules {
  phase: PhaseName;
  rules: ExplainedRule[];
  /** One of its rules answered. */
  isEnd: boolean;
}

/** null: there is no query any more; undefined: as it came. */
interface Rewritten {
  path: string | undefined;
  query: string | null | undefined;
}

/** Verdict of an action that lets the request go on. */
const goesOn = 0;

export class RuleReport {
  readonly #rulesets: readonly RulesetSettings[];
  /** By ruleset: verdicts of the rules that matched, by position. */
  readonly #verdicts: readonly Map<number, number>[];

  #rewritten: Rewritten = { path: undefined, query: undefined };

  constructor({ rulesets }: PolicySnapshot) {
    this.#rulesets = rulesets;
    this.#verdicts = rulesets.map(() => new Map<number, number>());
  }

  note(
    set: { readonly settings: RulesetSettings },
    index: number,
    verdict: number,
    { path, query }: Rewritten,
  ): void {
    this.#rewritten = { path, query };
    this.#verdicts[this.#rulesets.indexOf(set.settings)]?.set(index, verdict);
  }

  /** The target as it has been rewritten. */
  target(own: { path: string; query: string | undefined }): string {
    const { path = own.path, query = own.query ?? null } = this.#rewritten;
    return query === null ? path : `${path}?${query}`;
  }

  /** The phases that have rules, in their order, up to the one that answered. */
  phases(kind: 'http_request' | 'http_response'): ExplainedRules[] {
    const told: ExplainedRules[] = [];
    const left = this.#leftOut();
    for (const phase of phaseNames.filter((name) => name.startsWith(kind))) {
      const explained = this.#phase(phase, left.has(phase));
      if (explained.rules.length > 0) told.push(explained);
      if (explained.isEnd) break;
    }
    return told;
  }

  /** Phases that a skip has left out. */
  #leftOut(): ReadonlySet<PhaseName> {
    const names = this.#rulesets.flatMap(({ rules }, at) =>
      rules.flatMap(({ action }, index) =>
        action.kind === 'skip' && this.#verdicts[at]?.has(index) === true ? action.phases : [],
      ),
    );
    return new Set(names);
  }

  #phase(phase: PhaseName, isLeftOut: boolean): ExplainedRules {
    let rest: ExplainedRule['result'] = isLeftOut ? 'skipped' : 'no match';
    let isEnd = false;
    const rules: ExplainedRule[] = [];
    for (const [at, ruleset] of this.#rulesets.entries()) {
      const before: ExplainedRule['result'] = rest;
      const { start, end } = ruleset.phases[phase];
      let leaves = goesOn;
      for (let index = start; index < end; index += 1) {
        const { id, action } = ruleset.rules[index] as (typeof ruleset.rules)[number];
        const verdict: number | undefined = rest === 'no match' ? this.#verdicts[at]?.get(index) : undefined;
        const fields = fieldsOf(action);
        rules.push({
          ref: id,
          action: actionWords[action.kind],
          result: verdict === undefined ? rest : 'matched',
          ...(fields.length > 0 && { fields }),
        });
        if (verdict === undefined || verdict === goesOn) continue;
        leaves = verdict;
        rest = verdict === leaveRuleset || verdict === leavePhase ? 'skipped' : 'not reached';
        isEnd ||= rest === 'not reached';
      }
      if (leaves === leaveRuleset) rest = before;
    }
    return { phase, rules, isEnd };
  }
}

function fieldsOf(action: ActionSettings): string[] {
  return action.kind === 'rewriteHeaders' ? action.headers.map(({ name }) => name) : [];
}

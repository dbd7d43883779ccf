/** Rules for tests, as a config has them once it has been read. */
import type { NamedList } from '../../src/rules/compile/index.ts';
import {
  compileRuleset,
  type RuleConfig,
  type RuleFinding,
  type RulesConfig,
  type RulesetSettings,
} from '../../src/rules/config.ts';

export type GivenRule = Partial<RuleConfig> & Pick<RuleConfig, 'expression' | 'action'>;
export type GivenRules = { [phase in keyof RulesConfig]: readonly GivenRule[] };

export function ruleConfig(rules: GivenRules): RulesConfig {
  const filled = Object.entries(rules).map(([phase, list]) => [
    phase,
    list.map((rule) => ({ description: '', enabled: true, logging: { enabled: true }, ...rule })),
  ]);
  return Object.fromEntries(filled) as RulesConfig;
}

export function findingsOf(
  rules: GivenRules,
  lists: ReadonlyMap<string, NamedList> = new Map(),
): readonly RuleFinding[] {
  return compileRuleset(ruleConfig(rules), lists).findings;
}

/** A ruleset without a fault. */
export function ruleset(
  rules: GivenRules,
  lists: ReadonlyMap<string, NamedList> = new Map(),
  hasPlaces = false,
): RulesetSettings {
  const compiled = compileRuleset(ruleConfig(rules), lists, hasPlaces);
  if (compiled.ruleset === undefined) throw new Error(JSON.stringify(compiled.findings));
  return compiled.ruleset;
}

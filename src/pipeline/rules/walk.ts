/** Goes through the rules of a phase, from top to bottom: first those of all zones, then the zone's own. */
import { countMatch } from '../../rules/action/layout.ts';
import type { PhaseName } from '../../rules/action/protocol.ts';
import type { Matcher } from '../../rules/run/index.ts';
import type { Exchange } from '../exchange.ts';
import { next } from '../phase.ts';
import { phaseBit, type Rule, type RuleSet } from './ruleset.ts';

/** Beside what a phase answers: leave out the rest of the ruleset's rules in this phase, or the rest of the phase. */
export const leaveRuleset = 2;
export const leavePhase = 3;

/** Carries a match out. Answers as a phase does, or `leaveRuleset` or `leavePhase`. */
export type CarryOut = (exchange: Exchange, rule: Rule, matcher: Matcher) => number;

function walkRules(exchange: Exchange, set: RuleSet, phase: PhaseName, carryOut: CarryOut): number {
  const { matcher, rules } = set;
  const { start, end } = set.phases[phase];
  let index = start < end ? matcher.next(start, end) : -1;
  while (index >= 0) {
    const rule = rules[index]!;
    const verdict = carryOut(exchange, rule, matcher);
    if (!exchange.isRecalling) {
      countMatch(exchange.matchCounts, rule.counter);
      exchange.trace?.(set, index, verdict, exchange.changes);
    }
    if (verdict !== next) return verdict;
    index = index + 1 < end ? matcher.next(index + 1, end) : -1;
  }
  return next;
}

/** Answers `next`, or what a terminating action answered. */
export function walkPhase(exchange: Exchange, phase: PhaseName, carryOut: CarryOut): number {
  const { ruleSets } = exchange.zone;
  if (ruleSets.length === 0 || (exchange.changes.skipped & phaseBit(phase)) !== 0) return next;
  for (const set of ruleSets) {
    const verdict = walkRules(exchange, set, phase, carryOut);
    if (verdict === leavePhase) return next;
    if (verdict !== next && verdict !== leaveRuleset) return verdict;
  }
  return next;
}

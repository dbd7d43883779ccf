/**
 * `skip`: leaves out the rest of this ruleset, of this phase, or later phases. The rules of all zones and those of a zone
 * are two rulesets of a phase.
 */
import { list, notYet, oneOf, optional, type Static, section } from '../../lib/schema.ts';
import type { Action } from './action.ts';
import { phaseTable } from './phases.ts';
import { type PhaseName, phaseNames } from './protocol.ts';

const own = 'http_request_firewall_custom';
/** Phases that can be left out as a whole: those that run later. */
const later: readonly string[] = phaseTable
  .map(({ name }) => name)
  .slice(phaseTable.findIndex(({ name }) => name === own) + 1);

const parameters = section(
  {
    ruleset: optional(oneOf(['current'], { description: 'Leaves out the rest of this list of rules.' })),
    phase: optional(
      oneOf(['current'], {
        description: 'Leaves out the rest of this phase: of the rules of all zones and of the zone.',
      }),
    ),
    phases: optional(
      list(oneOf(later, { description: 'A phase that runs later.' }), {
        minItems: 1,
        description: 'Leaves out these phases.',
      }),
    ),
    rulesets: notYet(),
    rules: notYet(),
    products: notYet(),
  },
  { description: 'What is left out.' },
);

export const skip: Action = {
  name: 'skip',
  phases: [own],
  isTerminating: false,
  parameters,
  compile(given, context) {
    const { ruleset, phase, phases = [] } = given as Static<typeof parameters>;
    const path = ['action_parameters'];
    if (Object.keys(given as object).length === 0)
      context.fault(path, 'a skip that skips nothing', 'ruleset: current, phase: current, or phases');
    for (const [index, name] of phases.entries()) {
      if (phaseNames.some((built) => built === name)) continue;
      context.fault([...path, 'phases', index], `the phase "${name}" is not available yet in this version`);
    }
    const rest = phase !== undefined ? 'phase' : ruleset !== undefined ? 'ruleset' : 'nothing';
    return { kind: 'skip', rest, phases: phases as PhaseName[] };
  },
};

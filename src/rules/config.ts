/** Config of rules, in the words of Cloudflare's API, and of the lists that expressions name. */
import {
  condition,
  fixed,
  flag,
  list,
  named,
  notYet,
  oneOf,
  optional,
  path,
  type Static,
  section,
  type TSchema,
  text,
  textOrNumber,
  variants,
} from '../lib/schema.ts';
import type { Action } from './action/action.ts';
import { actionNames, phaseOf, phaseTable } from './action/phases.ts';
import { type PhaseName, phaseNames } from './action/protocol.ts';
import { actionsOf } from './action/table.ts';

export { type FileFault, type Lists, readLists } from './action/lists.ts';
export type { RulesetSettings } from './action/protocol.ts';
export { compileRuleset, type RuleConfig, type RuleFinding, type RulesConfig } from './action/ruleset.ts';

const loggingConfig = section(
  { enabled: flag({ default: true, description: 'Whether a match is told in the log record.' }) },
  { default: {}, description: 'What is logged.' },
);

function ruleConfig({ name, parameters }: Action) {
  return section(
    {
      ref: optional(text({ description: 'Names the rule in records, metrics and `explain`.' })),
      id: optional(text({ description: 'The same, where there is no `ref`.' })),
      description: text({ default: '', minLength: 0, description: 'What it is for, in a few words.' }),
      enabled: flag({ default: true, description: 'Whether it is in force.' }),
      expression: condition({
        description: 'When it applies: an expression of the rules language that is true or false.',
      }),
      action: fixed(name),
      ...(parameters === undefined ? {} : { action_parameters: parameters }),
      logging: loggingConfig,
      categories: notYet(),
      ratelimit: notYet(),
    },
    { description: `A rule with the action \`${name}\`.` },
  );
}

/** What to say of an action that cannot stand in a phase. */
function elsewhere(phase: PhaseName): Record<string, string> {
  const allowed: readonly string[] = phaseOf(phase).actions;
  return Object.fromEntries(
    actionNames.map((name) => [
      name,
      allowed.includes(name)
        ? `the action "${name}" is not available yet in this version`
        : `the action "${name}" cannot stand in ${phase}`,
    ]),
  );
}

function phaseConfig(phase: PhaseName): TSchema {
  const rules = variants('action', actionsOf(phase).map(ruleConfig), {
    description: 'A rule.',
    elsewhere: elsewhere(phase),
  });
  return optional(list(rules, { description: `${phaseOf(phase).about} From top to bottom.` }));
}

const isBuilt = (name: string): name is PhaseName => phaseNames.some((built) => built === name);

/** Phases are shown in the order in which they run. */
const phaseKeys: Record<string, TSchema> = Object.fromEntries(
  phaseTable.map(({ name }): [string, TSchema] => [name, isBuilt(name) ? phaseConfig(name) : notYet()]),
);

export function rulesConfig(description: string) {
  return section(phaseKeys, { default: {}, description });
}

const listConfig = section(
  {
    kind: oneOf(['ip', 'string', 'integer'], {
      description: 'What the items are: addresses, networks and ranges; texts; whole numbers and ranges.',
    }),
    description: text({ default: '', minLength: 0, description: 'What it is for, in a few words.' }),
    items: list(textOrNumber({ description: 'An item; see `kind`.' }), {
      default: [],
      description: 'The items.',
    }),
    file: optional(
      path({
        description:
          'A file with further items, one a line; what follows a "#" is a comment. Read again at each reload.',
      }),
    ),
  },
  { description: 'A list.' },
);

export const listsConfig = named(listConfig, {
  default: {},
  description: 'Lists that expressions name: `ip.src in $office` looks into `office`.',
});
export type ListsConfig = Static<typeof listsConfig>;

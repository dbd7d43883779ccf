/** What an action of the table is, on the side of the config: where it may stand, its parameters, what they come to. */
import { optional, section, type TSchema, text } from '../../lib/schema.ts';
import type { ActionName } from './phases.ts';
import type { ActionSettings, PhaseName, Value } from './protocol.ts';

/** Steps from the rule to what is meant. */
type Steps = readonly (string | number)[];

/** What an action finds in its parameters, and what it needs to say about them. */
export interface ActionContext {
  readonly phase: PhaseName;
  /** Takes up an expression that computes a text; answers its index in the program. */
  bytes(path: Steps, text: string): number;
  /** `part`: what of the path is meant, the value that it leads to (default) or its key. */
  fault(path: Steps, message: string, expected?: string, part?: 'key'): void;
}

export interface Action {
  readonly name: ActionName;
  readonly phases: readonly PhaseName[];
  /** No rule runs after it. */
  readonly isTerminating: boolean;
  /** Schema of `action_parameters`; undefined: it has none. */
  readonly parameters?: TSchema;
  compile(parameters: unknown, context: ActionContext): ActionSettings;
}

export interface ValueConfig {
  value?: string;
  expression?: string;
}

/** `value` or `expression`: exactly one of them, which `compileValue` sees to. */
export function valueKeys(about: string) {
  return {
    value: optional(text({ minLength: 0, description: `${about}, as it stands.` })),
    expression: optional(text({ description: `${about}: an expression that computes it.` })),
  };
}

export function valueSection(about: string) {
  return section(valueKeys(about), { description: `${about}: \`value\` or \`expression\`.` });
}

export function compileValue(path: Steps, config: ValueConfig, context: ActionContext): Value {
  const { value, expression } = config;
  if (value !== undefined && expression !== undefined) {
    context.fault([...path, 'value'], 'a value and an expression: one of them', 'value or expression');
  } else if (expression !== undefined) {
    return { expression: context.bytes([...path, 'expression'], expression) };
  } else if (value === undefined) {
    context.fault(path, 'nothing says what it becomes', 'value or expression');
  }
  return { text: value ?? '' };
}

/** A text of the config as the bytes that go out: UTF-8, one latin1 character a byte. */
export function wireText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

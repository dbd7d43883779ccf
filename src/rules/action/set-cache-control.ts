/** `set_cache_control`: changes directives of the response's Cache-Control before it is stored. */
import {
  count,
  fixed,
  flag,
  list,
  optional,
  section,
  type TSchema,
  text,
  variants,
} from '../../lib/schema.ts';
import type { Action } from './action.ts';
import type { ControlChange } from './protocol.ts';

const onlyHere = optional(
  flag({ description: 'The cache takes it so; what is stored and sent stays as it is.' }),
);
const removed = section(
  { operation: fixed('remove'), cloudflare_only: onlyHere },
  { description: 'Removes the directive.' },
);

function directive(description: string, argument: Record<string, TSchema>): TSchema {
  const set = section(
    { operation: fixed('set'), ...argument, cloudflare_only: onlyHere },
    { description: 'Sets the directive in place of what is there.' },
  );
  return optional(variants('operation', [set, removed], { description }));
}

const value = { value: count({ description: 'Seconds.' }) };
const qualifiers = {
  qualifiers: optional(
    list(text({ description: 'Name of a response field.' }), {
      description: 'Fields that it is about; without them the whole response.',
    }),
  ),
};

const timed = ['max-age', 's-maxage', 'stale-if-error', 'stale-while-revalidate'] as const;
const qualified = ['private', 'no-cache'] as const;
const plain = [
  'no-store',
  'no-transform',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
  'public',
  'immutable',
] as const;

const rows: [readonly string[], Record<string, TSchema>][] = [
  [timed, value],
  [qualified, qualifiers],
  [plain, {}],
];
const parameters = section(
  Object.fromEntries(
    rows.flatMap(([names, argument]) =>
      names.map((name): [string, TSchema] => [name, directive(`What is done with ${name}.`, argument)]),
    ),
  ),
  { description: 'What is done, by directive.' },
);

interface DirectiveConfig {
  operation: 'set' | 'remove';
  value?: number;
  qualifiers?: readonly string[];
  cloudflare_only?: boolean;
}

function textOf(name: string, { value: seconds, qualifiers: fields }: DirectiveConfig): string {
  if (seconds !== undefined) return `${name}=${seconds}`;
  return fields === undefined || fields.length === 0 ? name : `${name}="${fields.join(', ')}"`;
}

export const setCacheControl: Action = {
  name: 'set_cache_control',
  phases: ['http_response_cache_settings'],
  isTerminating: false,
  parameters,
  compile(given, context) {
    const path = ['action_parameters'];
    const directives = Object.entries(given as Record<string, DirectiveConfig>);
    if (directives.length === 0) context.fault(path, 'no directive is changed', 'at least one directive');
    const changes = directives.map(([name, config]): ControlChange => {
      for (const [index, field] of (config.qualifiers ?? []).entries()) {
        if (!/^[A-Za-z0-9_-]+$/.test(field))
          context.fault([...path, name, 'qualifiers', index], `"${field}" cannot be the name of a field`);
      }
      return {
        name,
        text: config.operation === 'remove' ? undefined : textOf(name, config),
        isHidden: config.cloudflare_only === true,
      };
    });
    return { kind: 'cacheControl', changes };
  },
};

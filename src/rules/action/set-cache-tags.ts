/** `set_cache_tags`: the tags that a stored response can be purged by. */
import { list, oneOf, optional, type Static, section, text } from '../../lib/schema.ts';
import type { Action } from './action.ts';
import type { Value } from './protocol.ts';

const tagBytesMax = 1024;

const parameters = section(
  {
    operation: oneOf(['add', 'remove', 'set'], {
      description: '`add` to the tags of the response, `remove` from them, or `set` in place of them.',
    }),
    values: optional(
      list(text({ description: 'A tag.' }), {
        minItems: 1,
        description: 'Tags: printable, without spaces and commas.',
      }),
    ),
    expression: optional(
      text({ description: 'An expression that computes one tag, or several with commas between them.' }),
    ),
  },
  { description: 'Which tags, and what is done with them: `values` or `expression`.' },
);

export const setCacheTags: Action = {
  name: 'set_cache_tags',
  phases: ['http_response_cache_settings'],
  isTerminating: false,
  parameters,
  compile(given, context) {
    const { operation, values, expression } = given as Static<typeof parameters>;
    const path = ['action_parameters'];
    if ((values === undefined) === (expression === undefined))
      context.fault(
        path,
        values === undefined ? 'no tag is named' : 'values and an expression: one of them',
        'values or expression',
      );
    for (const [index, tag] of (values ?? []).entries()) {
      const at = [...path, 'values', index];
      if (!/^[!-+\x2d-~]+$/.test(tag))
        context.fault(at, `"${tag}" cannot be a tag`, 'printable ASCII without spaces and commas');
      if (tag.length > tagBytesMax)
        context.fault(at, `the tag has ${tag.length} bytes`, `at most ${tagBytesMax}`);
    }
    const tags: Value =
      expression === undefined
        ? { text: (values ?? []).join(',') }
        : { expression: context.bytes([...path, 'expression'], expression) };
    return { kind: 'cacheTags', operation, tags };
  },
};

/** `rewrite` of fields: of the request that the origin gets, or of the response that the client gets. */
import { fixed, named, type Static, section, variants } from '../../lib/schema.ts';
import { type Action, type ActionContext, compileValue, valueKeys, wireText } from './action.ts';
import { refusedField, valueBytesMax } from './field-names.ts';
import type { HeaderRewrite, Value } from './protocol.ts';

const headerConfig = variants(
  'operation',
  [
    section(
      { operation: fixed('set'), ...valueKeys('The value') },
      { description: 'Puts a value in place of those that are there; an empty one removes the field.' },
    ),
    section(
      { operation: fixed('add'), ...valueKeys('The value') },
      { description: 'Adds a line; what is there stays.' },
    ),
    section({ operation: fixed('remove') }, { description: 'Removes all lines of the field.' }),
  ],
  { description: 'What is done with one field.' },
);

const parameters = section(
  {
    headers: named(headerConfig, { description: 'What is done, by field name.' }),
  },
  { description: 'The fields that are changed.' },
);

type HeaderConfig = Static<typeof headerConfig>;

function compileText(path: readonly string[], config: HeaderConfig, context: ActionContext): Value {
  const value = compileValue(path, config as { value?: string; expression?: string }, context);
  if (!('text' in value)) return value;
  const text = wireText(value.text).trim();
  const where = [...path, 'value'];
  // RFC 9110 5.5.
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
    context.fault(where, 'the value has a control character', 'one line of text');
  if (text.length > valueBytesMax)
    context.fault(where, `the value has ${text.length} bytes`, `at most ${valueBytesMax}`);
  return { text };
}

function compileHeader(
  given: string,
  config: HeaderConfig,
  context: ActionContext,
): HeaderRewrite | undefined {
  const path = ['action_parameters', 'headers', given];
  const name = given.toLowerCase();
  const message = refusedField(name, context.phase.startsWith('http_response') ? 'response' : 'request');
  if (message !== undefined) {
    context.fault(path, message, undefined, 'key');
    return undefined;
  }
  if (config.operation === 'remove') return { operation: 'remove', name };
  return { operation: config.operation, name, value: compileText(path, config, context) };
}

export const rewriteHeaders: Action = {
  name: 'rewrite',
  phases: ['http_request_late_transform', 'http_response_headers_transform'],
  isTerminating: false,
  parameters,
  compile(given, context) {
    const { headers } = given as Static<typeof parameters>;
    const entries = Object.entries(headers);
    if (entries.length === 0)
      context.fault(['action_parameters', 'headers'], 'no field is changed', 'at least one field');
    const seen = new Set<string>();
    for (const [name] of entries) {
      const lower = name.toLowerCase();
      if (seen.has(lower))
        context.fault(
          ['action_parameters', 'headers', name],
          `the field "${lower}" stands here twice`,
          undefined,
          'key',
        );
      seen.add(lower);
    }
    const rewrites = entries.map(([name, config]) => compileHeader(name, config, context));
    return { kind: 'rewriteHeaders', headers: rewrites.filter((one) => one !== undefined) };
  },
};

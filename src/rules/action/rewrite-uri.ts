/** `rewrite` in http_request_transform: another path, another query, or both. */
import { notYet, optional, type Static, section } from '../../lib/schema.ts';
import { encodePath, encodeQuery } from '../../lib/uri-encode.ts';
import { type Action, compileValue, valueSection, wireText } from './action.ts';
import type { Value } from './protocol.ts';

const parameters = section(
  {
    uri: section(
      {
        path: optional(valueSection('The new path, from its first slash')),
        query: optional(valueSection('The new query, without "?"; empty removes it')),
        origin: notYet(),
      },
      { description: 'The parts that are replaced.' },
    ),
  },
  { description: 'What the request asks for from here on.' },
);

function encoded(value: Value, encode: (text: string) => string): Value {
  return 'text' in value ? { text: encode(wireText(value.text)) } : value;
}

export const rewriteUri: Action = {
  name: 'rewrite',
  phases: ['http_request_transform'],
  isTerminating: false,
  parameters,
  compile(given, context) {
    const { path, query } = (given as Static<typeof parameters>).uri;
    const at = ['action_parameters', 'uri'];
    if (path === undefined && query === undefined) context.fault(at, 'nothing is rewritten', 'path or query');
    if (path?.value !== undefined && !path.value.startsWith('/'))
      context.fault([...at, 'path', 'value'], `the path "${path.value}" has no slash at its start`);
    if (path?.value !== undefined && /[?#]/.test(path.value))
      context.fault([...at, 'path', 'value'], 'a path with a query or a fragment', 'the query in uri.query');
    if (query?.value?.startsWith('?'))
      context.fault([...at, 'query', 'value'], 'a query is written without its "?"');
    return {
      kind: 'rewriteUri',
      ...(path && { path: encoded(compileValue([...at, 'path'], path, context), encodePath) }),
      ...(query && { query: encoded(compileValue([...at, 'query'], query, context), encodeQuery) }),
    };
  },
};

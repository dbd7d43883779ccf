/** `redirect`: sends the client to another URL. */
import { count, flag, notYet, type Static, section } from '../../lib/schema.ts';
import { encodeLocation } from '../../lib/uri-encode.ts';
import { type Action, compileValue, valueSection, wireText } from './action.ts';

const statuses: readonly number[] = [301, 302, 303, 307, 308];

/** Variables of nginx, of Caddy and of Apache that a target is usually made of. */
const variables =
  /\$\{?(?:host|http_host|server_name|request_uri|uri|scheme|args|is_args)\b|\{(?:host|uri|scheme|http\.request\.[a-z.]+)\}|%\{(?:HTTP_HOST|REQUEST_URI|QUERY_STRING)\}/;

const parameters = section(
  {
    from_value: section(
      {
        target_url: valueSection('The URL that the client is sent to'),
        status_code: count({
          default: 301,
          minimum: 301,
          maximum: 308,
          expected: 'one of 301, 302, 303, 307, 308',
          description: 'Status of the answer: 301, 302, 303, 307 or 308.',
        }),
        preserve_query_string: flag({
          default: false,
          description: 'Appends the query of the request to the URL.',
        }),
      },
      { description: 'Where to, and how.' },
    ),
    from_list: notYet(),
  },
  { description: 'Where the client is sent.' },
);

export const redirect: Action = {
  name: 'redirect',
  phases: ['http_request_dynamic_redirect'],
  isTerminating: true,
  parameters,
  compile(given, context) {
    const { from_value: wanted } = given as Static<typeof parameters>;
    const path = ['action_parameters', 'from_value'];
    const { status_code: status, preserve_query_string: keepsQuery, target_url } = wanted;
    if (!statuses.includes(status))
      context.fault([...path, 'status_code'], `${status} is no redirect`, 'one of 301, 302, 303, 307, 308');
    const target = compileValue([...path, 'target_url'], target_url, context);
    if (!('text' in target)) return { kind: 'redirect', status, target, keepsQuery };
    const where = [...path, 'target_url', 'value'];
    if (target_url.value !== undefined && !/^(?:https?:\/\/[^/]|\/)/i.test(target.text))
      context.fault(
        where,
        target.text === '' ? 'the URL is empty' : `"${target.text}" is no URL`,
        'a URL that begins with http:// or https://, or a path that begins with "/"',
      );
    if (variables.test(target.text))
      context.fault(
        where,
        'a value goes out as it stands: there are no variables in it',
        `expression: 'concat("https://", http.host, http.request.uri)'`,
      );
    if (keepsQuery && target.text.includes('?'))
      context.fault(where, 'the URL has a query, and preserve_query_string adds that of the request');
    const text = encodeLocation(wireText(target.text));
    return { kind: 'redirect', status, target: { text }, keepsQuery };
  },
};

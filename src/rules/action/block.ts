/** `block`: answers with a status of 400 to 499. */
import { count, oneOf, optional, type Static, section, text } from '../../lib/schema.ts';
import type { Action } from './action.ts';

const contentBytesMax = 30 * 1024;

const parameters = section(
  {
    response: optional(
      section(
        {
          status_code: count({
            default: 403,
            minimum: 400,
            maximum: 499,
            description: 'Status of the answer.',
          }),
          content_type: oneOf(['application/json', 'text/html', 'text/plain', 'text/xml'], {
            default: 'text/plain',
            description: 'Type of `content`.',
          }),
          content: optional(
            text({
              minLength: 0,
              description:
                'Body of the answer, at most 30 KiB. Default: a short page in the format that Accept asks for.',
            }),
          ),
        },
        { description: 'What is answered.' },
      ),
    ),
  },
  { default: {}, description: 'The answer; by default a short page with status 403.' },
);

export const block: Action = {
  name: 'block',
  phases: ['http_request_firewall_custom'],
  isTerminating: true,
  parameters,
  compile(given, context) {
    const { response } = given as Static<typeof parameters>;
    const { status_code: status = 403, content_type: type = 'text/plain', content } = response ?? {};
    const bytes = Buffer.byteLength(content ?? '');
    if (bytes > contentBytesMax)
      context.fault(
        ['action_parameters', 'response', 'content'],
        `the content has ${bytes} bytes`,
        `at most ${contentBytesMax}`,
      );
    return { kind: 'block', status, contentType: `${type}; charset=utf-8`, content };
  },
};

/** Config of what Parapet answers by itself: the operator's pages for errors, and the field Server. */
import { named, oneOf, optional, path, type Static, section, text } from '../lib/schema.ts';

const pageConfig = section(
  {
    file: optional(
      path({ description: 'The page: a file of UTF-8 text, at most 64 KiB. It is read when the config is.' }),
    ),
    content: optional(text({ description: 'The page itself, in place of `file`.' })),
    content_type: optional(
      text({
        expected: 'a media type such as text/html; charset=utf-8',
        pattern:
          '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *; *[A-Za-z0-9-]+=("[^"\\\\\\x00-\\x1f\\x7f-\\uffff]*"|[A-Za-z0-9!#$&^_.+-]+))*$',
        description: 'Its type. Default: what the ending of `file` stands for, `text/html` for `content`.',
      }),
    ),
  },
  { description: 'A page, from a file or given here.' },
);

export const errorPagesConfig = named(pageConfig, {
  default: {},
  description:
    'Pages for what Parapet answers by itself, by status (`404`), class (`4xx`, `5xx`) or `default`. In a page `{{status}}`, `{{reason}}` and `{{ray_id}}` stand for what they say. Without one: a short page as text, HTML or JSON, by Accept.',
});
export type ErrorPagesConfig = Static<typeof errorPagesConfig>;

export const serverHeaderConfig = oneOf(['replace', 'pass', 'remove'], {
  default: 'replace',
  description:
    'The field Server of responses: `replace` makes it `parapet` in every one, `pass` leaves what the origin says, `remove` takes it away.',
});

interface PageFinding {
  /** Below `error_pages`. */
  path: readonly string[];
  part?: 'key';
  message: string;
  expected?: string;
}

/** What the schema cannot say. */
export function checkErrorPages(pages: ErrorPagesConfig): PageFinding[] {
  const findings: PageFinding[] = [];
  for (const [key, { file, content }] of Object.entries(pages)) {
    if (!/^([45][0-9]{2}|[45]xx|default)$/.test(key)) {
      const expected = 'a status from 400 to 599, 4xx, 5xx or default';
      findings.push({ path: [key], part: 'key', message: `"${key}" is no status of an error`, expected });
    }
    if ((file === undefined) === (content === undefined)) {
      const message =
        file === undefined ? 'a page without file or content' : 'a page with both file and content';
      findings.push({ path: [key], message, expected: 'either file or content' });
    }
  }
  return findings;
}

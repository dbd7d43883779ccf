/** Config of the admin API. */
import { optional, path, type Static, section, text } from '../lib/schema.ts';

export const adminConfig = section(
  {
    address: text({
      expected: 'a loopback address such as 127.0.0.1:9901, or unix:PATH',
      description:
        'Where the admin API listens: a loopback address with a port (0: any free one), or `unix:` and the path of a socket.',
    }),
    tokenFile: optional(
      path({
        description:
          'File with the token that changes need; made at the first start with mode 0600. Default: `admin.token` in `logs.directory`.',
      }),
    ),
  },
  { description: 'The admin API. Left out: there is none.' },
);
export type AdminConfig = Static<typeof adminConfig>;

/** Config of the destination `file`. */
import { fixed, path, type Static, section } from '../../../lib/schema.ts';

export const fileDestination = section(
  {
    type: fixed('file'),
    path: path({
      description:
        'The file that records are appended to, one JSON object a line. Made with mode 0640, its folders too. ' +
        'SIGUSR1 opens it anew, after it has been moved away.',
    }),
  },
  { description: 'A file of NDJSON.' },
);
export type FileDestination = Static<typeof fileDestination>;

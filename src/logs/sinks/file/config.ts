/** Config of the destination `file`. */
import {
  bytes,
  count,
  decimalSeconds,
  fixed,
  oneOf,
  path,
  type Static,
  section,
} from '../../../lib/schema.ts';
import { compressions } from '../compress.ts';

const rotateConfig = section(
  {
    max_bytes: bytes({
      default: 0,
      description:
        'Bytes, as they are on disk, beyond which no batch is added to a file; a batch that is larger has a file of its own. 0: no limit.',
    }),
    max_age: decimalSeconds({
      default: 0,
      description: 'Seconds after which the next batch begins a new file. 0: no limit.',
    }),
    keep: count({
      default: 0,
      description: 'Rotated files that are kept; older ones are removed. 0: all of them.',
    }),
  },
  {
    default: {},
    description:
      'When the file is renamed and a new one begun. `requests.ndjson` becomes `requests.20270131T235959.999Z.ndjson`, with the time of the rotation in UTC.',
  },
);
export type RotateConfig = Static<typeof rotateConfig>;

export const fileDestination = section(
  {
    type: fixed('file'),
    path: path({
      description:
        'The file that records are appended to, one JSON object a line. Made with mode 0640, its folders too. ' +
        'SIGUSR1 opens it anew after it has been moved away; without a signal, that is noticed after two seconds, and a file that was removed at once.',
    }),
    rotate: rotateConfig,
    compression: oneOf(compressions, {
      default: 'none',
      description:
        'Each batch becomes a gzip member or a zstd frame of its own: zcat and zstdcat read the file at any time. Longer batches (`batch.max_interval`) compress better.',
    }),
  },
  { description: 'A file of NDJSON.' },
);
export type FileDestination = Static<typeof fileDestination>;

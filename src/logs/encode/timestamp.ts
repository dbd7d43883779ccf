/** The formats that a job can ask for, by the names of Logpush. */
import type { OpName } from './program-layout.ts';

export const timestampFormats = ['unixnano', 'unix', 'rfc3339', 'rfc3339ms', 'rfc3339ns'] as const;
export type TimestampFormat = (typeof timestampFormats)[number];

export const timestampOps: Record<TimestampFormat, OpName> = {
  unixnano: 'timeUnixNano',
  unix: 'timeUnix',
  rfc3339: 'timeRfc3339',
  rfc3339ms: 'timeRfc3339Ms',
  rfc3339ns: 'timeRfc3339Ns',
};

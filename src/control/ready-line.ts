/** The line that scripts wait for, once every listener accepts. */
import { formatAddress } from '../lib/address.ts';

export interface Bound {
  host: string;
  port: number;
}

/** `admin` is an address, or `unix:` with a path; undefined where there is no admin API. */
export function readyLine(listeners: readonly Bound[], admin: string | undefined): string {
  const parts = listeners.map(({ host, port }, index) => ` listener.${index}=${formatAddress(host, port)}`);
  return `parapet: ready${parts.join('')}${admin === undefined ? '' : ` admin=${admin}`}`;
}

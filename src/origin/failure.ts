/** What a client is told when no usable response came: the status, and Proxy-Status (RFC 9209 2.3). */
import { editOp, failCause, failCauses } from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';

const proxyName = 'parapet';

/** The statuses that RFC 9209 2.3 recommends; 502 where it is not listed. */
const statuses: ReadonlyMap<number, number> = new Map([
  [failCause.dnsTimeout, 504],
  [failCause.destinationUnavailable, 503],
  [failCause.connectionTimeout, 504],
  [failCause.connectionReadTimeout, 504],
  [failCause.connectionWriteTimeout, 504],
  [failCause.connectionLimitReached, 503],
  [failCause.responseTimeout, 504],
  [failCause.internalError, 500],
]);

export function failureStatus(cause: number): number {
  return statuses.get(cause) ?? 502;
}

export function proxyStatusText(cause: number): string {
  const error = failCauses[cause] ?? 'proxy_internal_error';
  return cause === failCause.none ? proxyName : `${proxyName}; error=${error}`;
}

const edits = failCauses.map((_, cause) =>
  encodeEdits([{ op: editOp.append, name: 'proxy-status', value: proxyStatusText(cause) }]),
);

/** An edit that appends Proxy-Status for a `failCause`. */
export function proxyStatusEdit(cause: number): EncodedEdits {
  return edits[cause] ?? edits[failCause.internalError]!;
}

/** What a client is told when no usable response came: the status, and Proxy-Status (RFC 9209 2.3). */
import { editOp, failCause, failCauses, failDetail, failDetails } from '../engine/contract.ts';
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

/** What a detail adds: the fault of a certificate, or the alert that was received (RFC 9209 2.3.17). */
function detailText(detail: number): string {
  const name = failDetails[detail];
  if (detail >= failDetail.alert) {
    const message = name === undefined || name === '' ? '' : `; alert-message=${name}`;
    return `; alert-id=${detail - failDetail.alert}${message}`;
  }
  return name === undefined || name === '' ? '' : `; details="${name}"`;
}

export function proxyStatusText(cause: number, detail: number = failDetail.none): string {
  const error = failCauses[cause] ?? 'proxy_internal_error';
  return cause === failCause.none ? proxyName : `${proxyName}; error=${error}${detailText(detail)}`;
}

const encode = (value: string): EncodedEdits =>
  encodeEdits([{ op: editOp.append, name: 'proxy-status', value }]);
const edits = failCauses.map((_, cause) => encode(proxyStatusText(cause)));
/** By cause and detail, made when they are first met. */
const detailed = new Map<number, EncodedEdits>();

/** An edit that appends Proxy-Status for a `failCause`, with a `failDetail` where there is one. */
export function proxyStatusEdit(cause: number, detail: number = failDetail.none): EncodedEdits {
  if (detail === failDetail.none) return edits[cause] ?? edits[failCause.internalError]!;
  const key = cause * (failDetail.max + 1) + detail;
  let known = detailed.get(key);
  if (known === undefined) {
    known = encode(proxyStatusText(cause, detail));
    detailed.set(key, known);
  }
  return known;
}

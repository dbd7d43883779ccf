/** Whether a failed fetch is tried again. */
import { eventFlag, failCause } from '../engine/contract.ts';

function isTimeout(cause: number): boolean {
  return (
    cause === failCause.connectionTimeout ||
    cause === failCause.responseTimeout ||
    cause === failCause.connectionReadTimeout ||
    cause === failCause.connectionWriteTimeout
  );
}

/**
 * @param flags of the event: the engine knows whether the request may be sent again
 * @param attempts fetches made for the exchange so far
 * @param retriesMax further attempts that the origin's settings allow
 * @param hasOther whether the origin has another server
 */
export function mayRetry(
  flags: number,
  cause: number,
  attempts: number,
  retriesMax: number,
  hasOther = true,
): boolean {
  if ((flags & eventFlag.mayRetry) === 0 || attempts > retriesMax) return false;
  // A server that has had its time would take as long again.
  if (!hasOther && isTimeout(cause)) return false;
  // A full queue is full for the next attempt too, and a loop stays one.
  return cause !== failCause.connectionLimitReached && cause !== failCause.loopDetected;
}

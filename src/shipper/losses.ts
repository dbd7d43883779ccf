/** Records that a job will not get, until it is told of them: one loss for each ring that they were in. */
import { reasons } from '../engine/contract.ts';
import type { Loss } from '../logs/index.ts';

/** More are put together: what is told must fit into the state of a job. */
export const lossesMax = 24;

/** Worker of a loss that cannot be told from which ring it was. */
export const workerUnknown = 0xffff;

export const lossReason = {
  behind: reasons.indexOf('log_job_behind'),
  damaged: reasons.indexOf('log_damaged'),
} as const;

/** A loss of which no more is known than how many. */
export function lossOfUnknown(records: number, reason: number, nowMs: number): Loss {
  return {
    firstSequence: 0,
    lastSequence: 0,
    records,
    sinceMs: nowMs,
    untilMs: nowMs,
    workerIndex: workerUnknown,
    reason,
  };
}

/** Adds a loss to those that wait: to the one of the same worker and reason that it follows, or for itself. */
export function addLoss(losses: Loss[], loss: Loss): void {
  const last = losses.findLast(
    ({ workerIndex, reason }) => workerIndex === loss.workerIndex && reason === loss.reason,
  );
  const follows = last !== undefined && last.lastSequence + 1 === loss.firstSequence;
  if (last !== undefined && (follows || loss.workerIndex === workerUnknown)) {
    last.records += loss.records;
    last.lastSequence = loss.lastSequence;
    last.untilMs = loss.untilMs;
    return;
  }
  if (losses.length < lossesMax) {
    losses.push({ ...loss });
    return;
  }
  const rest = losses.at(-1) as Loss;
  rest.records += loss.records;
  rest.untilMs = Math.max(rest.untilMs, loss.untilMs);
  rest.workerIndex = workerUnknown;
  rest.firstSequence = 0;
  rest.lastSequence = 0;
}

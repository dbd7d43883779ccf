/**
 * What a phase is, and what it answers: `next`, `answered`, or a refusal, which is a status and a reason in one integer.
 * One loop branches on the answer; nothing is thrown on the way of a request.
 */
import { type Reason, reasons } from '../engine/contract.ts';
import type { Exchange } from './exchange.ts';

/** Go on with the next phase. */
export const next = 0;
/** A command has been written for the exchange. */
export const answered = 1;

const reasonBits = 8;
const statusMin = 100;

export type Phase = (exchange: Exchange) => number;

/** A refusal as a phase answers it, made at build time. */
export function refusal(status: number, reason: Reason): number {
  const index = reasons.indexOf(reason);
  if (status < statusMin || index < 0) throw new Error(`no refusal ${status} ${reason}`);
  return (status << reasonBits) | index;
}

export function refusalStatus(answer: number): number {
  return answer >> reasonBits;
}

export function refusalReason(answer: number): number {
  return answer & ((1 << reasonBits) - 1);
}

/** Runs phases in order until one answers; `next` where none did. */
export function runPhases(phases: readonly Phase[], exchange: Exchange): number {
  for (let index = 0; index < phases.length; index += 1) {
    const answer = phases[index]!(exchange);
    if (answer !== next) return answer;
  }
  return next;
}

/**
 * The first phase: whether the request is one to go on with. Methods that end here, hosts that no zone takes, and
 * requests that go in circles.
 */
import { editOp, failCause, headWord, methodId, reasons } from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { knownId } from '../engine/head-view.ts';
import { failureStatus, maxForwards, proxyStatusEdit, viaHops } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { next, refusal } from './phase.ts';
import { respondEmpty, respondPage } from './respond.ts';

const allow = encodeEdits([
  { op: editOp.set, name: 'allow', value: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' },
]);
const star = 0x2a;
const viaId = knownId('via');
const methodNotAllowed = reasons.indexOf('method_not_allowed');
const loopDetected = reasons.indexOf('loop_detected');
const misdirected = refusal(421, 'no_zone');

function isStar(exchange: Exchange): boolean {
  const { request } = exchange;
  return (
    request.word(headWord.pathLength) === 1 &&
    exchange.arena.bytes[request.spanOffset(headWord.pathOffset)] === star
  );
}

export function door(exchange: Exchange): number {
  const { request } = exchange;
  const method = request.code;
  if (method === methodId.trace || method === methodId.connect) {
    return respondPage(exchange, 405, methodNotAllowed, allow);
  }
  // RFC 9110 7.6.2, 9.3.7: for the proxy itself.
  if (method === methodId.options && (isStar(exchange) || maxForwards(request) === 0)) {
    return respondEmpty(exchange, 200, allow);
  }
  if (!exchange.hasZone) return misdirected;
  if (request.has(viaId) && viaHops(request) >= exchange.plan.limits.loopHopsMax) {
    const cause = failCause.loopDetected;
    return respondPage(exchange, failureStatus(cause), loopDetected, proxyStatusEdit(cause));
  }
  return next;
}

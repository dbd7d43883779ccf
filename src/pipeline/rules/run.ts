/** The rule phases of a request, and what they leave to its later events. */
import type { PhaseName } from '../../rules/action/protocol.ts';
import type { Exchange } from '../exchange.ts';
import { next, type Phase, refusal } from '../phase.ts';
import { act } from './act.ts';
import { writeSecurity } from './security.ts';
import { walkPhase } from './walk.ts';

const tooLong = refusal(414, 'target_too_long');
const noRoom = refusal(503, 'memory');

const runPhase = (exchange: Exchange, phase: PhaseName): number => walkPhase(exchange, phase, act);

/** Makes the rewritten target the one that the view of the request, the key and the origin see. */
function applyTarget(exchange: Exchange): number {
  const { changes, request, reader, writer, arena, plan } = exchange;
  if (!changes.hasTarget) return next;
  const path = changes.path ?? arena.text(request.pathOffset, request.pathLength);
  const own = request.hasQuery ? arena.text(request.queryOffset, request.queryLength) : null;
  const query = changes.query === undefined ? own : changes.query;
  const text = query === null ? path : `${path}?${query}`;
  if (text.length > plan.limits.rewrittenTargetBytesMax) return tooLong;
  const offset = writer.allocate(text.length);
  if (offset < 0) return noRoom;
  arena.writeText(text, offset);
  request.replaceTarget(offset, path.length, query === null ? -1 : query.length);
  reader.rewritePath(path);
  reader.rewriteQuery(query);
  return next;
}

function applyFields(exchange: Exchange): void {
  const { changes, request, reader } = exchange;
  for (const name of changes.fieldNames) {
    const values = changes.valuesOf(name, request) ?? [];
    reader.rewriteHeader(name, values.length === 0 ? null : values);
  }
}

/** Takes up the request for the rules: the first of their phases. */
export function beginRules(exchange: Exchange): number {
  if (exchange.zone.ruleSets.length > 0) exchange.readRules();
  return next;
}

export const dynamicRedirect: Phase = (exchange) => runPhase(exchange, 'http_request_dynamic_redirect');

export function transform(exchange: Exchange): number {
  const verdict = runPhase(exchange, 'http_request_transform');
  return verdict === next ? applyTarget(exchange) : verdict;
}

export const firewallCustom: Phase = (exchange) => runPhase(exchange, 'http_request_firewall_custom');

export function lateTransform(exchange: Exchange): number {
  const verdict = runPhase(exchange, 'http_request_late_transform');
  if (verdict === next) applyFields(exchange);
  return verdict;
}

/** The last of the rule phases of a request: what later events and the record have to know is written down. */
export function endRules(exchange: Exchange): number {
  const { changes, event } = exchange;
  if (!changes.isEmpty) exchange.memory.keep(event.slot, event.generation, changes.copy());
  writeSecurity(exchange);
  return next;
}

/** At the later events of an exchange: what rules have made of the request holds on. */
export function recallRules(exchange: Exchange): number {
  const { changes, event, zone } = exchange;
  if (zone.ruleSets.length === 0) return next;
  exchange.readRules();
  const kept = exchange.memory.find(event.slot, event.generation);
  if (kept !== undefined) {
    changes.take(kept);
    applyFields(exchange);
    return applyTarget(exchange);
  }
  if (event.hasClient) return next;
  // A background fetch is an exchange of its own, with a copy of the head.
  const verdict = transform(exchange);
  return verdict === next ? lateTransform(exchange) : verdict;
}

/** The rule phases of a request, and what they leave to its later events. */
import type { PhaseName } from '../../rules/action/protocol.ts';
import type { Exchange } from '../exchange.ts';
import { next, type Phase, refusal } from '../phase.ts';
import { act } from './act.ts';
import { generationOf, handleOf } from './refreshing.ts';
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
  const own = request.carriesQuery ? arena.text(request.queryOffset, request.queryLength) : null;
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
  if (changes.fields.length === 0) return;
  for (const name of changes.fieldNames) {
    const values = changes.valuesOf(name, request) ?? [];
    reader.rewriteHeader(name, values.length === 0 ? null : values);
  }
}

/** Takes up the request for the rules: the first of their phases. */
export function beginRules(exchange: Exchange): number {
  if (exchange.zone.ruleSets.length > 0) exchange.readRules(exchange.nowMs);
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

/** The last of the rule phases of a request: the record is told what has matched. */
export function endRules(exchange: Exchange): number {
  writeSecurity(exchange);
  return next;
}

/** A background refresh: what stood for the request that it is for, stands for it. */
function recallRefresh(exchange: Exchange): number {
  const { changes, event } = exchange;
  const kept = exchange.refreshing.find(handleOf(event), generationOf(event));
  exchange.readRules(exchange.nowMs);
  // Not knowing what was asked for, its answer cannot be stored.
  if (kept === undefined) return noRoom;
  changes.take(kept);
  applyFields(exchange);
  return applyTarget(exchange);
}

/**
 * At the later events of an exchange: what rules have made of the request holds on. The rules that change it run again,
 * over the same head, at the time that they saw before: nothing has to be kept meanwhile.
 */
export function recallRules(exchange: Exchange): number {
  if (exchange.zone.ruleSets.length === 0) return next;
  const note = exchange.readNote();
  if (!note.isKnown && !exchange.event.hasClient) return recallRefresh(exchange);
  exchange.readRules(note.isKnown ? note.ruleTimeMs : exchange.nowMs);
  exchange.changes.skipped = note.skipped;
  if (note.isKnown && !note.isChanged) return next;
  exchange.isRecalling = true;
  const verdict = transform(exchange);
  const last = verdict === next ? lateTransform(exchange) : verdict;
  exchange.isRecalling = false;
  return last;
}

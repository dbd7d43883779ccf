/** The phase http_response_headers_transform: joins wherever a response is written, whoever made it. */
import { editOp } from '../../engine/contract.ts';
import type { Matcher } from '../../rules/run/index.ts';
import type { Exchange } from '../exchange.ts';
import { next } from '../phase.ts';
import { withChange, writeChanges } from './changes.ts';
import { hasPhase, type Rule } from './ruleset.ts';
import { fieldText } from './value.ts';
import { walkPhase } from './walk.ts';

const phase = 'http_response_headers_transform';

/** Whether rules may have something to say of the response. */
export function hasResponseRules(exchange: Exchange): boolean {
  if (!exchange.isReadByRules || !exchange.event.hasClient) return false;
  return hasPhase(exchange.zone.ruleSets, phase);
}

function rewriteResponse(exchange: Exchange, { action }: Rule, matcher: Matcher): number {
  if (action.kind !== 'rewriteResponse') return next;
  for (const field of action.fields) {
    const { op, id, name } = field;
    const value = fieldText(field, matcher);
    if (value === undefined && op === editOp.append) continue;
    const change = value === undefined ? { op: editOp.remove, id, name, value: '' } : { op, id, name, value };
    exchange.responseChanges = withChange(exchange.responseChanges, change);
  }
  return next;
}

/** Writes what rules do to the response, as the last edits of the command that sends it. */
export function writeResponseRules(exchange: Exchange): void {
  if (!hasResponseRules(exchange)) return;
  exchange.responseChanges = [];
  walkPhase(exchange, phase, rewriteResponse);
  writeChanges(exchange.writer, exchange.responseChanges);
}

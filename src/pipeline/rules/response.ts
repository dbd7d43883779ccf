/** The phase http_response_headers_transform: joins wherever a response is written, whoever made it. */
import { editOp } from '../../engine/contract.ts';
import type { Matcher } from '../../rules/run/index.ts';
import type { Exchange } from '../exchange.ts';
import { next } from '../phase.ts';
import type { Rule } from './ruleset.ts';
import { fieldText } from './value.ts';
import { walkPhase } from './walk.ts';

const phase = 'http_response_headers_transform';

/** Whether rules may have something to say of the response. */
export function hasResponseRules(exchange: Exchange): boolean {
  if (!exchange.isReadByRules || !exchange.event.hasClient) return false;
  return exchange.zone.ruleSets.some(({ phases }) => phases[phase].start < phases[phase].end);
}

/** Writes edits of the command that is being written. */
function rewriteResponse(exchange: Exchange, { action }: Rule, matcher: Matcher): number {
  if (action.kind !== 'rewriteResponse') return next;
  const { writer } = exchange;
  for (const field of action.fields) {
    const value = fieldText(field, matcher);
    if (value === undefined && field.op === editOp.append) continue;
    writer.openTextEdit(value === undefined ? editOp.remove : field.op, field.id, field.name);
    if (value !== undefined) writer.putText(value);
    writer.closeEdit();
  }
  return next;
}

/** Writes what rules do to the response, as the last edits of the command that sends it. */
export function writeResponseRules(exchange: Exchange): void {
  if (hasResponseRules(exchange)) walkPhase(exchange, phase, rewriteResponse);
}

/** What a match does, by action: the table that belongs to the one in `src/rules/action/table.ts`. */
import { editOp, reasons } from '../../engine/contract.ts';
import { encodeEdits } from '../../engine/edits.ts';
import { encodeLocation, encodePath, encodeQuery, withQuery } from '../../lib/uri-encode.ts';
import type { Matcher } from '../../rules/run/index.ts';
import type { Exchange } from '../exchange.ts';
import { next } from '../phase.ts';
import { respondContent, respondEmpty, respondPage } from '../respond.ts';
import { cacheControl, cacheTags, stripFields } from './act-response.ts';
import type { Action, Rule } from './ruleset.ts';
import { writeSecurity } from './security.ts';
import { fieldText, textOf } from './value.ts';
import { leavePhase, leaveRuleset } from './walk.ts';

const ruleReason = reasons.indexOf('rule');
type Act<A extends Action> = (exchange: Exchange, action: A, rule: Rule, matcher: Matcher) => number;

function tell(exchange: Exchange, { note }: Rule): void {
  if (note !== undefined) exchange.matched.push(note);
}

const block: Act<Extract<Action, { kind: 'block' }>> = (exchange, { status, edits, body }, rule) => {
  tell(exchange, rule);
  writeSecurity(exchange);
  if (body === undefined) return respondPage(exchange, status, ruleReason);
  return respondContent(exchange, status, ruleReason, edits, body);
};

const log: Act<Extract<Action, { kind: 'log' }>> = (exchange, _action, rule) => {
  tell(exchange, rule);
  return next;
};

const skip: Act<Extract<Action, { kind: 'skip' }>> = (exchange, { rest, phases }, rule) => {
  tell(exchange, rule);
  exchange.changes.skipped |= phases;
  if (rest === 'nothing') return next;
  return rest === 'ruleset' ? leaveRuleset : leavePhase;
};

/** A URL that cannot be computed redirects nowhere. */
const redirect: Act<Extract<Action, { kind: 'redirect' }>> = (exchange, action, rule, matcher) => {
  const { target, status, keepsQuery } = action;
  let location = textOf(target, matcher);
  if (location === null || location === '') return next;
  if (!('text' in target)) location = encodeLocation(location);
  const { request, arena } = exchange;
  if (keepsQuery)
    location = withQuery(location, encodeQuery(arena.text(request.queryOffset, request.queryLength)));
  tell(exchange, rule);
  writeSecurity(exchange);
  return respondEmpty(exchange, status, encodeEdits([{ op: editOp.set, name: 'location', value: location }]));
};

/** A part that cannot be computed stays as it is; an empty query removes it. */
const rewriteUri: Act<Extract<Action, { kind: 'rewriteUri' }>> = (exchange, action, _rule, matcher) => {
  const { changes } = exchange;
  const path = action.path && textOf(action.path, matcher);
  const query = action.query && textOf(action.query, matcher);
  if (typeof path === 'string') changes.path = encodePath(path);
  if (typeof query === 'string') changes.query = query === '' ? null : encodeQuery(query);
  return next;
};

type Rewrite = Extract<Action, { kind: 'rewriteRequest' }>;

const rewriteRequest: Act<Rewrite> = (exchange, { fields }, _rule, matcher) => {
  for (const field of fields) {
    const { op, id, name } = field;
    const value = fieldText(field, matcher);
    if (value !== undefined) exchange.changes.addField({ op, id, name, value });
    else if (op !== editOp.append) exchange.changes.addField({ op: editOp.remove, id, name, value: '' });
  }
  return next;
};

const cacheSettings: Act<Extract<Action, { kind: 'cacheSettings' }>> = (exchange, { settings }) => {
  exchange.caching = exchange.caching.with(settings);
  return next;
};

const acts: { readonly [K in Action['kind']]: Act<Extract<Action, { kind: K }>> } = {
  block,
  log,
  skip,
  redirect,
  rewriteUri,
  rewriteRequest,
  cacheSettings,
  stripFields,
  cacheTags,
  cacheControl,
  // Joins where a response is written: `response.ts`.
  rewriteResponse: () => next,
};

/** Carries a match out. Answers as a phase does, or `leaveRuleset` or `leavePhase`. */
export function act(exchange: Exchange, rule: Rule, matcher: Matcher): number {
  const { action } = rule;
  return (acts[action.kind] as Act<Action>)(exchange, action, rule, matcher);
}

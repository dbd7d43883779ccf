/** What a match does to the origin's response, before it is stored. */
import type { Matcher } from '../../rules/run/index.ts';
import type { Exchange } from '../exchange.ts';
import { next } from '../phase.ts';
import type { Action, Rule } from './ruleset.ts';
import { textOf } from './value.ts';

type Act<K extends Action['kind']> = (
  exchange: Exchange,
  action: Extract<Action, { kind: K }>,
  rule: Rule,
  matcher: Matcher,
) => number;

export const stripFields: Act<'stripFields'> = ({ responseCache }, { strips }) => {
  for (const [name, isStripped] of strips) responseCache.strip(name, isStripped);
  return next;
};

export const cacheTags: Act<'cacheTags'> = (exchange, { operation, tags }, _rule, matcher) => {
  const text = textOf(tags, matcher);
  // Without a result there is nothing to add or to remove.
  if (text !== null) exchange.responseCache.changeTags(operation, text, exchange.response);
  return next;
};

export const cacheControl: Act<'cacheControl'> = ({ responseCache }, { changes }) => {
  responseCache.changeControl(changes);
  return next;
};

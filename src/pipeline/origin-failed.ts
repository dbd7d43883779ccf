/** No usable response came: another attempt, a stale response, or an error that says which (RFC 9209). */
import { eventWord } from '../engine/contract.ts';
import { mayRetry } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { fetchAgain } from './fetch.ts';
import { readFacts } from './lookup.ts';
import { recallNote, serveOnError } from './origin-head.ts';
import { next } from './phase.ts';
import { respondCause } from './respond.ts';

export function originFailed(exchange: Exchange): number {
  const { event, zone } = exchange;
  const cause = event.word(eventWord.cause);
  const server = event.word(eventWord.server);
  const attempts = event.word(eventWord.attempts);
  zone.balancer.noteFailure(server, cause, exchange.nowMs);
  recallNote(exchange);
  readFacts(exchange);
  // Without the client, what a trusted proxy has said of the request cannot be told from what anybody has said.
  const isKnown = event.hasClient || exchange.plan.trustedProxies.isEmpty;
  const { retriesMax, servers } = zone.balancer.settings;
  if (isKnown && mayRetry(event.flags, cause, attempts, retriesMax, servers.length > 1))
    return fetchAgain(exchange, server);
  const served = serveOnError(exchange, true);
  if (served !== next) return served;
  return respondCause(exchange, cause, event.word(eventWord.failDetail));
}

/** The two rule phases around the cache: before it is asked, and between the origin's response and the store. */
import { layChangedHead } from '../../engine/head-writer.ts';
import type { Exchange } from '../exchange.ts';
import { next, type Phase, refusal } from '../phase.ts';
import { act } from './act.ts';
import { generationOf, handleOf } from './refreshing.ts';
import { walkPhase } from './walk.ts';

const requestPhase = 'http_request_cache_settings';
const responsePhase = 'http_response_cache_settings';
const noRoom = refusal(503, 'memory');

export const requestCacheSettings: Phase = (exchange) =>
  exchange.zone.hasCacheRules ? walkPhase(exchange, requestPhase, act) : next;

/**
 * At the later events of an exchange the rules of the request's phase run again, as all that change it do; a background
 * refresh has the settings of the request that it is for.
 */
export function recallCacheSettings(exchange: Exchange): number {
  const { event, note, zone } = exchange;
  if (!zone.hasCacheRules) return next;
  if (!note.isKnown && !event.hasClient) {
    const kept = exchange.refreshing.cachingOf(handleOf(event), generationOf(event));
    if (kept !== undefined) exchange.caching = kept;
    return next;
  }
  if (note.isKnown && !note.hasCacheRules) return next;
  exchange.isRecalling = true;
  walkPhase(exchange, requestPhase, act);
  exchange.isRecalling = false;
  return next;
}

/** After the origin has answered: whoever looks at its response from here on sees it as rules have made it. */
export function responseCacheSettings(exchange: Exchange): number {
  const { reader, response, responseCache, writer, zone } = exchange;
  responseCache.clear();
  if (!zone.hasResponseCacheRules) return next;
  reader.takeResponse(response);
  walkPhase(exchange, responsePhase, act);
  const changes = responseCache.settle(response);
  if (changes.length === 0) return next;
  const table = layChangedHead(writer, response, changes);
  if (table === 0) return noRoom;
  response.reset(table);
  return next;
}

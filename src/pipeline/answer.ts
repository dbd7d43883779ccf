/** The phase that answers from the store where the stored response may be used (RFC 9111 4). */
import { chooseUse, forwardReason, use } from '../cache/index.ts';
import { cacheResult, cacheStatus, editOp, reasons, storeState } from '../engine/contract.ts';
import { encodeEdits } from '../engine/edits.ts';
import { directive } from '../lib/cache-control.ts';
import type { Exchange } from './exchange.ts';
import { refreshInBackground } from './fetch.ts';
import { next } from './phase.ts';
import { respondPage } from './respond.ts';
import { serveEntry } from './serve.ts';

const onlyIfCached = reasons.indexOf('only_if_cached');
const notStored = encodeEdits([
  { op: editOp.append, name: 'cache-status', value: 'parapet; detail=ONLY-IF-CACHED' },
]);

function answerWith(exchange: Exchange): number {
  const { entry, note } = exchange;
  switch (chooseUse(entry, exchange.requestDirectives, exchange.now)) {
    case use.fresh:
    case use.stale:
      return serveEntry(exchange, cacheStatus.hit, cacheResult.hit);
    case use.staleWhileRevalidate:
      // A rule of this request, or a reload, may have said so after it was stored.
      if (exchange.caching.settings.serve_stale?.disable_stale_while_updating === true) {
        note.reason = forwardReason.stale;
        return next;
      }
      refreshInBackground(exchange);
      return serveEntry(exchange, cacheStatus.hitStaleWhileRevalidate, cacheResult.updating);
    case use.validateForRequest:
      note.reason = forwardReason.request;
      return next;
    default:
      note.reason = forwardReason.stale;
      return next;
  }
}

export function answer(exchange: Exchange): number {
  if (!exchange.isCacheable) return next;
  if (exchange.entry.state === storeState.object) {
    const given = answerWith(exchange);
    if (given !== next) return given;
  }
  // RFC 9111 5.2.1.7.
  if (!exchange.hasDirectives || !exchange.directives.has(directive.onlyIfCached)) return next;
  return respondPage(exchange, 504, onlyIfCached, notStored);
}

/** Drops what an unsafe request has made untrue in the store (RFC 9111 4.4). */
import { invalidates, isUnsafe, namedTargets, putEarlyKey, putExtensions, putSite } from '../cache/index.ts';
import type { ResolvedTarget } from '../lib/uri.ts';
import type { Exchange } from './exchange.ts';

function purgeKey(exchange: Exchange, put: () => void): void {
  const { key, writer } = exchange;
  const capacity = Math.min(exchange.plan.limits.keyBytesMax, writer.room);
  const offset = writer.allocate(capacity);
  key.begin(offset, capacity);
  put();
  if (key.isWhole) exchange.ports.purge(key.offset, key.length, false);
  writer.trim(offset);
  key.begin(0, 0);
}

/** Only after a success, and only what belongs to the same site. */
export function invalidate(exchange: Exchange): void {
  const { request, response, key, zone, event } = exchange;
  if (zone.eligibility.isOff || !isUnsafe(request.code) || !invalidates(response.code)) return;
  purgeKey(exchange, () => putEarlyKey(key, zone.key, event.isTls, request));
  purgeKey(exchange, () => {
    putEarlyKey(key, zone.key, event.isTls, request);
    putExtensions(key, request);
  });
  for (const target of namedTargets(request, response, event.isTls)) purgeTarget(exchange, target);
}

function purgeTarget(exchange: Exchange, target: ResolvedTarget): void {
  purgeKey(exchange, () => {
    putSite(exchange.key, exchange.zone.key, exchange.event.isTls, exchange.request);
    exchange.key.putText(target.query === undefined ? target.path : `${target.path}?${target.query}`);
  });
}

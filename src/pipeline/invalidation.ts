/** Drops what an unsafe request has made untrue in the store (RFC 9111 4.4). */
import { invalidates, isUnsafe, namedTargets, putEarlyKey, putExtensions, putSite } from '../cache/index.ts';
import { maskOf } from '../engine/head-view.ts';
import type { ResolvedTarget } from '../lib/uri.ts';
import type { Exchange } from './exchange.ts';
import { putPrimary } from './lookup.ts';

const locations = maskOf(['location', 'content-location']);

/** Begins a key in what is left of the out region; `purge` and `end` follow. */
function begin(exchange: Exchange): void {
  const { key, writer } = exchange;
  const capacity = Math.min(exchange.plan.limits.keyBytesMax, writer.room);
  key.begin(writer.allocate(capacity), capacity);
}

function purge(exchange: Exchange): void {
  const { key } = exchange;
  if (key.isWhole) exchange.ports.purge(key.offset, key.length, false);
}

function end(exchange: Exchange): void {
  exchange.writer.trim(exchange.key.offset);
  exchange.key.begin(0, 0);
}

/** Only after a success, and only what belongs to the same site. */
export function invalidate(exchange: Exchange): void {
  const { request, response, key, zone, event, caching } = exchange;
  if (zone.caching.eligibility.isOff || !isUnsafe(request.code) || !invalidates(response.code)) return;
  begin(exchange);
  putEarlyKey(key, zone.key, event.isTls, request);
  purge(exchange);
  if (putExtensions(key, request)) purge(exchange);
  if (caching.key !== undefined) purgeCustom(exchange);
  end(exchange);
  if (!response.hasAny(locations.low, locations.high)) return;
  for (const target of namedTargets(request, response, event.isTls)) purgeTarget(exchange, target);
}

/** What a request like this one, with GET, would find under a key that settings have changed. */
function purgeCustom(exchange: Exchange): void {
  const { key } = exchange;
  key.begin(key.offset, exchange.plan.limits.keyBytesMax);
  putPrimary(exchange);
  purge(exchange);
}

function purgeTarget(exchange: Exchange, target: ResolvedTarget): void {
  begin(exchange);
  putSite(exchange.key, exchange.zone.key, exchange.event.isTls, exchange.request);
  exchange.key.putText(target.query === undefined ? target.path : `${target.path}?${target.query}`);
  purge(exchange);
  purgeCustomTarget(exchange, target);
  end(exchange);
}

/** The same under the key that settings make of it. */
function purgeCustomTarget(exchange: Exchange, target: ResolvedTarget): void {
  const { caching, event, key, request, zone } = exchange;
  if (caching.key === undefined) return;
  key.begin(key.offset, exchange.plan.limits.keyBytesMax);
  caching.key.putUrl(key, zone.key, event.isTls, request, zone.originHost, target);
  purge(exchange);
}

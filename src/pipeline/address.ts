/** The phase that finds out who the client is: the peer, or whom trusted proxies name. */
import { eventWord } from '../engine/contract.ts';
import { addressBytes } from '../lib/ip.ts';
import { resolveClient } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { next } from './phase.ts';

export function address(exchange: Exchange): number {
  const { trustedProxies } = exchange.plan;
  const peer = exchange.event.word(eventWord.clientAddress);
  // Of a request whose client is gone it was found out before.
  if (trustedProxies.isEmpty || peer === 0 || !exchange.event.hasClient) return next;
  exchange.isPeerTrusted = trustedProxies.has(exchange.arena.bytes, peer);
  if (exchange.isPeerTrusted) {
    exchange.hasClientAddress = resolveClient(exchange.request, trustedProxies, exchange.clientAddress);
    // For the record; see `clientAddress` in the contract.
    if (exchange.hasClientAddress) exchange.arena.bytes.set(exchange.clientAddress, peer + addressBytes);
  }
  return next;
}

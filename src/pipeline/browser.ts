/** Tells browsers how long they may keep a response, where a setting says so: an edit of the outgoing Cache-Control. */
import { browserControl } from '../cache/index.ts';
import { editOp } from '../engine/contract.ts';
import { type HeadView, knownId } from '../engine/head-view.ts';
import type { Exchange } from './exchange.ts';

const cacheControlId = knownId('cache-control');
const expiresId = knownId('expires');

/** Writes the edit into the command that is being written, for a response with this head. */
export function writeBrowserTtl(exchange: Exchange, head: HeadView, status: number): void {
  const { browser_ttl: wanted } = exchange.caching.settings;
  if (wanted === undefined || !exchange.isCacheable || !exchange.event.hasClient) return;
  const value = browserControl(wanted, status, head.joinedText(cacheControlId), head.has(expiresId));
  if (value !== undefined) exchange.writer.editText(editOp.set, cacheControlId, value);
}

/** The same for the stored response that `entry` names. */
export function writeStoredBrowserTtl(exchange: Exchange): void {
  const { entry } = exchange;
  const table = exchange.ports.readStoredHead(entry.object, entry.generation);
  if (table !== 0) writeBrowserTtl(exchange, exchange.storedHead.reset(table), entry.status);
}

/** What settings change of the outgoing response, for the sake of browsers: Cache-Control, and Use-As-Dictionary. */
import { browserControl } from '../cache/index.ts';
import { editOp } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';
import type { Exchange } from './exchange.ts';

const cacheControlId = knownId('cache-control');
const expiresId = knownId('expires');
const dictionaryName = latin1Bytes('use-as-dictionary');
const dictionaryId = knownId('use-as-dictionary');

/** Whether the settings of this request change anything. */
export function changesClientFields({ caching }: Exchange): boolean {
  return caching.settings.browser_ttl !== undefined || caching.dictionaryEdits !== undefined;
}

/**
 * Writes the edits into the command that is being written.
 *
 * @param control response head with the Cache-Control that counts
 * @param head the whole response head; where a 304 has brought it up to date, the stored one
 * @param status of the response
 * @param sentStatus what is sent of it: 206 or 304 where the request wants that
 */
export function writeClientFields(
  exchange: Exchange,
  control: HeadView,
  head: HeadView,
  status: number,
  sentStatus = status,
): void {
  if (!exchange.isCacheable || !exchange.event.hasClient) return;
  const { caching, writer } = exchange;
  const { browser_ttl: wanted } = caching.settings;
  if (wanted !== undefined) {
    const own = control.joinedText(cacheControlId);
    const value = browserControl(wanted, status, own, control.has(expiresId));
    if (value !== undefined) writer.editText(editOp.set, cacheControlId, value);
  }
  // RFC 9842 2.1: the origin knows better what its dictionary is for.
  if (caching.dictionaryEdits !== undefined && sentStatus === 200 && !isDictionary(head))
    writer.addEncoded(caching.dictionaryEdits);
}

function isDictionary(head: HeadView): boolean {
  return head.findNamed(dictionaryName, dictionaryId, head.fieldAt(0)) !== noField;
}

/** The same for the stored response that `entry` names. */
export function writeStoredClientFields(exchange: Exchange, sentStatus: number): void {
  const { entry } = exchange;
  const table = exchange.ports.readStoredHead(entry.object, entry.generation);
  if (table === 0) return;
  const head = exchange.storedHead.reset(table);
  writeClientFields(exchange, head, head, entry.status, sentStatus);
}

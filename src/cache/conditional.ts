/**
 * Conditional requests that are answered from the store (RFC 9111 4.3.2), in the order of precedence of RFC 9110 13.2.2.
 */
import { headWord, methodId } from '../engine/contract.ts';
import { type HeadView, knownId, maskOf, noField } from '../engine/head-view.ts';
import { equalSpans } from '../lib/bytes.ts';
import { equalTags, listHasTag } from '../lib/etag.ts';
import { invalidDate } from '../lib/http-date.ts';
import { dateOf } from './control.ts';

export const condition = {
  /** Nothing stands against the whole answer. */
  none: 0,
  notModified: 1,
  failed: 2,
} as const;

const ifMatchId = knownId('if-match');
const ifNoneMatchId = knownId('if-none-match');
const ifModifiedSinceId = knownId('if-modified-since');
const ifUnmodifiedSinceId = knownId('if-unmodified-since');
const ifRangeId = knownId('if-range');
const etagId = knownId('etag');
const lastModifiedId = knownId('last-modified');
const dateId = knownId('date');

export const conditionMask = maskOf([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
]);
/** Conditions that only the origin can judge unless the response is known to be current. */
export const preconditionMask = maskOf(['if-match', 'if-unmodified-since']);

/** Whether any line of the list names the tag of the response. */
function listMatches(request: HeadView, id: number, response: HeadView, strong: boolean): boolean {
  const etag = response.find(etagId);
  const tagOffset = etag === noField ? 0 : response.valueOffset(etag);
  const tagLength = etag === noField ? 0 : response.valueLength(etag);
  const { bytes } = request.arena;
  for (let field = request.find(id); field !== noField; field = request.findNext(id, field)) {
    const offset = request.valueOffset(field);
    const length = request.valueLength(field);
    if (listHasTag(bytes, offset, length, response.arena.bytes, tagOffset, tagLength, strong)) return true;
  }
  return false;
}

/** Last-Modified of a response; without one the time that it was made or received (RFC 9111 4.3.2). */
function modifiedSeconds(response: HeadView, storedAt: number, now: number): number {
  const modified = dateOf(response, lastModifiedId, now);
  if (modified !== invalidDate) return modified;
  const date = dateOf(response, dateId, now);
  return date === invalidDate ? storedAt : date;
}

/**
 * Judges the conditions of a request against a response that would be sent with status 2xx.
 *
 * @param storedAt when the response was received, seconds since 1970
 */
export function judgeConditions(
  request: HeadView,
  response: HeadView,
  storedAt: number,
  now: number,
): number {
  if (!request.hasAny(conditionMask.low, conditionMask.high)) return condition.none;
  if (request.has(ifMatchId)) {
    if (!listMatches(request, ifMatchId, response, true)) return condition.failed;
  } else if (request.has(ifUnmodifiedSinceId)) {
    const since = dateOf(request, ifUnmodifiedSinceId, now);
    const modified = dateOf(response, lastModifiedId, now);
    // RFC 9110 13.1.4: ignored where there is no modification date.
    if (since !== invalidDate && modified !== invalidDate && modified > since) return condition.failed;
  }
  const method = request.word(headWord.code);
  const isRead = method === methodId.get || method === methodId.head;
  if (request.has(ifNoneMatchId)) {
    if (!listMatches(request, ifNoneMatchId, response, false)) return condition.none;
    return isRead ? condition.notModified : condition.failed;
  }
  if (!isRead || !request.has(ifModifiedSinceId)) return condition.none;
  const since = dateOf(request, ifModifiedSinceId, now);
  if (since === invalidDate) return condition.none;
  return modifiedSeconds(response, storedAt, now) <= since ? condition.notModified : condition.none;
}

/** Whether If-Range allows a part: the same strong tag, or the same date to the letter (RFC 9110 13.1.5). */
export function rangeMayApply(request: HeadView, response: HeadView): boolean {
  const field = request.find(ifRangeId);
  if (field === noField) return true;
  const { bytes } = request.arena;
  const offset = request.valueOffset(field);
  const length = request.valueLength(field);
  const isTag = length > 0 && (bytes[offset] === 0x22 || bytes[offset] === 0x57);
  const other = response.find(isTag && bytes[offset + length - 1] === 0x22 ? etagId : lastModifiedId);
  if (other === noField) return false;
  const otherOffset = response.valueOffset(other);
  const otherLength = response.valueLength(other);
  const otherBytes = response.arena.bytes;
  if (isTag && bytes[offset + length - 1] === 0x22) {
    return equalTags(bytes, offset, length, otherBytes, otherOffset, otherLength, true);
  }
  return equalSpans(bytes, offset, length, otherBytes, otherOffset, otherLength);
}

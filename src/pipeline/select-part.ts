/** Which stored part of a response a request needs first, and what lacks before the next one (RFC 9111 3.3). */
import { chooseUse, type PartList, partKeyBytes, preconditionMask, putPartKey, use } from '../cache/index.ts';
import { controlWord, methodId, storeState } from '../engine/contract.ts';
import type { HeadView } from '../engine/head-view.ts';
import { directive } from '../lib/cache-control.ts';
import { limits } from '../lib/limits.ts';
import { viaHops } from '../origin/index.ts';
import type { Exchange } from './exchange.ts';
import { wanted, wantedOf, wantedRange } from './wanted-range.ts';

const untried = 0;
const usable = 1;
const useless = 2;

/** What the store has said of each part of the list, and which part it was asked for last. */
const state = new Uint8Array(limits.partsMax);
let asked = -1;

/** Makes the key of a part the one that is named next; false where there is no room for it. */
export function buildPartKey(exchange: Exchange, version: number, first: number, last: number): boolean {
  const { key, plan, slice, writer } = exchange;
  const { baseOffset, baseLength } = slice;
  const wantedBytes = baseLength + partKeyBytes;
  // What is looked up one after the other has one place.
  const isPlaced = key.offset !== baseOffset && key.length === wantedBytes;
  const capacity = Math.min(plan.limits.keyBytesMax, isPlaced ? wantedBytes : writer.room, wantedBytes);
  const offset = isPlaced ? key.offset : writer.allocate(capacity);
  key.begin(offset, capacity);
  key.putSpan(baseOffset, baseLength);
  putPartKey(key, version, first, last);
  if (!key.isWhole) key.begin(0, 0);
  return key.length > 0;
}

function askPart(exchange: Exchange, { version, firsts, lasts }: PartList, index: number): boolean {
  const { arena, entry, key, now } = exchange;
  asked = index;
  entry.clear();
  if (!buildPartKey(exchange, version, firsts[index]!, lasts[index]!)) return false;
  exchange.ports.lookup(key.offset, key.length);
  entry.read(arena.words, arena.words[controlWord.replyOffset]! >> 2, now);
  if (entry.isObject) return chooseUse(entry, exchange.requestDirectives, now) === use.fresh;
  return entry.state === storeState.filling && !exchange.hasDirectives;
}

function isUsable(exchange: Exchange, list: PartList, index: number): boolean {
  if (state[index] === untried) state[index] = askPart(exchange, list, index) ? usable : useless;
  return state[index] === usable;
}

/** The usable part that holds a position and goes furthest; -1: none. */
function partAt(exchange: Exchange, list: PartList, position: number): number {
  const { firsts, lasts } = list;
  for (;;) {
    let best = -1;
    for (let index = 0; index < firsts.length; index += 1) {
      if (state[index] === useless || firsts[index]! > position || lasts[index]! < position) continue;
      if (best < 0 || lasts[index]! > lasts[best]!) best = index;
    }
    if (best < 0 || isUsable(exchange, list, best)) return best;
  }
}

/** The usable part that begins next between two positions; -1: none. */
function partBetween(exchange: Exchange, list: PartList, first: number, last: number): number {
  const { firsts } = list;
  for (;;) {
    let best = -1;
    for (let index = 0; index < firsts.length; index += 1) {
      if (state[index] === useless || firsts[index]! < first || firsts[index]! > last) continue;
      if (best < 0 || firsts[index]! < firsts[best]!) best = index;
    }
    if (best < 0 || isUsable(exchange, list, best)) return best;
  }
}

function isCovered(exchange: Exchange, list: PartList, first: number, last: number): boolean {
  for (let position = first; position <= last; ) {
    const index = partAt(exchange, list, position);
    if (index < 0) return false;
    position = list.lasts[index]! + 1;
  }
  return true;
}

/** Takes a stored part up, or one that is under way: the entry and the key are its. */
function take(exchange: Exchange, list: PartList, index: number, isComplete: boolean): boolean {
  if (asked !== index && !askPart(exchange, list, index)) return false;
  exchange.slice.takePart(list, list.firsts[index]!, list.lasts[index]!, isComplete);
  return true;
}

/** Takes up what lacks from `first` on, up to the next part. */
function takeGap(exchange: Exchange, list: PartList, first: number, last: number, isBegun: boolean): boolean {
  const next = partBetween(exchange, list, first, last);
  if (next < 0 && !isBegun) return false;
  const end = next < 0 ? last : list.firsts[next]! - 1;
  exchange.entry.clear();
  if (!buildPartKey(exchange, list.version, first, end)) return false;
  exchange.slice.takePart(list, first, end, false);
  return true;
}

/** Whether what lacks may be asked for by itself: the answer fills the store, and is shared. */
function mayComplete({
  caching,
  directives,
  hasAuthorization,
  hasDirectives,
  request,
  saysNoStore,
}: Exchange) {
  if (caching.hasSlices || !caching.settings.collapse || hasAuthorization || saysNoStore) return false;
  if (request.hasAny(preconditionMask.low, preconditionMask.high) || viaHops(request) > 0) return false;
  return !hasDirectives || !directives.has(directive.onlyIfCached);
}

/**
 * Selects the first piece of what the request asks for, where the parts of a list have some of it; of the whole, where they
 * have all of it. Where it returns false, nothing is selected.
 *
 * @param marker head of the marker that the list is from; the key of the whole is the one that was looked up last
 */
export function selectPart(exchange: Exchange, list: PartList, marker: HeadView): boolean {
  const { entry, key, request, slice } = exchange;
  const isBegun = slice.wantedFirst >= 0;
  const asks = isBegun ? wanted.range : wantedOf(exchange, marker, list.sizeBytes);
  const isRead = request.code === methodId.get || request.code === methodId.head;
  if (asks === wanted.other || !isRead || list.firsts.length === 0) return false;
  const first = isBegun ? slice.wantedFirst : asks === wanted.whole ? 0 : wantedRange.first;
  const end = isBegun ? slice.wantedLast : asks === wanted.whole ? list.sizeBytes - 1 : wantedRange.last;
  const last = Math.min(end, list.sizeBytes - 1);
  slice.baseOffset = key.offset;
  slice.baseLength = key.length;
  state.fill(untried, 0, list.firsts.length);
  asked = -1;
  const mayLack = isBegun || (asks === wanted.range && list.isTogether && mayComplete(exchange));
  const index = first > last ? -1 : partAt(exchange, list, first);
  let isTaken = false;
  if (index >= 0) {
    const isComplete = isCovered(exchange, list, list.lasts[index]! + 1, last);
    isTaken = (isComplete || mayLack) && take(exchange, list, index, isComplete);
  } else if (mayLack && first <= last) isTaken = takeGap(exchange, list, first, last, isBegun);
  if (isTaken) return true;
  entry.clear();
  key.begin(slice.baseOffset, 0);
  key.length = slice.baseLength;
  return false;
}

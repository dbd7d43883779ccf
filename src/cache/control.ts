/**
 * Which directives of a response count, and how long it is fresh by its own word. Precedence (caching specification):
 * Parapet-Cache-Control and its alias, CDN-Cache-Control (RFC 9213), Surrogate-Control, Cache-Control, Expires. A targeted
 * field that is no dictionary, empty, or of wrong types is as good as absent.
 */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { isBlank, readDeltaSeconds } from '../lib/bytes.ts';
import { absent, Directives, invalid, qualifiedNames } from '../lib/cache-control.ts';
import { invalidDate, parseHttpDate } from '../lib/http-date.ts';
import { ListCursor } from '../lib/list.ts';
import { parseDictionary } from '../lib/structured-field.ts';

const cacheControlId = knownId('cache-control');
const surrogateControlId = knownId('surrogate-control');
const expiresId = knownId('expires');
const dateId = knownId('date');
const ageId = knownId('age');
const lastModifiedId = knownId('last-modified');

/** In order of precedence. The first two are for this cache alone and are not forwarded. */
export const targetedIds: readonly number[] = [
  knownId('parapet-cache-control'),
  knownId('cloudflare-cdn-cache-control'),
  knownId('cdn-cache-control'),
];
const ownIds = targetedIds.slice(0, 2);

export const controlSource = { none: 0, targeted: 1, surrogate: 2, cacheControl: 3 } as const;

const surrogateTarget = 'parapet';

export class ResponseControl {
  readonly directives = new Directives();
  source: number = controlSource.none;
  /** Freshness lifetime from explicit information in seconds, `absent` where there is none. */
  explicitSeconds: number = absent;
  /** Value of Date, or the time of receipt. */
  dateSeconds = 0;
  /** Value of Age, 0 where there is none or it is no number (RFC 9111 5.1). */
  ageSeconds = 0;
  /** Where the directives were read: the message, or for a 304 the stored head that it leaves unchanged. */
  #head: HeadView | undefined;
  #older: HeadView | undefined;
  readonly #dates = new DateMemory();

  /**
   * @param older the stored head that a 304 updates: a field that the 304 does not carry is taken from there
   */
  read(head: HeadView, older: HeadView | undefined, now: number): this {
    this.#head = head;
    this.#older = older;
    this.directives.clear();
    this.source = controlSource.none;
    this.explicitSeconds = absent;
    this.#readTimes(head, now);
    if (!this.#readTargeted()) {
      if (!this.#readSurrogate()) this.#readCacheControl();
      this.#readExpires(now);
    }
    return this;
  }

  #holderOf(id: number): HeadView | undefined {
    if (this.#head!.has(id)) return this.#head;
    return this.#older?.has(id) ? this.#older : undefined;
  }

  /** Value of Last-Modified, -1 where there is none. */
  lastModifiedSeconds(now: number): number {
    const holder = this.#holderOf(lastModifiedId);
    return holder === undefined ? invalidDate : dateOf(holder, lastModifiedId, now);
  }

  #readTimes(head: HeadView, now: number): void {
    const date = this.#dates.read(head, now);
    this.dateSeconds = date === invalidDate ? now : date;
    this.ageSeconds = head.has(ageId) ? firstAge(head) : 0;
  }

  #readTargeted(): boolean {
    for (let index = 0; index < targetedIds.length; index += 1) {
      const id = targetedIds[index]!;
      const holder = this.#holderOf(id);
      if (holder !== undefined && addDictionary(this.directives, holder.joinedText(id) ?? '')) {
        this.source = controlSource.targeted;
        this.#takeLifetime();
        return true;
      }
      this.directives.clear();
    }
    return false;
  }

  #readSurrogate(): boolean {
    const holder = this.#holderOf(surrogateControlId);
    if (holder === undefined) return false;
    this.source = controlSource.surrogate;
    addSurrogate(this.directives, holder.joinedText(surrogateControlId) ?? '');
    this.#takeLifetime();
    return true;
  }

  #readCacheControl(): void {
    const holder = this.#holderOf(cacheControlId);
    if (holder === undefined) return;
    this.source = controlSource.cacheControl;
    addLines(this.directives, holder, cacheControlId);
    this.#takeLifetime();
  }

  #takeLifetime(): void {
    const { sMaxage, maxAge } = this.directives;
    const seconds = sMaxage === absent ? maxAge : sMaxage;
    // RFC 9111 4.2.1: invalid freshness information makes a response stale.
    this.explicitSeconds = seconds === invalid ? 0 : seconds;
  }

  #readExpires(now: number): void {
    if (this.explicitSeconds !== absent) return;
    const holder = this.#holderOf(expiresId);
    if (holder === undefined) return;
    const expires = dateOf(holder, expiresId, now);
    // RFC 9111 5.3: an invalid date, "0" above all, means already expired.
    this.explicitSeconds = expires === invalidDate ? 0 : Math.max(0, expires - this.dateSeconds);
  }

  /** Names of the fields that `private` or `no-cache` lists; only where the bit says that there are any. */
  qualifiedNames(name: 'no-cache' | 'private'): string[] {
    if (this.source === controlSource.targeted) {
      for (const id of targetedIds) {
        const item = parseDictionary(this.#holderOf(id)?.joinedText(id) ?? '')?.get(name);
        if (item?.type === 'string') return splitNames(item.value);
      }
      return [];
    }
    const id = this.source === controlSource.surrogate ? surrogateControlId : cacheControlId;
    const holder = this.#holderOf(id);
    const found: string[] = [];
    if (holder === undefined) return found;
    for (let field = holder.find(id); field !== noField; field = holder.findNext(id, field)) {
      found.push(...qualifiedNames(holder.valueText(field), name));
    }
    return found;
  }

  /** Whether the message carries a field that is meant for this cache and goes no further. */
  static hasOwnField(head: HeadView): boolean {
    return head.has(ownIds[0]!) || head.has(ownIds[1]!);
  }
}

function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/** All lines of a field as directives. */
export function addLines(directives: Directives, head: HeadView, id: number): void {
  const { bytes } = head.arena;
  for (let field = head.find(id); field !== noField; field = head.findNext(id, field)) {
    directives.addLine(bytes, head.valueOffset(field), head.valueLength(field));
  }
}

/** The date in the first line of a field, or -1. */
export function dateOf(head: HeadView, id: number, now: number): number {
  const field = head.find(id);
  if (field === noField) return invalidDate;
  return parseHttpDate(head.arena.bytes, head.valueOffset(field), head.valueLength(field), now);
}

const fixdateBytes = 29;

/** Remembers the last Date that was read: all responses of one second carry the same. */
class DateMemory {
  readonly #text = new Uint8Array(fixdateBytes);
  #seconds: number = invalidDate;

  read(head: HeadView, now: number): number {
    const field = head.find(dateId);
    if (field === noField) return invalidDate;
    const { bytes } = head.arena;
    const offset = head.valueOffset(field);
    const length = head.valueLength(field);
    if (length !== fixdateBytes) return parseHttpDate(bytes, offset, length, now);
    const text = this.#text;
    // From the end, where dates differ.
    let at = fixdateBytes - 1;
    while (at >= 0 && bytes[offset + at] === text[at]) at -= 1;
    if (at < 0) return this.#seconds;
    for (at = 0; at < fixdateBytes; at += 1) text[at] = bytes[offset + at]!;
    this.#seconds = parseHttpDate(bytes, offset, length, now);
    return this.#seconds;
  }
}

const ageCursor = new ListCursor();

/** RFC 9111 5.1: the first member counts; what is not a number is ignored. */
function firstAge(head: HeadView): number {
  const field = head.find(ageId);
  const { bytes } = head.arena;
  ageCursor.start(bytes, head.valueOffset(field), head.valueLength(field));
  if (!ageCursor.next()) return 0;
  return Math.max(0, readDeltaSeconds(bytes, ageCursor.offset, ageCursor.length));
}

/** RFC 9213 2.1; false: ignore the field. */
function addDictionary(directives: Directives, text: string): boolean {
  const dictionary = parseDictionary(text);
  if (dictionary === undefined || dictionary.size === 0) return false;
  for (const [name, item] of dictionary) {
    if (item.type === 'boolean' && !item.value) continue;
    const argument =
      item.type === 'boolean' || item.type === 'integer' || item.type === 'string' ? item.value : Number.NaN;
    const isUsable = typeof argument !== 'number' || !Number.isNaN(argument);
    if (!directives.addNamed(name, isUsable ? (argument as number | string | true) : '')) return false;
  }
  return true;
}

/** The W3C note "Edge Architecture": directives with an optional target after a semicolon; ours is the cache's name. */
function addSurrogate(directives: Directives, text: string): void {
  directives.isPresent = true;
  for (const member of text.split(',')) {
    const [given = '', target] = member.split(';');
    if (target !== undefined && target.trim().toLowerCase() !== surrogateTarget) continue;
    const bytes = Buffer.from(given.trim(), 'latin1');
    // `max-age=600+600` allows staleness after the first number; only the first counts here.
    const plus = given.trim().indexOf('+');
    directives.addLine(bytes, 0, plus < 0 ? bytes.length : plus);
  }
}

/** Directives of a request (RFC 9111 5.2.1); Pragma counts where there is no Cache-Control (5.4). */
export function readRequestControl(directives: Directives, head: HeadView): Directives {
  directives.clear();
  if (head.has(cacheControlId)) addLines(directives, head, cacheControlId);
  else if (head.has(pragmaId)) addPragma(directives, head);
  return directives;
}

const pragmaId = knownId('pragma');

function addPragma(directives: Directives, head: HeadView): void {
  const field = head.find(pragmaId);
  const { bytes } = head.arena;
  let length = head.valueLength(field);
  const offset = head.valueOffset(field);
  while (length > 0 && isBlank(bytes[offset + length - 1]!)) length -= 1;
  if (head.arena.text(offset, length).toLowerCase() === 'no-cache') directives.addLine(bytes, offset, length);
}

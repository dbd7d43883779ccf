/**
 * The request at hand as fields see it: the head and the event, and what rules have rewritten. Nothing is read before it
 * is asked for.
 */
import type { Arena } from '../../engine/arena.ts';
import { eventWord, headWord, methodId, methods } from '../../engine/contract.ts';
import type { EventView } from '../../engine/event-view.ts';
import { type HeadView, noField } from '../../engine/head-view.ts';
import { addressBytes } from '../../lib/ip.ts';
import { Address } from '../address.ts';
import { HeaderIndex } from './header-index.ts';
import { type Lines, type Pairs, parseArguments, parseCookies } from './pairs.ts';
import { ResponseState } from './response.ts';

/** Where a listener accepts, for cf.edge.server_ip and cf.edge.server_port; by listener index of the event. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** What is known of where an address is. */
export interface ClientPlace {
  /** ISO 3166-1 alpha-2; `XX`: not known. */
  readonly country: string;
  /** Two letters; empty: not known. */
  readonly continent: string;
  readonly isInEuropeanUnion: boolean;
}

/** Place of the address whose 16 bytes begin at the offset. */
export type FindPlace = (bytes: Uint8Array, offset: number) => ClientPlace;

const nowhere: ClientPlace = { country: 'XX', continent: '', isInEuropeanUnion: false };

export class RequestState {
  readonly headers = new HeaderIndex();
  readonly response = new ResponseState();
  readonly #servers: readonly (ServerAddress & { readonly ip: Address | null })[];
  readonly #findPlace: FindPlace;
  readonly #client = new Address();
  #head: HeadView | null = null;
  #event: EventView | null = null;
  nowMs = 0;
  /** Rewritten parts; null: as received. */
  #path: string | null = null;
  #query: string | null = null;
  #isQueryRewritten = false;
  /** Rewritten request fields: their lines, none where a field was removed. */
  #edited: Map<string, Lines> | null = null;
  /** Maps, made where they are first asked for. */
  #arguments: Pairs | null = null;
  #rawArguments: Pairs | null = null;
  #cookies: Pairs | null = null;
  #fields: Pairs | null = null;

  constructor(servers: readonly ServerAddress[], findPlace: FindPlace = () => nowhere) {
    this.#findPlace = findPlace;
    this.#servers = servers.map((one) => ({ ...one, ip: serverIp(one.address) }));
  }

  begin(head: HeadView, event: EventView, nowMs: number): void {
    this.#head = head;
    this.#event = event;
    this.nowMs = nowMs;
    this.#path = null;
    this.#query = null;
    this.#isQueryRewritten = false;
    this.#edited = null;
    this.#rawArguments = null;
    this.#forget();
    this.response.begin(null);
    this.headers.reset();
  }

  #forget(): void {
    this.#arguments = null;
    this.#cookies = null;
    this.#fields = null;
  }

  get head(): HeadView {
    return this.#head!;
  }

  get arena(): Arena {
    return this.head.arena;
  }

  get event(): EventView {
    return this.#event!;
  }

  get isTls(): boolean {
    return this.event.isTls;
  }

  get isUriRewritten(): boolean {
    return this.#path !== null || this.#isQueryRewritten;
  }

  get areHeadersRewritten(): boolean {
    return this.#edited !== null;
  }

  rewritePath(path: string): void {
    this.#path = path;
    this.#forget();
  }

  rewriteQuery(query: string | null): void {
    this.#query = query;
    this.#isQueryRewritten = true;
    this.#forget();
  }

  rewriteHeader(name: string, lines: Lines | null): void {
    this.#edited ??= new Map();
    this.#edited.set(name, lines ?? []);
    this.#forget();
  }

  get method(): string {
    const id = this.head.code;
    return id === methodId.other ? this.head.spanText(headWord.methodOffset) : methods[id]!;
  }

  get version(): string {
    const version = this.head.word(headWord.version);
    if (version === 11) return 'HTTP/1.1';
    if (version === 10) return 'HTTP/1.0';
    return `HTTP/${version / 10}`;
  }

  get host(): string {
    return this.arena.text(this.head.authorityOffset, this.head.word(headWord.hostLength));
  }

  get path(): string {
    return this.#path ?? this.rawPath;
  }

  get rawPath(): string {
    return this.head.spanText(headWord.pathOffset);
  }

  /** Query without "?"; empty where there is none. */
  get query(): string {
    return this.#isQueryRewritten ? (this.#query ?? '') : this.rawQuery;
  }

  get rawQuery(): string {
    return this.head.hasQuery ? this.head.spanText(headWord.queryOffset) : '';
  }

  get uri(): string {
    if (!this.isUriRewritten) return this.rawUri;
    const query = this.#isQueryRewritten ? this.#query : this.#receivedQuery;
    return query === null ? this.path : `${this.path}?${query}`;
  }

  get #receivedQuery(): string | null {
    return this.head.hasQuery ? this.rawQuery : null;
  }

  get rawUri(): string {
    if (this.isUriInOnePiece)
      return this.arena.text(this.head.spanOffset(headWord.pathOffset), this.rawUriLength);
    return `${this.rawPath}?${this.rawQuery}`;
  }

  /** Whether path, "?" and query stand one behind the other in what was received; `http://host?query` has no path there. */
  get isUriInOnePiece(): boolean {
    const { head } = this;
    const end = head.word(headWord.pathOffset) + head.word(headWord.pathLength);
    return !head.hasQuery || head.word(headWord.queryOffset) === end + 1;
  }

  get rawUriLength(): number {
    const { head } = this;
    const path = head.word(headWord.pathLength);
    return head.hasQuery ? path + 1 + head.word(headWord.queryLength) : path;
  }

  get origin(): string {
    return `${this.isTls ? 'https' : 'http'}://${this.head.authorityText}`;
  }

  get arguments(): Pairs {
    this.#arguments ??= parseArguments(this.query);
    return this.#arguments;
  }

  get rawArguments(): Pairs {
    this.#rawArguments ??= parseArguments(this.rawQuery);
    return this.#rawArguments;
  }

  get cookies(): Pairs {
    this.#cookies ??= parseCookies(this.lines('cookie') ?? []);
    return this.#cookies;
  }

  get ip(): Address | null {
    const offset = this.event.word(eventWord.clientAddress);
    // The 16 bytes behind the peer's address are the client's (contract, eventWord.clientAddress).
    return offset === 0 ? null : this.#client.take(this.arena.bytes, offset + addressBytes);
  }

  get place(): ClientPlace {
    const offset = this.event.word(eventWord.clientAddress);
    return offset === 0 ? nowhere : this.#findPlace(this.arena.bytes, offset + addressBytes);
  }

  get #server(): (ServerAddress & { readonly ip: Address | null }) | undefined {
    return this.#servers[this.event.word(eventWord.listener)];
  }

  get serverIp(): Address | null {
    return this.#server?.ip ?? null;
  }

  get serverPort(): number | null {
    return this.#server?.port ?? null;
  }

  /** Always false: a head that is larger than its limits is refused. */
  get areHeadersTruncated(): boolean {
    return false;
  }

  /** First line of a request field, null where there is none. */
  firstLine(name: string): string | null {
    if (this.#edited !== null) return this.lines(name)?.[0] ?? null;
    const { head, headers } = this;
    const field = headers.first(head, headers.bind(name));
    return field === noField ? null : head.valueText(field);
  }

  /** Lines of a request field, null where there is none. */
  lines(name: string): Lines | null {
    const edited = this.#edited?.get(name);
    if (edited !== undefined) return edited.length === 0 ? null : edited;
    const { head, headers } = this;
    const number = headers.bind(name);
    let field = headers.first(head, number);
    if (field === noField) return null;
    const lines = [head.valueText(field)];
    for (field = headers.next(head, number, field); field !== noField; ) {
      lines.push(head.valueText(field));
      field = headers.next(head, number, field);
    }
    return lines;
  }

  /** All fields in the order of the head; rewritten ones at the end. */
  get fields(): Pairs {
    this.#fields ??= this.#readFields();
    return this.#fields;
  }

  #readFields(): Pairs {
    const map = new Map<string, string[]>();
    const { head } = this;
    for (let index = 0; index < head.fieldCount; index += 1) {
      const field = head.fieldAt(index);
      const name = head.nameText(field);
      const lines = map.get(name);
      if (lines === undefined) map.set(name, [head.valueText(field)]);
      else lines.push(head.valueText(field));
    }
    for (const [name, lines] of this.#edited ?? []) {
      map.delete(name);
      if (lines.length > 0) map.set(name, [...lines]);
    }
    return map;
  }
}

function serverIp(text: string): Address | null {
  const address = Address.parse(text.replace(/^\[|\]$/g, ''));
  // A listener on all addresses does not tell which one was connected to.
  const isAny = text === '0.0.0.0' || text === '::' || text === '[::]';
  return address === undefined || isAny ? null : address;
}

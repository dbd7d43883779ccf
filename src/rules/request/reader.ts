/** The reader of request fields: each is read at most once per exchange, and handed to the prefilter as bytes. */
import type { EventView } from '../../engine/event-view.ts';
import type { HeadView } from '../../engine/head-view.ts';
import type { ByteSource, Element, FieldReader, IpWords, MapValue, Slot } from '../protocol.ts';
import type { Lines } from './pairs.ts';
import { RequestScanner } from './scanner.ts';
import { type FieldValue, readSlot, type SlotReader } from './slots.ts';
import { type FindPlace, RequestState, type ServerAddress } from './state.ts';

const epochMax = 2 ** 30;

/**
 * Reads request fields from the head and the event of the exchange at hand. One per snapshot and thread, shared by all
 * matchers of that snapshot.
 */
export class RequestReader implements FieldReader {
  /** 0 only before the first exchange. */
  epoch = 0;
  readonly scanner: ByteSource;
  readonly #state: RequestState;
  readonly #ids = new Map<string, number>();
  readonly #readers: SlotReader[] = [];
  /** Values of the exchange at hand; undefined: not read. */
  readonly #values: (FieldValue | undefined)[] = [];
  /** Slots that were read, to be forgotten. */
  readonly #read: number[] = [];
  #readCount = 0;

  constructor(servers: readonly ServerAddress[], findPlace?: FindPlace) {
    this.#state = new RequestState(servers, findPlace);
    this.scanner = new RequestScanner(this.#state);
  }

  /** Takes up an exchange. The views must stay where they are while its expressions are evaluated. */
  begin(head: HeadView, event: EventView, nowMs: number): void {
    this.#state.begin(head, event, nowMs);
    this.#forget();
  }

  /** What a rule has rewritten, as latin1 text; the raw fields stay. */
  rewritePath(path: string): void {
    this.#state.rewritePath(path);
    this.#forget();
  }

  /** null: there is no query any more. */
  rewriteQuery(query: string | null): void {
    this.#state.rewriteQuery(query);
    this.#forget();
  }

  /** All lines of a request field, name in lower case; null removes it. */
  rewriteHeader(name: string, lines: Lines | null): void {
    this.#state.rewriteHeader(name, lines);
    this.#forget();
  }

  /** The response of the exchange at hand. The view must stay where it is. */
  takeResponse(head: HeadView): void {
    this.#state.response.begin(head);
    this.#forget();
  }

  bind(slot: Slot): number {
    const key = JSON.stringify([slot.field, slot.key ?? null, slot.at ?? null]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#readers.length;
      this.#ids.set(key, id);
      this.#readers.push(readSlot(slot, this.#state));
      this.#values.push(undefined);
    }
    return id;
  }

  text(id: number): string | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as string | null;
  }

  int(id: number): number | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as number | null;
  }

  truth(id: number): boolean | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as boolean | null;
  }

  ip(id: number): IpWords | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as IpWords | null;
  }

  list(id: number): readonly Element[] | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as readonly Element[] | null;
  }

  map(id: number): ReadonlyMap<string, MapValue> | null {
    const value = this.#values[id];
    return (value === undefined ? this.#load(id) : value) as ReadonlyMap<string, MapValue> | null;
  }

  #load(id: number): FieldValue {
    const value = this.#readers[id]!(this.#state);
    this.#values[id] = value;
    this.#read[this.#readCount] = id;
    this.#readCount += 1;
    return value;
  }

  #forget(): void {
    for (let index = 0; index < this.#readCount; index += 1) this.#values[this.#read[index]!] = undefined;
    this.#readCount = 0;
    this.epoch = this.epoch >= epochMax ? 1 : this.epoch + 1;
  }
}

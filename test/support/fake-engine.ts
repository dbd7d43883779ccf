/**
 * The engine's side of the contract in plain TypeScript, for tests of the policy: it lays heads and events out in an
 * arena of its own, lets the policy decide the batch, and reads the commands back. What it stores, it keeps in a Map.
 */

import {
  commandKind,
  commandWord,
  commandWords,
  controlWord,
  eventKind,
  eventWord,
  eventWords,
  fieldWords,
  headFlag,
  headWord,
  headWords,
  keyExtendingNames,
  knownMaskIds,
  methods,
  objectFlag,
  storeState,
} from '../../src/engine/contract.ts';
import { decodeEdits, type Edit } from '../../src/engine/edits.ts';
import { knownId } from '../../src/engine/head-view.ts';
import type { EnginePorts } from '../../src/engine/ports.ts';
import { addressBytes, formatIp, parseIp } from '../../src/lib/ip.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface RequestHead {
  method?: string;
  target?: string;
  version?: 10 | 11;
  fields?: Fields;
}

export interface ResponseHead {
  status: number;
  fields?: Fields;
}

/** What stands under a key in the store of the fake engine. */
export interface Stored {
  object: number;
  generation: number;
  status: number;
  fields: [string, string][];
  body: string;
  storedAt: number;
  freshUntil: number;
  staleWhileRevalidateUntil: number;
  staleIfErrorUntil: number;
  flags: number;
  ageAtStore: number;
}

/** A command, decoded. */
export interface Command {
  kind: keyof typeof commandKind;
  word(name: keyof typeof commandWord): number;
  flags: number;
  edits: Edit[];
  storeEdits: Edit[];
  key: string;
  /** Of a fetch; empty: the request's own. */
  target: string;
  body: string;
}

const offsets = {
  events: 4096,
  commands: 16_384,
  lateCommands: 49_152,
  out: 65_536,
  lateOut: 327_680,
  reply: 393_216,
};
const scratchOffset = 524_288;
const memoryBytes = 2_097_152;
const kindNames = Object.keys(commandKind) as (keyof typeof commandKind)[];
const defaultOutBytes = 262_144;

export class FakeEngine {
  readonly memory = new ArrayBuffer(memoryBytes);
  readonly words = new Int32Array(this.memory);
  readonly bytes = new Uint8Array(this.memory);
  readonly store = new Map<string, Stored>();
  readonly purged: string[] = [];
  /** Seconds since 1970, and milliseconds within the second. */
  now = 1_800_000_000;
  milliseconds = 0;
  /** Calls of the ports. */
  lookups = 0;
  #scratch = scratchOffset;
  #events = 0;
  #nextObject = 1;
  #nextGeneration = 100;
  readonly #buffer = Buffer.from(this.memory);

  constructor(outBytes = defaultOutBytes) {
    const { words } = this;
    words[controlWord.arenaBytes] = memoryBytes;
    words[controlWord.eventsOffset] = offsets.events;
    words[controlWord.eventsMax] = 64;
    words[controlWord.commandsOffset] = offsets.commands;
    words[controlWord.commandsMax] = 128;
    words[controlWord.outOffset] = offsets.out;
    words[controlWord.outBytes] = outBytes;
    words[controlWord.lateCommandsOffset] = offsets.lateCommands;
    words[controlWord.lateCommandsMax] = 64;
    words[controlWord.lateOutOffset] = offsets.lateOut;
    words[controlWord.lateOutBytes] = 65_536;
    words[controlWord.replyOffset] = offsets.reply;
    words[controlWord.replyBytes] = 131_072;
  }

  readonly ports: EnginePorts = {
    lookup: (offset, length) => {
      this.lookups += 1;
      return this.#answer(this.#text(offset, length), offsets.reply);
    },
    readStoredHead: (object, generation) => {
      const stored = this.byHandle(object, generation);
      if (stored === undefined) return 0;
      const head = { status: stored.status, fields: stored.fields };
      return this.#writeHead(
        offsets.reply + 64,
        `HTTP/1.1 ${head.status} Stored\r\n`,
        head.status,
        head.fields,
        0,
      );
    },
    putMarker: (offset, length, flags, freshUntil, bodyOffset, bodyLength) => {
      const key = this.#text(offset, length);
      const lines = this.#text(bodyOffset, bodyLength).split('\r\n');
      const fields = lines.filter((line) => line !== '').map((line) => line.split(': ') as [string, string]);
      const present = this.store.get(key);
      const isSame =
        (flags & objectFlag.varyMarker) !== 0 && JSON.stringify(present?.fields) === JSON.stringify(fields);
      if (isSame && present !== undefined) return present.generation;
      return this.put(key, { status: 200, fields, flags, freshUntil: freshUntil >>> 0 }).generation;
    },
    purge: (offset, length) => {
      const key = this.#text(offset, length);
      this.purged.push(key);
      return this.store.delete(key) ? 1 : 0;
    },
  };

  /** Puts something into the store by hand. */
  put(key: string, given: Partial<Stored>): Stored {
    const stored: Stored = {
      object: this.#nextObject,
      generation: this.#nextGeneration,
      status: 200,
      fields: [],
      body: '',
      storedAt: this.now,
      freshUntil: this.now,
      staleWhileRevalidateUntil: 0,
      staleIfErrorUntil: 0,
      flags: 0,
      ageAtStore: 0,
      ...given,
    };
    this.#nextObject += 1;
    this.#nextGeneration += 1;
    this.store.set(key, stored);
    return stored;
  }

  byHandle(object: number, generation: number): Stored | undefined {
    return [...this.store.values()].find((one) => one.object === object && one.generation === generation);
  }

  /** Begins a batch: what the arena held for the last one is gone. */
  begin(): void {
    this.bytes.fill(0xdb, scratchOffset, this.#scratch);
    this.#scratch = scratchOffset;
    this.#events = 0;
    this.words[controlWord.commandCount] = 0;
    this.words[controlWord.outUsed] = 0;
    this.words[controlWord.eventCursor] = 0;
    this.words[controlWord.nowSeconds] = this.now | 0;
    this.words[controlWord.nowMilliseconds] = this.milliseconds;
  }

  /** Adds an event; words that are not given are 0. Returns its number in the batch. */
  event(kind: keyof typeof eventKind, given: Partial<Record<keyof typeof eventWord, number>>): number {
    const base = (offsets.events >> 2) + this.#events * eventWords;
    this.words.fill(0, base, base + eventWords);
    this.words[base + eventWord.kind] = eventKind[kind];
    for (const [name, value] of Object.entries(given)) {
      this.words[base + eventWord[name as keyof typeof eventWord]] = value | 0;
    }
    this.#events += 1;
    return this.#events - 1;
  }

  /** Writes the answer of the store for a key into an event, as the engine does for the early key. */
  lookUpInto(index: number, key: string): void {
    this.#answer(key, offsets.events + index * eventWords * 4 + eventWord.storeState * 4);
  }

  /** Lets the policy decide the batch and reads its commands. */
  run(onBatch: () => void): Command[] {
    this.words[controlWord.eventCount] = this.#events;
    onBatch();
    return this.commands();
  }

  commands(): Command[] {
    const count = this.words[controlWord.commandCount]!;
    return Array.from({ length: count }, (_, index) => this.#decode(index));
  }

  /** The peer's address, and behind it the client's: at first the same. */
  address(peer: string, client = peer): number {
    const offset = this.#take(addressBytes * 2);
    for (const [at, text] of [peer, client].entries())
      if (!parseIp(text, this.bytes, offset + at * addressBytes)) throw new Error(`${text} is no address`);
    return offset;
  }

  /** The client's address as the record would have it. */
  recordedAddress(offset: number): string {
    return formatIp(this.bytes, offset + addressBytes);
  }

  request(head: RequestHead): number {
    const method = head.method ?? 'GET';
    const target = head.target ?? '/';
    const line = `${method} ${target} HTTP/1.${(head.version ?? 11) - 10}\r\n`;
    const id = Math.max(0, methods.indexOf(method as (typeof methods)[number]));
    const table = this.#writeHead(this.#take(65_536), line, id, head.fields ?? [], head.version ?? 11);
    const at = table >> 2;
    const set = (word: number, value: number): void => {
      this.words[at + word] = value;
    };
    const question = target.indexOf('?');
    const path = question < 0 ? target : target.slice(0, question);
    set(headWord.methodLength, method.length);
    set(headWord.targetOffset, method.length + 1);
    set(headWord.targetLength, target.length);
    set(headWord.pathOffset, method.length + 1);
    set(headWord.pathLength, path.length);
    if (question >= 0) {
      set(headWord.queryOffset, method.length + 1 + question + 1);
      set(headWord.queryLength, target.length - question - 1);
      this.words[at + headWord.flags]! |= headFlag.hasQuery;
    }
    this.#writeAuthority(table, (head.fields ?? []).find(([name]) => name === 'host')?.[1] ?? '');
    const extends_ = (head.fields ?? []).some(([name]) => keyExtendingNames.some((known) => known === name));
    if (extends_) this.words[at + headWord.flags]! |= headFlag.extendsKey;
    return table;
  }

  response(head: ResponseHead): number {
    const line = `HTTP/1.1 ${head.status} Whatever\r\n`;
    return this.#writeHead(this.#take(65_536), line, head.status, head.fields ?? [], 11);
  }

  #writeAuthority(table: number, host: string): void {
    const at = table >> 2;
    const authority = host.toLowerCase();
    const used = this.words[at + headWord.tableBytes]!;
    this.#buffer.write(authority, table + used, 'latin1');
    const port = /:(\d+)$/.exec(authority)?.[1];
    this.words[at + headWord.authorityOffset] = used;
    this.words[at + headWord.authorityLength] = authority.length;
    this.words[at + headWord.hostLength] =
      port === undefined ? authority.length : authority.length - port.length - 1;
    this.words[at + headWord.port] = Number(port ?? 0);
    if (authority !== '') this.words[at + headWord.flags]! |= headFlag.hasHost;
  }

  /** Raw bytes at `offset`, the table 32 KiB behind them. */
  #writeHead(offset: number, line: string, code: number, fields: Fields, version: number): number {
    const table = offset + 32_768;
    const at = table >> 2;
    this.words.fill(0, at, at + headWords);
    let raw = line;
    let low = 0;
    let high = 0;
    for (const [index, [name, value]] of fields.entries()) {
      const id = knownId(name);
      const entry = at + headWords + index * fieldWords;
      this.words[entry] = id | (name.length << 8);
      this.words[entry + 1] = raw.length;
      this.words[entry + 2] = raw.length + name.length + 2;
      this.words[entry + 3] = value.length;
      if (id > 0 && id < 32) low |= 1 << id;
      if (id >= 32 && id <= knownMaskIds) high |= 1 << (id - 32);
      raw += `${name}: ${value}\r\n`;
    }
    raw += '\r\n';
    this.#buffer.write(raw, offset, 'latin1');
    this.words[at + headWord.rawOffset] = offset;
    this.words[at + headWord.rawLength] = raw.length;
    this.words[at + headWord.version] = version;
    this.words[at + headWord.code] = code;
    this.words[at + headWord.knownLow] = low;
    this.words[at + headWord.knownHigh] = high;
    this.words[at + headWord.fieldCount] = fields.length;
    this.words[at + headWord.tableBytes] = (headWords + fields.length * fieldWords) * 4;
    return table;
  }

  #answer(key: string, offset: number): number {
    const stored = this.store.get(key);
    const state = stateOf(stored, this.now);
    const at = (offset >> 2) - eventWord.storeState;
    const set = (word: number, value: number): void => {
      this.words[at + word] = value | 0;
    };
    for (let word = eventWord.storeState; word <= eventWord.objectBodyHigh; word += 1) set(word, 0);
    set(eventWord.storeState, state);
    if (stored === undefined || state === storeState.miss || state === storeState.pass) return state;
    set(eventWord.object, stored.object);
    set(eventWord.objectGeneration, stored.generation);
    set(eventWord.storedAt, stored.storedAt);
    set(eventWord.freshUntil, stored.freshUntil);
    set(eventWord.staleWhileRevalidateUntil, stored.staleWhileRevalidateUntil);
    set(eventWord.staleIfErrorUntil, stored.staleIfErrorUntil);
    set(eventWord.objectFlags, stored.flags);
    set(eventWord.ageAtStore, stored.ageAtStore);
    set(eventWord.objectStatus, stored.status);
    set(eventWord.objectBodyLow, stored.body.length);
    return state;
  }

  #decode(index: number): Command {
    const at = (offsets.commands >> 2) + index * commandWords;
    const word = (name: keyof typeof commandWord): number => this.words[at + commandWord[name]]!;
    const span = (offset: keyof typeof commandWord, length: keyof typeof commandWord): Uint8Array =>
      this.bytes.slice(word(offset), word(offset) + word(length));
    return {
      kind: kindNames.find((name) => commandKind[name] === word('kind'))!,
      word,
      flags: word('flags'),
      edits: decodeEdits(span('editsOffset', 'editsLength')),
      storeEdits: decodeEdits(span('storeEditsOffset', 'storeEditsLength')),
      key: Buffer.from(span('keyOffset', 'keyLength')).toString('latin1'),
      target: Buffer.from(span('targetOffset', 'targetLength')).toString('latin1'),
      body: Buffer.from(span('bodyOffset', 'bodyLength')).toString(),
    };
  }

  #take(length: number): number {
    const offset = (this.#scratch + 15) & ~15;
    if (offset + length > memoryBytes) throw new Error('the scratch of the fake engine is full');
    this.#scratch = offset + length;
    return offset;
  }

  #text(offset: number, length: number): string {
    return this.#buffer.toString('latin1', offset, offset + length);
  }
}

function stateOf(stored: Stored | undefined, now: number): number {
  if (stored === undefined) return storeState.miss;
  const isMarker = (stored.flags & (objectFlag.varyMarker | objectFlag.passMarker)) !== 0;
  if (isMarker && stored.freshUntil <= now) return storeState.miss;
  if ((stored.flags & objectFlag.varyMarker) !== 0) return storeState.varies;
  return (stored.flags & objectFlag.passMarker) !== 0 ? storeState.pass : storeState.object;
}

/** The early key as the engine makes it. */
export function earlyKey(zoneKey: number, host: string, target: string, isTls = false): string {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(zoneKey);
  return `${word.toString('latin1')}${isTls ? 's' : 'h'}${host.toLowerCase()}\0${target}`;
}

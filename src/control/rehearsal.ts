/**
 * Lets the policy decide one request without an engine: an arena with one event and one head, laid out as the contract
 * says, and a store in which there is nothing, or the one of the process. What comes out is what a worker would have decided.
 */
import {
  commandKind,
  commandWord,
  commandWords,
  controlWord,
  eventFlag,
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
  storeState,
} from '../engine/contract.ts';
import { decodeEdits, type Edit } from '../engine/edits.ts';
import { knownId } from '../engine/head-view.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { addressBytes, parseIp } from '../lib/ip.ts';
import { StoredEntry } from '../pipeline/index.ts';

export interface RehearsedRequest {
  method: string;
  isTls: boolean;
  /** As in Host: with its port where it is not the scheme's own. */
  authority: string;
  port: number;
  path: string;
  query: string | undefined;
  /** Names in lower case; without Host. */
  fields: readonly (readonly [name: string, value: string])[];
  ip: string;
}

/** What stands under a key: the words from `eventWord.storeState` on, and the field lines, as `Binding.storeLookup` gives them. */
export type AskStore = (key: Uint8Array) => { words: readonly number[]; lines: string };

export interface RehearsedCommand {
  kind: keyof typeof commandKind;
  word: (name: keyof typeof commandWord) => number;
  edits: Edit[];
  /** Target that the origin is asked for; empty: the request's own. */
  target: string;
  body: string;
}

const at = { events: 4096, commands: 8192, out: 65_536, reply: 393_216, heads: 458_752 };
const memoryBytes = 1_048_576;
/** Named alike by a fetch and by the events about it. */
const pieceWords = [
  'pieceKind',
  'pieceMarker',
  'pieceFirstLow',
  'pieceFirstHigh',
  'pieceEndLow',
  'pieceEndHigh',
] as const;
const kindNames = Object.keys(commandKind) as (keyof typeof commandKind)[];
const slot = 1;
const generation = 1;

export class Rehearsal {
  readonly memory = new ArrayBuffer(memoryBytes);
  /** Keys that the store was asked for, and what stood there. */
  readonly keys: Buffer[] = [];
  readonly found: StoredEntry[] = [];
  readonly #lines = new Map<number, string>();
  readonly ports: EnginePorts;
  readonly #words = new Int32Array(this.memory);
  readonly #bytes = Buffer.from(this.memory);
  readonly #request: number;
  readonly #address: number;
  readonly #isTls: boolean;
  readonly #snapshot: number;
  #end = at.heads;

  readonly #listener: number;

  /**
   * @param snapshot id that the exchange begins under; its zone is the first
   * @param listener number of the listener that the request came through
   * @param store undefined: there is nothing in it
   */
  constructor(
    request: RehearsedRequest,
    snapshot: number,
    listener: number,
    nowMs: number,
    store?: AskStore,
  ) {
    const words = this.#words;
    words[controlWord.arenaBytes] = memoryBytes;
    words[controlWord.eventsOffset] = at.events;
    words[controlWord.eventsMax] = 1;
    words[controlWord.commandsOffset] = at.commands;
    words[controlWord.commandsMax] = 64;
    words[controlWord.outOffset] = at.out;
    words[controlWord.outBytes] = at.reply - at.out;
    words[controlWord.replyOffset] = at.reply;
    words[controlWord.replyBytes] = at.heads - at.reply;
    words[controlWord.eventCount] = 1;
    words[controlWord.nowSeconds] = Math.floor(nowMs / 1000) | 0;
    words[controlWord.nowMilliseconds] = nowMs % 1000;
    this.#isTls = request.isTls;
    this.#snapshot = snapshot;
    this.#listener = listener;
    this.#address = this.#take(2 * addressBytes);
    parseIp(request.ip, this.#bytes, this.#address);
    this.#bytes.copyWithin(this.#address + addressBytes, this.#address, this.#address + addressBytes);
    this.#request = this.#layRequest(request);
    this.ports = {
      lookup: (offset, length) => {
        const key = Buffer.from(this.#bytes.subarray(offset, offset + length));
        const { words: answer, lines } = store?.(key) ?? { words: [storeState.miss], lines: '' };
        words.set(answer, at.reply >> 2);
        const entry = new StoredEntry().read(words, at.reply >> 2, Math.floor(nowMs / 1000));
        this.keys.push(key);
        this.found.push(entry);
        this.#lines.set(entry.generation, lines);
        return entry.state;
      },
      readStoredHead: (_object, generation) => this.#layStored(this.#lines.get(generation)),
      // Markers can always be put.
      putMarker: () => 1,
      purge: () => 0,
    };
  }

  /** The request arrives. */
  request(onBatch: () => void): RehearsedCommand[] {
    return this.#run(onBatch, eventKind.request, 0);
  }

  /** Its origin answers. @param asked the fetch */
  originHead(
    onBatch: () => void,
    status: number,
    fields: RehearsedRequest['fields'],
    asked: RehearsedCommand,
  ): RehearsedCommand[] {
    const head = this.#layHead(`HTTP/1.1 ${status} \r\n`, status, fields);
    const length = fields.find(([name]) => name === 'content-length')?.[1] ?? '';
    if (/^\d{1,15}$/.test(length)) {
      const word = head >> 2;
      this.#words[word + headWord.flags]! |= headFlag.hasContentLength;
      this.#words[word + headWord.contentLengthLow] = Number(length) | 0;
      this.#words[word + headWord.contentLengthHigh] = Math.floor(Number(length) / 2 ** 32);
    }
    const piece = pieceWords.map((name) => [name, asked.word(name)] as const);
    return this.#run(onBatch, eventKind.originHead, head, piece);
  }

  #run(
    onBatch: () => void,
    kind: number,
    originHead: number,
    piece: readonly (readonly [name: (typeof pieceWords)[number], value: number])[] = [],
  ): RehearsedCommand[] {
    const words = this.#words;
    const base = at.events >> 2;
    words.fill(0, base, base + eventWords);
    for (const [name, value] of piece) words[base + eventWord[name]] = value;
    words[base + eventWord.kind] = kind;
    words[base + eventWord.slot] = slot;
    words[base + eventWord.generation] = generation;
    words[base + eventWord.flags] = this.#isTls ? eventFlag.tls : 0;
    words[base + eventWord.snapshot] = this.#snapshot;
    words[base + eventWord.head] = this.#request;
    words[base + eventWord.originHead] = originHead;
    words[base + eventWord.listener] = this.#listener;
    words[base + eventWord.clientAddress] = this.#address;
    words[controlWord.commandCount] = 0;
    words[controlWord.outUsed] = 0;
    onBatch();
    return Array.from({ length: words[controlWord.commandCount]! }, (_, index) => this.#decode(index));
  }

  #layRequest({ method, authority, port, path, query, fields }: RehearsedRequest): number {
    const target = query === undefined ? path : `${path}?${query}`;
    const id = Math.max(0, methods.indexOf(method as (typeof methods)[number]));
    const table = this.#layHead(`${method} ${target} HTTP/1.1\r\n`, id, [['host', authority], ...fields]);
    const head = table >> 2;
    const set = (word: number, value: number) => {
      this.#words[head + word] = value;
    };
    const start = method.length + 1;
    set(headWord.methodLength, method.length);
    set(headWord.targetOffset, start);
    set(headWord.targetLength, target.length);
    set(headWord.pathOffset, start);
    set(headWord.pathLength, path.length);
    let flags: number = headFlag.hasHost | headFlag.keepAlive;
    if (query !== undefined) {
      flags |= headFlag.hasQuery;
      set(headWord.queryOffset, start + path.length + 1);
      set(headWord.queryLength, query.length);
    }
    if (fields.some(([name]) => keyExtendingNames.some((one) => one === name))) flags |= headFlag.extendsKey;
    set(headWord.flags, flags);
    const used = this.#words[head + headWord.tableBytes]!;
    this.#bytes.write(authority, table + used, 'latin1');
    set(headWord.authorityOffset, used);
    set(headWord.authorityLength, authority.length);
    set(headWord.hostLength, port === 0 ? authority.length : authority.lastIndexOf(':'));
    set(headWord.port, port);
    return table;
  }

  /** A stored head, from its lines; 0: there is none. */
  #layStored(lines: string | undefined): number {
    if (lines === undefined) return 0;
    const fields = lines.split('\r\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(': ');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2)]];
    });
    return this.#layHead('HTTP/1.1 200 \r\n', 200, fields);
  }

  /** Start line and fields, and behind them their table. */
  #layHead(line: string, code: number, fields: RehearsedRequest['fields']): number {
    const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, line.length + 2);
    const raw = this.#take(size);
    const table = this.#take((headWords + fields.length * fieldWords) * 4 + 512);
    const head = table >> 2;
    let text = line;
    let low = 0;
    let high = 0;
    for (const [index, [name, value]] of fields.entries()) {
      const id = knownId(name);
      const entry = head + headWords + index * fieldWords;
      this.#words[entry] = id | (name.length << 8);
      this.#words[entry + 1] = text.length;
      this.#words[entry + 2] = text.length + name.length + 2;
      this.#words[entry + 3] = value.length;
      if (id > 0 && id < 32) low |= 1 << id;
      if (id >= 32 && id <= knownMaskIds) high |= 1 << (id - 32);
      text += `${name}: ${value}\r\n`;
    }
    this.#bytes.write(`${text}\r\n`, raw, 'latin1');
    this.#words[head + headWord.rawOffset] = raw;
    this.#words[head + headWord.rawLength] = size;
    this.#words[head + headWord.version] = 11;
    this.#words[head + headWord.code] = code;
    this.#words[head + headWord.knownLow] = low;
    this.#words[head + headWord.knownHigh] = high;
    this.#words[head + headWord.fieldCount] = fields.length;
    this.#words[head + headWord.tableBytes] = (headWords + fields.length * fieldWords) * 4;
    return table;
  }

  #decode(index: number): RehearsedCommand {
    const base = (at.commands >> 2) + index * commandWords;
    const word = (name: keyof typeof commandWord): number => this.#words[base + commandWord[name]]!;
    const span = (offset: keyof typeof commandWord, length: keyof typeof commandWord) =>
      this.#bytes.subarray(word(offset), word(offset) + word(length));
    return {
      kind: kindNames.find((name) => commandKind[name] === word('kind')) as keyof typeof commandKind,
      word,
      edits: decodeEdits(span('editsOffset', 'editsLength').slice()),
      target: span('targetOffset', 'targetLength').toString('latin1'),
      body: span('bodyOffset', 'bodyLength').toString('utf8'),
    };
  }

  #take(length: number): number {
    const offset = (this.#end + 15) & ~15;
    if (offset + length > memoryBytes) throw new Error('the request does not fit');
    this.#end = offset + length;
    return offset;
  }
}

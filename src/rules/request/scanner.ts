/**
 * Hands the bytes of a request to the shared prefilters: from where they were received, and what a rule has rewritten from
 * a copy. A source may be handed over in more shapes than any field has (the URI as received and as rewritten): a prefilter
 * may find too much, never too little.
 */
import { Arena } from '../../engine/arena.ts';
import { headWord } from '../../engine/contract.ts';
import { noField } from '../../engine/head-view.ts';
import type { ByteSink, ByteSource } from '../protocol.ts';
import type { RequestState } from './state.ts';

const plainSources = ['uri', 'full_uri', 'host', 'method', 'ip.src'] as const;
type Plain = (typeof plainSources)[number];
const numberOf = Object.fromEntries(plainSources.map((name, index) => [name, index])) as Record<
  Plain,
  number
>;
const headerPrefix = 'header:';
const scratchBytes = 16_384;
/** Fields of which expressions also see the lines joined. */
const joins: ReadonlyMap<string, string> = new Map([
  ['cookie', '; '],
  ['x-forwarded-for', ', '],
]);

export class RequestScanner implements ByteSource {
  readonly #state: RequestState;
  readonly #wants = plainSources.map(() => false);
  /** Source of a header by its number in the index; -1 where it is none. */
  readonly #headerSources: number[] = [];
  #sources = plainSources.length;
  #scratch = new Arena(new ArrayBuffer(scratchBytes));

  constructor(state: RequestState) {
    this.#state = state;
  }

  bindSource(name: string): number {
    const plain = numberOf[name as Plain] as number | undefined;
    if (plain !== undefined) {
      this.#wants[plain] = true;
      return plain;
    }
    if (!name.startsWith(headerPrefix)) return -1;
    const header = this.#state.headers.bind(name.slice(headerPrefix.length));
    while (this.#headerSources.length <= header) this.#headerSources.push(-1);
    if (this.#headerSources[header] === -1) {
      this.#headerSources[header] = this.#sources;
      this.#sources += 1;
    }
    return this.#headerSources[header]!;
  }

  scan(sink: ByteSink): void {
    const state = this.#state;
    const { head } = state;
    const memory = state.arena;
    const wants = this.#wants;
    if (wants[numberOf.uri]) this.#uri(sink, memory);
    if (wants[numberOf.full_uri]) this.#text(sink, numberOf.full_uri, state.origin + state.uri);
    if (wants[numberOf.host]) {
      sink.takeBytes(numberOf.host, memory, head.authorityOffset, head.word(headWord.hostLength));
    }
    if (wants[numberOf.method]) {
      sink.takeBytes(
        numberOf.method,
        memory,
        head.spanOffset(headWord.methodOffset),
        head.word(headWord.methodLength),
      );
    }
    if (wants[numberOf['ip.src']]) this.#address(sink);
    if (this.#headerSources.length > 0) this.#headers(sink, memory);
  }

  #uri(sink: ByteSink, memory: Arena): void {
    const state = this.#state;
    if (state.isUriInOnePiece) {
      const { head } = state;
      const offset = head.spanOffset(headWord.pathOffset);
      sink.takeBytes(numberOf.uri, memory, offset, state.rawUriLength);
    } else {
      this.#text(sink, numberOf.uri, state.rawUri);
    }
    if (state.isUriRewritten) this.#text(sink, numberOf.uri, state.uri);
  }

  #address(sink: ByteSink): void {
    const address = this.#state.ip;
    if (address !== null) sink.takeAddress(numberOf['ip.src'], address);
  }

  #headers(sink: ByteSink, memory: Arena): void {
    const { head, headers } = this.#state;
    if (this.#state.areHeadersRewritten) {
      this.#rewritten(sink);
      return;
    }
    headers.resolve(head);
    const sources = this.#headerSources;
    for (let index = 0; index < headers.count; index += 1) {
      const number = headers.present[index]!;
      const source = number < sources.length ? sources[number]! : -1;
      if (source === -1) continue;
      const first = headers.first(head, number);
      sink.takeBytes(source, memory, head.valueOffset(first), head.valueLength(first));
      const second = headers.next(head, number, first);
      if (second !== noField) this.#lines(sink, source, headers.names[number]!);
    }
  }

  #rewritten(sink: ByteSink): void {
    for (const [number, source] of this.#headerSources.entries()) {
      if (source !== -1) this.#lines(sink, source, this.#state.headers.names[number]!);
    }
  }

  #lines(sink: ByteSink, source: number, name: string): void {
    const lines = this.#state.lines(name) ?? [];
    for (const line of lines) this.#text(sink, source, line);
    const join = joins.get(name);
    if (join !== undefined && lines.length > 1) this.#text(sink, source, lines.join(join));
  }

  #text(sink: ByteSink, source: number, text: string): void {
    const { length } = text;
    // The prefilter reads whole words, and one behind the last.
    if (length + 8 > this.#scratch.bytes.length) this.#scratch = new Arena(new ArrayBuffer((length + 4) * 8));
    this.#scratch.writeText(text, 0);
    sink.takeBytes(source, this.#scratch, 0, length);
  }
}

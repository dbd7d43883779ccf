/**
 * A strict reader of HTTP/1 responses (RFC 9112), for tests: what a careful client must not have to forgive is an
 * error here. Bytes are pushed in as they come; bodies go to the sink in pieces, so that a gigabyte needs no memory.
 */

export interface ResponseHead {
  version: '1.0' | '1.1';
  status: number;
  reason: string;
  /** Name as it was sent, and value without surrounding white space. */
  fields: [name: string, value: string][];
}

export type Framing = 'none' | 'length' | 'chunked' | 'close';

export interface ResponseSink {
  interim(head: ResponseHead): void;
  head(head: ResponseHead, framing: Framing): void;
  body(piece: Buffer): void;
  /** The response is whole. */
  end(trailers: [string, string][]): void;
}

export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

const headBytesMax = 256 * 1024;
const statusLine = /^HTTP\/(1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const fieldLine =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;
const empty = Buffer.alloc(0);

export function parseFields(lines: string[]): [string, string][] {
  return lines.map((line) => {
    const match = fieldLine.exec(line);
    if (match === null) throw new ProtocolError(`bad field line ${JSON.stringify(line)}`);
    return [match[1] as string, match[2] as string];
  });
}

/** All values of a field. */
export function valuesOf(fields: [string, string][], name: string): string[] {
  return fields.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

function parseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  if (lines.some((line) => /[\r\n]/.test(line))) throw new ProtocolError('a bare CR or LF in the head');
  const match = statusLine.exec(lines[0] as string);
  if (match === null) throw new ProtocolError(`bad status line ${JSON.stringify(lines[0])}`);
  return {
    version: match[1] as '1.0' | '1.1',
    status: Number(match[2]),
    reason: match[3] as string,
    fields: parseFields(lines.slice(1)),
  };
}

/** RFC 9112 6.3, from the client's side. */
function framingOf(head: ResponseHead, method: string): { framing: Framing; length: number } {
  const lengths = valuesOf(head.fields, 'content-length');
  const codings = valuesOf(head.fields, 'transfer-encoding');
  if (lengths.length > 1) throw new ProtocolError('Content-Length is repeated');
  if (lengths[0] !== undefined && !/^\d+$/.test(lengths[0]))
    throw new ProtocolError(`bad Content-Length ${lengths[0]}`);
  if (lengths.length > 0 && codings.length > 0)
    throw new ProtocolError('both Content-Length and Transfer-Encoding');
  if (codings.length > 0 && head.version === '1.0') throw new ProtocolError('Transfer-Encoding in HTTP/1.0');
  if (head.status === 204 && lengths.length + codings.length > 0)
    throw new ProtocolError('204 with framing fields');
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return { framing: 'none', length: 0 };
  if (codings.length > 0) {
    if (codings.join(',').toLowerCase() !== 'chunked') throw new ProtocolError(`coding ${codings.join(',')}`);
    return { framing: 'chunked', length: 0 };
  }
  if (lengths[0] !== undefined) return { framing: 'length', length: Number(lengths[0]) };
  return { framing: 'close', length: 0 };
}

type State = 'idle' | 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers' | 'close';

export class ResponseParser {
  #state: State = 'idle';
  #method = 'GET';
  #sink: ResponseSink | undefined;
  #held: Buffer = empty;
  #left = 0;
  #endMarker = '\r\n\r\n';

  /** Bytes that no response has claimed yet. */
  get excess(): Buffer {
    return this.#held;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** The next response answers a request of this method. */
  expect(method: string, sink: ResponseSink): void {
    if (this.#state !== 'idle') throw new Error('a response is being read');
    this.#method = method;
    this.#sink = sink;
    this.#state = 'head';
    this.#run();
  }

  push(piece: Buffer): void {
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#run();
  }

  /** The connection has ended in order. */
  finish(): void {
    if (this.#state === 'close') this.#end([]);
    else if (this.#state !== 'idle') throw new ProtocolError(`the connection ended in state ${this.#state}`);
    else if (this.#held.length > 0) throw new ProtocolError(`${this.#held.length} bytes beyond the response`);
  }

  #run(): void {
    while (this.#step());
  }

  /** One step forward; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'idle':
        return false;
      case 'head':
        return this.#head();
      case 'length':
      case 'chunk-data':
      case 'close':
        return this.#data();
      case 'chunk-size':
        return this.#chunkSize();
      case 'chunk-end':
        return this.#chunkEnd();
      case 'trailers':
        return this.#trailers();
    }
  }

  #take(bytes: number): Buffer {
    const piece = this.#held.subarray(0, bytes);
    this.#held = bytes === this.#held.length ? empty : this.#held.subarray(bytes);
    return piece;
  }

  /** Text up to a marker, without it; undefined while it has not come. */
  #line(marker: string): string | undefined {
    const at = this.#held.indexOf(marker, 0, 'latin1');
    if (at < 0) {
      if (this.#held.length > headBytesMax) throw new ProtocolError('an endless head or chunk line');
      return undefined;
    }
    return this.#take(at + marker.length).toString('latin1', 0, at);
  }

  #head(): boolean {
    const text = this.#line(this.#endMarker);
    if (text === undefined) return false;
    const head = parseHead(text);
    if (head.status < 200 && head.status !== 101) {
      if (
        valuesOf(head.fields, 'content-length').length + valuesOf(head.fields, 'transfer-encoding').length >
        0
      ) {
        throw new ProtocolError('an interim response with framing fields');
      }
      this.#sink?.interim(head);
      return true;
    }
    const { framing, length } = framingOf(head, this.#method);
    this.#left = length;
    if (framing === 'chunked') this.#state = 'chunk-size';
    else if (framing === 'close') this.#state = 'close';
    else this.#state = 'length';
    this.#sink?.head(head, framing);
    if (this.#state === 'length' && length === 0) this.#end([]);
    return true;
  }

  #data(): boolean {
    if (this.#held.length === 0) return false;
    const bytes = this.#state === 'close' ? this.#held.length : Math.min(this.#left, this.#held.length);
    this.#left -= bytes;
    this.#sink?.body(this.#take(bytes));
    if (this.#state === 'close' || this.#left > 0) return false;
    if (this.#state === 'length') this.#end([]);
    else this.#state = 'chunk-end';
    return true;
  }

  #chunkSize(): boolean {
    const text = this.#line('\r\n');
    if (text === undefined) return false;
    if (!/^[0-9a-fA-F]{1,13}$/.test(text)) throw new ProtocolError(`bad chunk size ${JSON.stringify(text)}`);
    this.#left = Number.parseInt(text, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
    return true;
  }

  #chunkEnd(): boolean {
    if (this.#held.length < 2) return false;
    if (this.#take(2).toString('latin1') !== '\r\n') throw new ProtocolError('a chunk does not end in CRLF');
    this.#state = 'chunk-size';
    return true;
  }

  #trailers(): boolean {
    if (this.#held.length < 2) return false;
    if (this.#held.subarray(0, 2).toString('latin1') === '\r\n') {
      this.#take(2);
      this.#end([]);
      return true;
    }
    const text = this.#line('\r\n\r\n');
    if (text === undefined) return false;
    this.#end(parseFields(text.split('\r\n')));
    return true;
  }

  #end(trailers: [string, string][]): void {
    const sink = this.#sink;
    this.#state = 'idle';
    this.#sink = undefined;
    sink?.end(trailers);
  }
}

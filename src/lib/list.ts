/**
 * Walks the members of a comma-separated field value (RFC 9110 5.6.1) as byte spans: empty members are skipped, white
 * space around a member is not part of it, and a comma within a quoted string does not end one.
 */
import { isBlank } from './bytes.ts';

const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;

export class ListCursor {
  /** Span of the member that `next` has found. */
  offset = 0;
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;

  start(bytes: Uint8Array, offset: number, length: number): this {
    this.#bytes = bytes;
    this.#position = offset;
    this.#end = offset + length;
    return this;
  }

  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#position;
    while (at < end && (bytes[at] === comma || isBlank(bytes[at]!))) at += 1;
    if (at >= end) {
      this.#position = end;
      return false;
    }
    const start = at;
    at = memberEnd(bytes, at, end);
    this.#position = at;
    while (at > start && isBlank(bytes[at - 1]!)) at -= 1;
    this.offset = start;
    this.length = at - start;
    return true;
  }
}

/** Position of the comma that ends the member at `at`, or `end`. An unclosed quoted string reaches to the end. */
export function memberEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== comma) {
    at = bytes[at] === quote ? quotedEnd(bytes, at, end) : at + 1;
  }
  return at;
}

/** Position after the quoted string that begins at `at`; `end` where it is not closed. */
export function quotedEnd(bytes: Uint8Array, at: number, end: number): number {
  at += 1;
  while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at < end ? at + 1 : end;
}

/** The members of a list as texts, in one pass whatever the input. */
export function splitList(text: string): string[] {
  const members: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : comma;
    const isEnd = at === text.length || (code === comma && !isQuoted);
    if (isEnd) {
      const member = text.slice(start, at).trim();
      if (member !== '') members.push(member);
      start = at + 1;
    } else if (isQuoted && code === backslash) {
      at += 1;
    } else if (code === quote) {
      isQuoted = !isQuoted;
    }
  }
  // An escape at the very end steps over it.
  if (start <= text.length) {
    const member = text.slice(start).trim();
    if (member !== '') members.push(member);
  }
  return members;
}

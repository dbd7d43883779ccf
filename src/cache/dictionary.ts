/** Compression dictionaries (RFC 9842): the response is one for the URLs that a pattern matches. */
import { editOp } from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';

/** The pattern as a member of a structured field: a string (RFC 9651 4.1.6). */
export function matchMember(pattern: string): string {
  return `match="${pattern.replace(/["\\]/g, '\\$&')}"`;
}

export function dictionaryEdits(pattern: string): EncodedEdits {
  return encodeEdits([{ op: editOp.set, name: 'use-as-dictionary', value: matchMember(pattern) }]);
}

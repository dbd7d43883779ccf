/** The fields of a response, a row each (rules.md 2.4): nil where there is none yet. */
import type { Pairs } from '../request/pairs.ts';
import type { FieldRow } from './request.ts';

const names = (pairs: Pairs | null) =>
  pairs === null ? null : [...pairs].flatMap(([name, lines]) => lines.map(() => name));
const values = (pairs: Pairs | null) => (pairs === null ? null : [...pairs.values()].flat());

/** Type of the body in lower case, without its parameters. */
function mediaType(lines: readonly string[] | null): string {
  return (lines?.[0] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

const headers: FieldRow = {
  type: 'Map<Array<Bytes>>',
  isOptional: true,
  read: (state) => state.response.fields,
  readKey: (state, key) => state.response.lines(key),
};
const headerNames: FieldRow = {
  type: 'Array<Bytes>',
  isOptional: true,
  read: (state) => names(state.response.fields),
};
const headerValues: FieldRow = {
  type: 'Array<Bytes>',
  isOptional: true,
  read: (state) => values(state.response.fields),
};

/** The only phase of responses that reads them runs before anything has changed them: raw fields are the same. */
export const responseFields: Readonly<Record<string, FieldRow>> = {
  'http.response.code': { type: 'Int', isOptional: true, read: (state) => state.response.code },
  'http.response.headers': headers,
  'http.response.headers.names': headerNames,
  'http.response.headers.values': headerValues,
  'raw.http.response.headers': headers,
  'raw.http.response.headers.names': headerNames,
  'raw.http.response.headers.values': headerValues,
  'http.response.content_type.media_type': {
    type: 'Bytes',
    isOptional: true,
    read: (state) => (state.response.exists ? mediaType(state.response.lines('content-type')) : null),
  },
};

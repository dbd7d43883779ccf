/**
 * Makes text that a rule has computed fit to stand in a request line or in Location: every byte that RFC 3986 does not
 * allow there is percent-encoded, so no text can end a line or become another part of the URI. What is encoded already
 * stays as it is. Text is latin1, one character a byte.
 */

/** Characters that may stand in any part: unreserved, sub-delims, ":", "@", "/", and "%" (RFC 3986 2.2, 2.3, 3.3). */
const common = "A-Za-z0-9\\-._~!$&'()*+,;=:@/%";
const notPath = new RegExp(`[^${common}]`, 'g');
/** RFC 3986 3.4. */
const notQuery = new RegExp(`[^${common}?]`, 'g');
/** A whole URI: delimiters too. */
const notUri = new RegExp(`[^${common}?#[\\]]`, 'g');

const hex = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
const percent = (character: string): string => hex[character.charCodeAt(0) & 0xff]!;

/** A path; one without a slash at its start gets it. */
export function encodePath(text: string): string {
  const path = text.replace(notPath, percent);
  return path.startsWith('/') ? path : `/${path}`;
}

/** A query without its "?". */
export function encodeQuery(text: string): string {
  return text.replace(notQuery, percent);
}

/** A URI reference for Location (RFC 9110 10.2.2). */
export function encodeLocation(text: string): string {
  return text.replace(notUri, percent);
}

/** Adds a query to a URI reference, before its fragment. */
export function withQuery(location: string, query: string): string {
  if (query === '') return location;
  const fragment = location.indexOf('#');
  const end = fragment < 0 ? location.length : fragment;
  const mark = location.slice(0, end).includes('?') ? '&' : '?';
  return `${location.slice(0, end)}${mark}${query}${location.slice(end)}`;
}

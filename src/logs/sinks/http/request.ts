/** What is asked of the server, and what its answer means: decided from values alone. */
import { latin1Bytes } from '../../../lib/bytes.ts';
import { invalidDate, parseHttpDate } from '../../../lib/http-date.ts';
import type { Compression } from '../compress.ts';
import type { Batch, SinkFailure } from '../sink.ts';

const msPerSecond = 1000;
/** A server that asks for more than this has made a mistake, or is best asked again. */
const retryAfterMsMax = 3_600_000;
/** Bytes of an answer that are looked at, and characters of it that are shown. */
export const lookedAtBytesMax = 4096;
const shownMax = 200;

export interface Answer {
  status: number;
  retryAfter: string | undefined;
  /** The begin of its body: `lookedAtBytesMax` at most. */
  begin: Uint8Array;
}

export function requestFields(
  { id }: Pick<Batch, 'id'>,
  compression: Compression,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'content-type': 'application/x-ndjson',
    'user-agent': 'parapet',
    ...own,
    ...(compression === 'none' ? {} : { 'content-encoding': compression }),
    'idempotency-key': id,
  };
}

/** Milliseconds to wait (RFC 9110 10.2.3); undefined where the field says nothing that can be understood. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^[0-9]{1,12}$/.test(text)) return Math.min(Number(text) * msPerSecond, retryAfterMsMax);
  const bytes = latin1Bytes(text);
  const seconds = parseHttpDate(bytes, 0, bytes.length, nowMs / msPerSecond);
  if (seconds === invalidDate) return undefined;
  return Math.min(Math.max(0, seconds * msPerSecond - nowMs), retryAfterMsMax);
}

/** What a server says, in one line and without what a terminal would obey; the secrets that it repeats are left out. */
export function cleanText(bytes: Uint8Array, secrets: readonly string[]): string {
  let text = new TextDecoder().decode(bytes);
  for (const secret of secrets) {
    if (secret.length > 3) text = text.replaceAll(secret, '[redacted]');
  }
  return text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, shownMax);
}

/** Null: the batch is accepted. */
export function failureOfAnswer(
  { status, retryAfter, begin }: Answer,
  secrets: readonly string[],
  nowMs: number,
): SinkFailure | null {
  if (status >= 200 && status <= 299) return null;
  const said = cleanText(begin, secrets);
  const text = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  const retryAfterMs = readRetryAfter(retryAfter, nowMs);
  return {
    code: `HTTP_${status}`,
    message: `${text}${remark(status)}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function remark(status: number): string {
  if (status >= 300 && status <= 399)
    return ' (redirects are not followed: put the new address into the config)';
  if (status === 401 || status === 403) return ' (its headers may lack a valid secret; the batch is kept)';
  const isPassing = status === 408 || status === 429 || status >= 500;
  return isPassing
    ? ''
    : ' (it refuses this batch, which is kept and sent again: the destination or its URL needs a look)';
}

const sentences: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time (timeouts.connectMs)',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time (timeouts.headersMs)',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped (timeouts.bodyMs)',
  TimeoutError: 'the attempt took too long (timeouts.totalMs)',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  HTTPParserError: 'its answer is not HTTP',
  ECONNRESET: 'the connection was reset before the answer was complete',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at this port: the URL may have to begin with http://',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: tls.ca names what is trusted instead',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is of an unknown authority: tls.ca names those that are trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an unknown authority, or lacks the one between',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an unknown authority, or lacks the one between',
  UND_ERR_DESTROYED: 'delivery ends',
  UND_ERR_CLOSED: 'delivery ends',
};

/** A failure below HTTP, or within it. */
export function failureOfError(error: unknown): SinkFailure {
  const { code, name, message, errors } = error as Error & { code?: unknown; errors?: unknown[] };
  // Of several addresses each has failed.
  if (message === '' && errors?.[0] !== undefined) return failureOfError(errors[0]);
  const word = typeof code === 'string' ? code : name;
  return { code: word, message: sentences[word] ?? message.replaceAll(/[\p{C}\s]+/gu, ' ').trim() };
}

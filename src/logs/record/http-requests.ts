/**
 * The fields of dataset http_requests: Cloudflare's Logpush names where they fit, and our own at the end. The order is
 * that of the lines. A value that is not known is put out as the default of its type, as Logpush does.
 */
import {
  cacheResults,
  failCauses,
  failDetails,
  outcomes,
  reasons,
  tlsCiphers,
  tlsProtocols,
} from '../../engine/contract.ts';
import type { Field, FieldSource, FieldType } from './field.ts';
import { type FixedColumn, recordFlag, requestSources, type StringColumn, schemes } from './fixed.ts';
import { unknownFields } from './unknown-fields.ts';

type Row = readonly [name: string, type: FieldType, source: FieldSource, about: string, detail?: 'detail'];

const number = (column: FixedColumn): FieldSource => ({ from: 'number', column });
const time = (column: FixedColumn): FieldSource => ({ from: 'time', column });
const milliseconds = (column: FixedColumn): FieldSource => ({ from: 'milliseconds', column });
const millisecondsUp = (column: FixedColumn): FieldSource => ({ from: 'millisecondsUp', column });
const address = (column: FixedColumn): FieldSource => ({ from: 'address', column });
const string = (column: StringColumn): FieldSource => ({ from: 'string', column });
const listOf = (column: StringColumn): FieldSource => ({ from: 'list', column });
const name = (column: FixedColumn, names: readonly string[], other: string): FieldSource => ({
  from: 'name',
  column,
  names,
  else: other,
});

/** By version times ten. */
const protocols = Object.assign(new Array<string>(31).fill(''), {
  10: 'HTTP/1.0',
  11: 'HTTP/1.1',
  20: 'HTTP/2',
  30: 'HTTP/3',
});

/** Logpush has no word for a response that no cache had a part in. */
const cacheWords = cacheResults.map((word) => (word === 'none' ? 'unknown' : word));

/** A word for requests that a rule has blocked. */
const rule = (word: string): FieldSource =>
  name(
    'reason',
    reasons.map((reason) => (reason === 'rule' ? word : 'unknown')),
    'unknown',
  );

/** Rows marked `detail` are put out only where a job names them. */
const rows: readonly Row[] = [
  ['EdgeStartTimestamp', 'timestamp', time('startNs'), 'When the first byte of the request was read.'],
  [
    'EdgeEndTimestamp',
    'timestamp',
    time('endNs'),
    'When the exchange ended; its start where the end is not known.',
  ],
  ['RayID', 'string', { from: 'ray', column: 'ray' }, 'The `parapet-ray` of the response.'],
  [
    'ParentRayID',
    'string',
    { from: 'ray', column: 'parentRay' },
    'Ray of the exchange that caused this one.',
    'detail',
  ],
  ['ZoneName', 'string', string('zone'), 'Zone that took the request.'],
  ['ClientIP', 'string', address('clientAddress'), 'Address of the client.'],
  ['ClientSrcPort', 'int', number('clientPort'), 'Port of the client.'],
  [
    'ClientTCPRTTMs',
    'int',
    milliseconds('clientRttUs'),
    'Round-trip time to the client when the connection began, milliseconds.',
    'detail',
  ],
  ['ClientRequestMethod', 'string', string('method'), 'Method of the request.'],
  ['ClientRequestHost', 'string', string('host'), 'Host that the request asked for.'],
  ['ClientRequestPath', 'string', string('path'), 'Path of the target.'],
  ['ClientRequestURI', 'string', { from: 'uri' }, 'Path and query of the target.'],
  ['ClientRequestProtocol', 'string', name('httpVersion', protocols, ''), 'HTTP version of the request.'],
  ['ClientRequestScheme', 'string', name('scheme', schemes, ''), 'http or https.'],
  ['ClientSSLProtocol', 'string', name('clientTlsProtocol', tlsProtocols, 'none'), 'TLS version, or none.'],
  ['ClientSSLCipher', 'string', name('clientTlsCipher', tlsCiphers, 'NONE'), 'Cipher suite, or NONE.'],
  [
    'ClientTLSHandshakeDurationMs',
    'int',
    millisecondsUp('clientTlsUs'),
    'TLS handshake with the client; 0 on a connection used before.',
    'detail',
  ],
  [
    'ClientTLSResumed',
    'bool',
    { from: 'flag', column: 'flags', mask: recordFlag.clientTlsResumed },
    'The TLS session of the client was resumed.',
    'detail',
  ],
  ['ClientRequestReferer', 'string', string('referer'), 'Referer field.'],
  ['ClientRequestUserAgent', 'string', string('userAgent'), 'User-Agent field.'],
  [
    'ClientDeviceType',
    'string',
    { from: 'device' },
    'desktop, mobile or tablet, by the User-Agent.',
    'detail',
  ],
  ['ClientXRequestedWith', 'string', string('requestedWith'), 'X-Requested-With field.', 'detail'],
  [
    'ClientRequestSource',
    'string',
    name('source', requestSources, 'unknown'),
    'Who asked: eyeball is a client.',
    'detail',
  ],
  ['ClientRequestBytes', 'int', number('clientRequestBytes'), 'Bytes received from the client.'],
  ['EdgeRequestHost', 'string', string('edgeHost'), 'Host sent to the origin.', 'detail'],
  ['EdgeServerIP', 'string', address('serverAddress'), 'Our address on this connection.', 'detail'],
  ['EdgeResponseStatus', 'int', number('edgeStatus'), 'Status sent to the client, 0: none.'],
  ['EdgeResponseBytes', 'int', number('edgeResponseBytes'), 'Bytes sent to the client, head and body.'],
  ['EdgeResponseBodyBytes', 'int', number('edgeResponseBodyBytes'), 'Bytes of the body sent to the client.'],
  ['EdgeResponseContentType', 'string', string('contentType'), 'Content-Type sent to the client.'],
  [
    'EdgeTimeToFirstByteMs',
    'int',
    milliseconds('timeToFirstByteUs'),
    'Request begin to response begin, milliseconds.',
  ],
  ['CacheCacheStatus', 'string', name('cacheResult', cacheWords, 'unknown'), 'What the cache made of it.'],
  ['CacheResponseStatus', 'int', number('cacheStatus'), 'Status before changes for this client.', 'detail'],
  [
    'CacheResponseBytes',
    'int',
    number('cacheResponseBytes'),
    'Bytes of the response that the cache gave.',
    'detail',
  ],
  ['OriginIP', 'string', address('originAddress'), 'Server that was asked last.'],
  [
    'OriginResponseStatus',
    'int',
    number('originStatus'),
    'Status received from the origin, 0: none was asked.',
  ],
  ['OriginResponseBytes', 'int', number('originResponseBytes'), 'Bytes received from the origin.', 'detail'],
  [
    'OriginResponseDurationMs',
    'int',
    milliseconds('originDurationUs'),
    'Fetch begin to last byte, milliseconds.',
  ],
  [
    'OriginResponseTime',
    'int',
    { from: 'nanoseconds', column: 'originDurationUs' },
    'The same in nanoseconds.',
    'detail',
  ],
  ['OriginDNSResponseTimeMs', 'int', millisecondsUp('originDnsUs'), 'Time to look up the origin.', 'detail'],
  [
    'OriginTCPHandshakeDurationMs',
    'int',
    millisecondsUp('originConnectUs'),
    '0 on a connection used before.',
    'detail',
  ],
  [
    'OriginTLSHandshakeDurationMs',
    'int',
    millisecondsUp('originTlsUs'),
    '0 on a connection used before.',
    'detail',
  ],
  [
    'OriginSSLProtocol',
    'string',
    name('originTlsProtocol', tlsProtocols, 'none'),
    'TLS version of the connection to the origin, or none.',
  ],
  [
    'OriginTLSResumed',
    'bool',
    { from: 'flag', column: 'flags', mask: recordFlag.originTlsResumed },
    'The TLS session with the origin was resumed.',
    'detail',
  ],
  [
    'OriginRequestHeaderSendDurationMs',
    'int',
    milliseconds('originSendUs'),
    'To send the request head.',
    'detail',
  ],
  [
    'OriginResponseHeaderReceiveDurationMs',
    'int',
    milliseconds('originHeaderUs'),
    'To receive its answer.',
    'detail',
  ],
  ['OriginResponseHTTPExpires', 'string', string('expires'), 'Expires field from the origin.', 'detail'],
  [
    'OriginResponseHTTPLastModified',
    'string',
    string('lastModified'),
    'Last-Modified field from the origin.',
    'detail',
  ],
  ['SecurityAction', 'string', string('securityAction'), 'What the rule that decided did.'],
  ['SecurityRuleID', 'string', string('securityRuleId'), 'Its id, or ref.'],
  ['SecurityRuleDescription', 'string', string('securityRuleDescription'), 'Its description.', 'detail'],
  [
    'SecurityActions',
    'array[string]',
    listOf('securityActions'),
    'Actions of all rules that matched.',
    'detail',
  ],
  ['SecurityRuleIDs', 'array[string]', listOf('securityRuleIds'), 'Their ids, index-aligned.', 'detail'],
  ['SecuritySources', 'array[string]', listOf('securitySources'), 'Their kinds, index-aligned.', 'detail'],
  [
    'EdgePathingOp',
    'string',
    rule('ban'),
    '`ban` where a rule answered the request, else unknown.',
    'detail',
  ],
  [
    'EdgePathingSrc',
    'string',
    rule('filterBasedFirewall'),
    '`filterBasedFirewall` where a rule answered the request, else unknown.',
    'detail',
  ],
  [
    'Outcome',
    'string',
    name('outcome', outcomes, 'internal_error'),
    'How the exchange ended; lost: see LostRecords.',
  ],
  ['Reason', 'string', name('reason', reasons, 'none'), 'Why it was refused or cut short.'],
  ['FailCause', 'string', name('failCause', failCauses, 'none'), 'How the last fetch failed (RFC 9209 2.3).'],
  [
    'FailDetail',
    'string',
    name('failDetail', failDetails, ''),
    'More on FailCause: the fault of a certificate, or the alert that was received.',
  ],
  ['OriginAttempts', 'int', number('attempts'), 'Fetches made, retries included.', 'detail'],
  ['OriginPort', 'int', number('originPort'), 'Port of the server that was asked.', 'detail'],
  ['EdgeServerPort', 'int', number('serverPort'), 'Our port on this connection.', 'detail'],
  [
    'Truncated',
    'bool',
    { from: 'flag', column: 'flags', mask: recordFlag.truncated },
    'A string was cut.',
    'detail',
  ],
  ['WorkerIndex', 'int', number('workerIndex'), 'Slot of the worker.'],
  [
    'Sequence',
    'int',
    { from: 'sequence' },
    'Number of the record in its ring; a gap is told by a record of a loss.',
  ],
  [
    'LostRecords',
    'int',
    number('lostRecords'),
    'With Outcome lost: how many records, from Sequence on, were dropped.',
  ],
  [
    'LostLastSequence',
    'int',
    number('lostLastSequence'),
    'With Outcome lost: number of the last of them.',
    'detail',
  ],
];

export const httpRequestsFields: readonly Field[] = [
  ...rows.map(([name, type, source, about, detail]) => ({
    name,
    type,
    source,
    about,
    isDefault: detail === undefined,
  })),
  ...unknownFields,
];

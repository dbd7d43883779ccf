/**
 * The fixed block of a record and its strings: what the engine writes into a frame, and where. A C++ struct is generated
 * from the rows (`native/core/record_layout.gen.h`), which the engine fills and the writer copies whole, so rows are
 * sorted by size and nothing is padded. Log fields are made of these columns in `http-requests.ts`.
 */
export type FixedType = 'u64' | 'address' | 'u32' | 'u16' | 'u8';
export const fixedTypeBytes: Record<FixedType, number> = { u64: 8, address: 16, u32: 4, u16: 2, u8: 1 };

/** [name, type, what it is]. */
export const fixedRows = [
  ['startNs', 'u64', 'When the first byte of the request was read, nanoseconds since 1970.'],
  ['endNs', 'u64', 'When the exchange ended, nanoseconds since 1970.'],
  ['ray', 'u64', 'The ray id.'],
  ['parentRay', 'u64', 'Ray id of the exchange that caused this one, 0: none.'],
  ['clientRequestBytes', 'u64', 'Bytes received from the client for this exchange, head and body.'],
  ['edgeResponseBytes', 'u64', 'Bytes sent to the client, head and body.'],
  ['edgeResponseBodyBytes', 'u64', 'Bytes of the body sent to the client, framing not counted.'],
  ['originResponseBytes', 'u64', 'Bytes received from the origin, head and body.'],
  ['cacheResponseBytes', 'u64', 'Bytes of the response that came out of the store or was made for it.'],
  ['lostRecords', 'u64', 'Set by the writer in the record of a loss: how many records were dropped.'],
  [
    'lostLastSequence',
    'u64',
    'Set by the writer in the record of a loss: the sequence number of the last of them.',
  ],
  ['clientAddress', 'address', 'Peer of the connection, network order, IPv4 as ::ffff:a.b.c.d.'],
  ['serverAddress', 'address', 'Our side of the connection.'],
  ['originAddress', 'address', 'Server that was asked last; all zero: none was.'],
  [
    'timeToFirstByteUs',
    'u32',
    'From the first byte of the request to the first byte of the response, microseconds.',
  ],
  ['originDnsUs', 'u32', 'Time spent looking up the origin.'],
  ['originConnectUs', 'u32', 'TCP handshake with the origin; 0 on a connection that was used before.'],
  ['originTlsUs', 'u32', 'TLS handshake with the origin; 0 on a connection that was used before.'],
  ['originSendUs', 'u32', 'From the first to the last byte of the request head sent to the origin.'],
  ['originHeaderUs', 'u32', 'From the last byte of the request head to the end of the response head.'],
  ['originDurationUs', 'u32', 'From the begin of the fetch to the last byte from the origin.'],
  ['clientRttUs', 'u32', 'Round-trip time to the client as TCP sees it; 0: not measured.'],
  ['clientTlsUs', 'u32', 'TLS handshake with the client, in the first record of its connection; 0: none.'],
  ['clientPort', 'u16', 'Port of the peer.'],
  ['serverPort', 'u16', 'Port of our side.'],
  ['originPort', 'u16', 'Port of the server that was asked.'],
  ['edgeStatus', 'u16', 'Status sent to the client; 0: none was sent.'],
  ['cacheStatus', 'u16', 'Status of the response before changes for this client (304, 206); 0: unknown.'],
  ['originStatus', 'u16', 'Status received from the origin; 0: no origin was asked.'],
  ['reason', 'u16', 'Index into `reasons` of the contract.'],
  ['workerIndex', 'u16', 'Set by the writer.'],
  ['cacheResult', 'u8', 'Index into `cacheResults` of the contract.'],
  ['outcome', 'u8', 'Index into `outcomes` of the contract.'],
  ['failCause', 'u8', 'Index into `failCauses` of the contract: how the last fetch failed.'],
  ['httpVersion', 'u8', 'Of the request: 10, 11, 20, 30; 0: unknown.'],
  ['scheme', 'u8', 'Index into `schemes`.'],
  ['source', 'u8', 'Index into `requestSources`.'],
  ['attempts', 'u8', 'Fetches made for this exchange, retries included.'],
  ['flags', 'u8', '`recordFlag`.'],
  ['clientTlsProtocol', 'u8', 'Index into `tlsProtocols` of the contract.'],
  ['clientTlsCipher', 'u8', 'Index into `tlsCiphers` of the contract.'],
  ['originTlsProtocol', 'u8', 'Index into `tlsProtocols`, of the connection to the origin.'],
  ['failDetail', 'u8', 'Index into `failDetails` of the contract: more on `failCause`.'],
] as const satisfies readonly (readonly [string, FixedType, string])[];

export type FixedColumn = (typeof fixedRows)[number][0];
export type FixedColumnOf<T extends FixedType> = Extract<
  (typeof fixedRows)[number],
  readonly [string, T, string]
>[0];

export const recordFlag = {
  /** The target has a query, though it may be empty. */
  hasQuery: 1,
  /** A string was longer than its bound; set by the writer. */
  truncated: 2,
  /** The TLS session of the client's connection was resumed. */
  clientTlsResumed: 4,
  /** That of the origin's. */
  originTlsResumed: 8,
} as const;

/** Index of `scheme`. */
export const schemes = ['', 'http', 'https'] as const;
export const scheme = { unknown: 0, http: 1, https: 2 } as const;

/** Index of `source`: who asked. */
export const requestSources = ['unknown', 'eyeball', 'background'] as const;
export const requestSource = { unknown: 0, eyeball: 1, background: 2 } as const;

/** Path and query together are cut at this many bytes, the annotations together at theirs, each other string at the next. */
export const targetBytesMax = 16_384;
export const stringBytesMax = 4_096;

/** [name, what it is]. Bytes as they were received; the encoder makes them valid UTF-8. */
export const stringRows = [
  ['method', 'Method of the request.'],
  ['host', 'Authority of the request in lower case.'],
  ['path', 'Path of the target.'],
  ['query', 'Query of the target, without "?".'],
  ['referer', 'Referer field.'],
  ['userAgent', 'User-Agent field.'],
  ['requestedWith', 'X-Requested-With field.'],
  ['contentType', 'Content-Type sent to the client.'],
  ['expires', 'Expires field of the origin response.'],
  ['lastModified', 'Last-Modified field of the origin response.'],
  ['zone', 'Name of the zone.'],
  ['edgeHost', 'Host sent to the origin.'],
  // The annotations of the contract, in their order.
  ['securityAction', 'What the rule that decided did.'],
  ['securityRuleId', 'Its id or ref.'],
  ['securityRuleDescription', 'Its description.'],
  ['securityActions', 'Actions of all rules that matched, a list.'],
  ['securityRuleIds', 'Their ids, a list.'],
  ['securitySources', 'What kind of rules they are, a list.'],
] as const satisfies readonly (readonly [string, string])[];
export type StringColumn = (typeof stringRows)[number][0];

export interface FixedPlace {
  type: FixedType;
  /** Bytes from the start of the fixed block. */
  offset: number;
}

function placeFixed(): { places: Record<FixedColumn, FixedPlace>; bytes: number } {
  const places = {} as Record<FixedColumn, FixedPlace>;
  let offset = 0;
  for (const [name, type] of fixedRows) {
    const alignment = type === 'address' ? 8 : fixedTypeBytes[type];
    if (offset % alignment !== 0)
      throw new Error(`fixed block: ${name} is not aligned; sort the rows by size`);
    places[name] = { type, offset };
    offset += fixedTypeBytes[type];
  }
  if (offset % 8 !== 0) throw new Error('fixed block: its size is not a multiple of 8');
  return { places, bytes: offset };
}

export const { places: fixedPlaces, bytes: fixedBytes } = placeFixed();
export const stringIndex = Object.fromEntries(stringRows.map(([name], index) => [name, index])) as Record<
  StringColumn,
  number
>;

/**
 * The one layout that the engine and the policy share: memory regions, heads, events, commands, counters.
 * The C++ header `native/core/contract.gen.h` is generated from this file; a test fails when it is stale.
 *
 * All offsets are bytes from the start of the worker's arena unless they say otherwise; all words are little-endian
 * int32. Rows are only ever added at the end of a table.
 */

/** Raised whenever a layout changes in a way that older memory cannot be read by. */
export const contractVersion = 1;

/** Words of the control page at arena offset 0. Written by the engine before the first batch, save where it says otherwise. */
export const controlWord = {
  contractVersion: 0,
  arenaBytes: 1,
  eventsOffset: 2,
  eventsMax: 3,
  commandsOffset: 4,
  commandsMax: 5,
  /** Bytes that the policy writes for the commands of one batch (edits, fields, keys, bodies); rewound before each batch. */
  outOffset: 6,
  outBytes: 7,
  /** The same for answers that come after their batch. */
  lateCommandsOffset: 8,
  lateCommandsMax: 9,
  lateOutOffset: 10,
  lateOutBytes: 11,
  /** Where a call such as `readStoredHead` leaves its answer; overwritten by the next such call. */
  replyOffset: 12,
  replyBytes: 13,
  /** Events in this batch. */
  eventCount: 16,
  /** Written by the policy: the event that it is at, so that a throw costs one exchange. */
  eventCursor: 17,
  /** Written by the policy: commands in the command table; the engine sets it to 0 before a batch. */
  commandCount: 18,
  /** Written by the policy: commands in the late table; the engine sets it to 0 when it has taken them. */
  lateCommandCount: 19,
  /** Bytes used of the out region (policy) and of the late out region (policy). */
  outUsed: 20,
  lateOutUsed: 21,
  /** Wall clock of the batch: seconds since 1970 (u32), and milliseconds within the second. */
  nowSeconds: 22,
  nowMilliseconds: 23,
} as const;
export const controlPageBytes = 4096;

/** Known methods; 0 is any other token. */
export const methods = [
  '',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PURGE',
] as const;
export const methodId = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  options: 6,
  patch: 7,
  trace: 8,
  connect: 9,
  purge: 10,
} as const;

/**
 * Field names that the parser recognises, by id; 0 is any other name. Ids 1 to 62 have a bit in the head's
 * `knownLow`/`knownHigh` mask (bit id, low word first), so the policy can tell at once that none of a set is there.
 */
export const knownNames = [
  '',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'expect',
  'max-forwards',
  'via',
  'date',
  'age',
  'cache-control',
  'pragma',
  'expires',
  'etag',
  'last-modified',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'content-range',
  'accept-ranges',
  'vary',
  'authorization',
  'cookie',
  'set-cookie',
  'location',
  'content-location',
  'content-type',
  'content-encoding',
  'origin',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-forwarded-host',
  'x-host',
  'x-forwarded-scheme',
  'x-original-url',
  'x-rewrite-url',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'cache-status',
  'cdn-cache-control',
  'parapet-cache-control',
  'surrogate-control',
  'cache-tag',
  'proxy-authenticate',
  'proxy-authorization',
  'parapet-ray',
  'x-forwarded-port',
  'x-real-ip',
  'cloudflare-cdn-cache-control',
  'warning',
  'proxy-status',
  'http2-settings',
  'server',
  /* from here on without a mask bit */
  'accept',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'referer',
  'allow',
  'content-language',
  'content-disposition',
  'content-security-policy',
  'strict-transport-security',
  'x-requested-with',
  'retry-after',
  'alt-svc',
  'link',
  'access-control-allow-origin',
  'x-powered-by',
  'x-frame-options',
  'x-content-type-options',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-fetch-user',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'upgrade-insecure-requests',
  'priority',
  'dnt',
  'www-authenticate',
  'traceparent',
] as const;
export type KnownName = (typeof knownNames)[number];
export const knownMaskIds = 62;

/**
 * Words of a head, request or response. Spans are relative to `rawOffset` (an arena offset), save the authority, which is
 * relative to the table's own start. The fields follow the words: `fieldCount` entries of `fieldWords` words each.
 * Names and the authority are lower case. A field value has no surrounding white space.
 */
export const headWord = {
  rawOffset: 0,
  /** Bytes of the head from its first byte to the end of its final empty line. */
  rawLength: 1,
  flags: 2,
  /** 10 or 11. */
  version: 3,
  /** Request: method id. Response: status code. */
  code: 4,
  /** Request: the method. Response: the reason phrase. */
  methodOffset: 5,
  methodLength: 6,
  /** The request target as it was received. */
  targetOffset: 7,
  targetLength: 8,
  /** Path of the target, at least "/"; "*" for OPTIONS *; length 0 for the authority form. */
  pathOffset: 9,
  pathLength: 10,
  /** Query without its "?"; flag `hasQuery` tells an empty one from none. */
  queryOffset: 11,
  queryLength: 12,
  /** Authority (host[:port]) in lower case, bytes from the start of this table; from the absolute-form target, else from Host. */
  authorityOffset: 13,
  authorityLength: 14,
  /** Length of the host within the authority (an IPv6 literal with its brackets). */
  hostLength: 15,
  /** Port of the authority, 0 where there is none. */
  port: 16,
  /** Content-Length, valid with flag `hasContentLength`. */
  contentLengthLow: 17,
  contentLengthHigh: 18,
  knownLow: 19,
  knownHigh: 20,
  fieldCount: 21,
  /** Bytes of this table with its fields and the authority, so that it can be moved. */
  tableBytes: 22,
  reserved: 23,
} as const;
export const headWords = 24;
export const fieldWord = {
  /** Known-name id in the low 8 bits, name length above. */
  idAndNameLength: 0,
  nameOffset: 1,
  valueOffset: 2,
  valueLength: 3,
} as const;
export const fieldWords = 4;
export const headFlag = {
  hasContentLength: 1,
  chunked: 2,
  /** What the message's version and Connection field ask for (RFC 9112 9.3). */
  keepAlive: 4,
  expectContinue: 8,
  /** The target was in absolute form. */
  absoluteForm: 16,
  hasQuery: 32,
  hasHost: 64,
  /** `Connection: upgrade` together with an Upgrade field. */
  upgrade: 128,
  /** TE names "trailers". */
  acceptsTrailers: 256,
  /** One of the fields that extend the default cache key is there, so that the early key is not valid. */
  extendsKey: 512,
  /** Response: the body ends with the connection. */
  closeDelimited: 1024,
  /** The final Transfer-Encoding has a coding below chunked that we pass through (responses only). */
  otherCoding: 2048,
} as const;

/** Fields that make the early cache key invalid (the default key parts of the caching specification). */
export const keyExtendingNames: readonly KnownName[] = [
  'origin',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-forwarded-host',
  'x-host',
  'x-forwarded-scheme',
  'x-original-url',
  'x-rewrite-url',
  'forwarded',
];

export const eventKind = {
  /** A request head has been read. */
  request: 1,
  /** The request body that was asked for is buffered. */
  body: 2,
  /** The origin's response head has been read. Interim responses are not reported. */
  originHead: 3,
  /** A body chunk for a transformation. */
  bodyChunk: 4,
  /** The exchange has ended (only where a command asked for it). */
  ended: 5,
  /** No usable response came from the origin. */
  originFailed: 6,
  /** The fetch that this exchange waits for has a head in the store (`object`), or has released its followers (`cause`). */
  follow: 7,
} as const;
export const eventWord = {
  kind: 0,
  slot: 1,
  generation: 2,
  flags: 3,
  /** Index into the zones of the snapshot that the exchange began under; -1: no zone takes this host. */
  zone: 4,
  /** Id of that snapshot. */
  snapshot: 5,
  /** Arena offset of the request head; stable until the record is committed. 0 on a background exchange that has none. */
  head: 6,
  /** Arena offset of the response head (`originHead`). */
  originHead: 7,
  listener: 8,
  clientPort: 9,
  /**
   * Arena offset of the 16 bytes of the peer's address (IPv4 as ::ffff:a.b.c.d). The 16 bytes behind it are the client's for
   * the record: the same until the policy writes there whom trusted proxies name. Without a client (any more) the peer's are
   * zero, and the client's those of the request that it is for. 0: the arena is full.
   */
  clientAddress: 10,
  storeState: 11,
  object: 12,
  objectGeneration: 13,
  /** The object's times in seconds since 1970 (u32); see `storeTimes` in the store. */
  storedAt: 14,
  freshUntil: 15,
  staleWhileRevalidateUntil: 16,
  staleIfErrorUntil: 17,
  objectFlags: 18,
  /** Age that the response had when it was stored, seconds. */
  ageAtStore: 19,
  objectStatus: 20,
  objectBodyLow: 21,
  objectBodyHigh: 22,
  /** `failCause` for `originFailed`, `followCause` for `follow`. */
  cause: 23,
  /** `fetchStage`: how far the request had got. */
  stage: 24,
  /** Server id of the attempt (`originHead`, `originFailed`). */
  server: 25,
  /** Fetches made for this exchange so far, retries by the engine included. */
  attempts: 26,
  bodyOffset: 27,
  bodyLength: 28,
  /** `originFailed`: index into `failDetails`. Shares its word with `originDelayMs`. */
  failDetail: 29,
  /** `originHead`, `originFailed`, `follow`: `pieceKind` of what the last fetch of the exchange asked for, or of what comes next. */
  pieceKind: 28,
  /** Which version of the whole that piece is of, as its command said; 0 where it was not known. */
  pieceMarker: 27,
  /** Seconds since the origin was asked, in milliseconds, rounded up (`originHead`): RFC 9111 4.2.3 response_delay. */
  originDelayMs: 29,
  /** Object whose validators the fetch carried, and its generation, as the fetch command named it. */
  revalidated: 30,
  revalidatedGeneration: 31,
  /** First position of that piece in the whole, and the position behind its last one, or behind the last one still wanted. */
  pieceFirstLow: 32,
  pieceFirstHigh: 33,
  pieceEndLow: 34,
  pieceEndHigh: 35,
} as const;
export const eventWords = 36;
export const eventFlag = {
  tls: 1,
  /** The early key was computed and looked up: `storeState` is valid. */
  keyValid: 2,
  /** The exchange has no client any more (it left, or there was none: a background fetch). */
  noClient: 4,
  /** The exchange leads a collapsed fetch. */
  leads: 8,
  /** The request has a body that has not been seen to be empty. */
  hasBody: 16,
  /** `originFailed`: nothing of the request has reached an origin, or its method is idempotent: another server may be tried. */
  mayRetry: 32,
} as const;
export const storeState = {
  none: 0,
  /** Nothing under this key. */
  miss: 1,
  /** A complete object. */
  object: 2,
  /** A fetch for this key is under way. */
  filling: 3,
  /** The responses under this key vary: look up the secondary key. */
  varies: 4,
  /** Known not to be storable for now (hit-for-miss): do not collapse. */
  pass: 5,
} as const;

/** What stands for a longer body that is stored in several objects. The engine only hands it back. */
export const pieceKind = {
  none: 0,
  /** One of equal length, by number. */
  slice: 1,
  /** A range as some request has asked for it, or what lacked between such. */
  part: 2,
} as const;

/** Stored with an object by the policy, and given back in events; the engine reads only those it names. */
export const objectFlag = {
  /** Never serve stale: must-revalidate, proxy-revalidate, s-maxage (RFC 9111 4.2.4). */
  mustRevalidate: 1,
  /** Always validate before use (no-cache). */
  noCache: 2,
  hasEtag: 4,
  hasLastModified: 8,
  /** This entry only says which request fields the responses vary on. */
  varyMarker: 16,
  /** This entry only remembers that responses under the key are not storable. */
  passMarker: 32,
  weakEtag: 64,
  hasVary: 128,
  /** With `varyMarker`: the response under this key is stored in slices or parts, under keys of their own. */
  sliceMarker: 256,
  /** One slice of a response. */
  slice: 512,
  /** A part of a response: the answer to one range. */
  part: 1024,
} as const;

export const commandKind = {
  serve: 1,
  respond: 2,
  fetch: 3,
  forward: 4,
  bufferBody: 5,
  transform: 6,
  tunnel: 7,
  wait: 8,
  drop: 9,
  /** A validated object: give it a new head and new times, then serve it (`serve` words apply). */
  refresh: 10,
  /** Join the fetch that is under way for the key, or begin it (leader or follower is decided in the store). */
  follow: 11,
  /** Text for the exchange's log record (`bodyOffset`, see `annotations`), in place of any before; another command answers. */
  annotate: 12,
} as const;
export const commandWord = {
  kind: 0,
  slot: 1,
  generation: 2,
  flags: 3,
  /** serve, refresh, fetch with validators, fetch in background. */
  object: 4,
  objectGeneration: 5,
  /** serve, respond, forward: status to send; 0 keeps the stored or received one. */
  status: 6,
  /** Field edits (see `editOp`) for the message that this command sends. */
  editsOffset: 7,
  editsLength: 8,
  /** serve, forward: Age to send, -1 for none. */
  age: 9,
  /** serve: ttl of the Cache-Status field; only with `cacheStatus` set to hit. */
  ttl: 10,
  /** `cacheStatus`: which Cache-Status member the engine writes itself; 0 where an edit carries it or there is none. */
  cacheStatus: 11,
  /** What the record says: index into `cacheResults`. */
  cacheResult: 12,
  /** serve with status 206: first and last byte position, inclusive; of a `part` that is not `sliced`, within what is stored. */
  rangeFirstLow: 13,
  rangeFirstHigh: 14,
  rangeLastLow: 15,
  rangeLastHigh: 16,
  /**
   * fetch, forward with `background`: the piece that is asked for, as events give it back: its `pieceKind`, the version of the
   * whole that it is of, its first position and the one behind its last.
   */
  pieceKind: 10,
  pieceMarker: 13,
  pieceFirstLow: 15,
  pieceFirstHigh: 16,
  pieceEndLow: 17,
  pieceEndHigh: 18,
  /** fetch: milliseconds that the origin may take before each read of its response; 0: as its server has it. */
  readTimeoutMs: 14,
  /** forward with `store`: KiB that may be lacking when nobody reads the response any more, for the fetch to go on, plus 1; 0: any. */
  fillRestKib: 14,
  /** respond: body in the arena. annotate: the annotations. */
  bodyOffset: 17,
  bodyLength: 18,
  /** fetch: server id. */
  server: 19,
  /** fetch: target to ask for (origin-form); length 0 asks for the request's own. */
  targetOffset: 20,
  targetLength: 21,
  /** fetch, follow, forward with `store`: whole cache key; length 0 means the early key. */
  keyOffset: 22,
  keyLength: 23,
  /** forward with `store`, refresh: the object's times and flags. */
  freshUntil: 24,
  staleWhileRevalidateUntil: 25,
  staleIfErrorUntil: 26,
  objectFlags: 27,
  ageAtStore: 28,
  /** respond, drop: why, index into `reasons`. */
  reason: 29,
  /** forward, refresh: field edits for the head that is stored. */
  storeEditsOffset: 30,
  storeEditsLength: 31,
} as const;
export const commandWords = 32;
export const commandFlag = {
  /** Close the client connection after this response. */
  close: 1,
  /** fetch: collapse with other fetches of the same key. */
  collapse: 2,
  /** forward: store the response under the key. */
  store: 4,
  /**
   * fetch: do not tie this fetch to the client; the exchange is answered by another command in the same batch (`serve`).
   * forward with `store`: the response fills the store beside the exchange, which a `follow` event tells when it can be served;
   * `status` is then the one that it is stored with.
   */
  background: 8,
  /** Report `ended` for this exchange. */
  wantEnded: 16,
  /** serve, forward: no body to the client whatever the stored or received one (HEAD is known to the engine by itself). */
  noBody: 32,
  /** fetch: the method sent is GET, whatever the client's (a HEAD that fills). */
  asGet: 64,
  /** fetch: carry the standard forwarding fields (X-Forwarded-For, -Proto, -Host, Forwarded) from the peer itself. */
  forwardingFields: 128,
  /** forward: the response releases the followers; each fetches on its own. */
  releaseFollowers: 256,
  /** serve: the object answers a background revalidation too; internal to the engine. */
  stale: 512,
  /** forward with status 304 to a revalidation the client itself had asked for conditionally: pass the 304 on. */
  passThrough: 1024,
  /** fetch: drop the client's conditional and range fields from the request (the answer fills the store). */
  unconditional: 2048,
  /** respond: where the operator has a page for the status (`EngineTables.pages`), it stands in for this body and its type. */
  page: 4096,
  /**
   * serve with status 206: several ranges, as multipart/byteranges. `bodyOffset` and `bodyLength` name them: per range four words,
   * first and last position as low and high word; they do not overlap.
   */
  parts: 8192,
  /**
   * serve, refresh: the object is the piece of a longer body that the first wanted position lies in. `bodyOffset` names eight
   * words: version and `pieceKind`, then as low and high words the size of the whole, the position in it at which the object
   * begins, and the one behind its last. When the object has been sent, a `follow` event asks for the next one; `serve`
   * (`sliced` as well) and `fetch` answer it, anything else cuts the response short.
   */
  sliced: 16384,
} as const;

/**
 * An edit: one byte of op, one byte of known-name id (0: the name follows), u16 name length, u32 value length, then the
 * name and the value, padded to 4 bytes. Applied in order. Written by `src/engine/command-writer.ts`.
 */
export const editOp = { remove: 1, set: 2, append: 3 } as const;
export const editHeaderBytes = 8;

/**
 * String columns of the log record that the policy fills, by index. Annotations are entries of u16 index, u16 length and
 * bytes, with no padding; `securityActions` to `securitySources` are lists of equal length, items separated by
 * `annotationSeparator`. All of a record share `annotationBytesMax` bytes; what is beyond is cut.
 */
export const annotations = [
  'securityAction',
  'securityRuleId',
  'securityRuleDescription',
  'securityActions',
  'securityRuleIds',
  'securitySources',
] as const;
export type Annotation = (typeof annotations)[number];
export const annotationSeparator = 0x1f;
export const annotationHeaderBytes = 4;
export const annotationBytesMax = 4_096;

export const cacheStatus = { none: 0, hit: 1, hitStaleWhileRevalidate: 2, hitStaleIfError: 3 } as const;

/** CacheCacheStatus of the record, by index. */
export const cacheResults = [
  'unknown',
  'miss',
  'expired',
  'updating',
  'stale',
  'hit',
  'bypass',
  'revalidated',
  'dynamic',
  'none',
] as const;
export const cacheResult = {
  unknown: 0,
  miss: 1,
  expired: 2,
  updating: 3,
  stale: 4,
  hit: 5,
  bypass: 6,
  revalidated: 7,
  dynamic: 8,
  none: 9,
} as const;

/** Why a fetch failed, in the words of RFC 9209 section 2.3, by index. */
export const failCauses = [
  'none',
  'dns_timeout',
  'dns_error',
  'destination_not_found',
  'destination_unavailable',
  'connection_refused',
  'connection_terminated',
  'connection_timeout',
  'connection_read_timeout',
  'connection_write_timeout',
  'connection_limit_reached',
  'http_response_incomplete',
  'http_response_header_section_size',
  'http_protocol_error',
  'http_response_timeout',
  'proxy_internal_error',
  'http_upgrade_failed',
  'http_response_transfer_coding',
  'destination_ip_unroutable',
  'http_response_body_size',
  'proxy_loop_detected',
  'tls_protocol_error',
  'tls_certificate_error',
  'tls_alert_received',
] as const;
export const failCause = {
  none: 0,
  dnsTimeout: 1,
  dnsError: 2,
  destinationNotFound: 3,
  destinationUnavailable: 4,
  connectionRefused: 5,
  connectionTerminated: 6,
  connectionTimeout: 7,
  connectionReadTimeout: 8,
  connectionWriteTimeout: 9,
  connectionLimitReached: 10,
  responseIncomplete: 11,
  responseHeaderSize: 12,
  protocolError: 13,
  responseTimeout: 14,
  internalError: 15,
  upgradeFailed: 16,
  responseTransferCoding: 17,
  ipUnroutable: 18,
  responseBodySize: 19,
  loopDetected: 20,
  tlsProtocolError: 21,
  tlsCertificateError: 22,
  tlsAlertReceived: 23,
} as const;

/**
 * What is known beyond the cause, by index; 0: nothing. Below `failDetail.alert`: why the origin's certificate was refused
 * (the numbers are those of X509_verify_cert); from there on: the alert that the origin sent (RFC 8446 6), by its number.
 */
export const failDetail = { none: 0, alert: 128, max: 255 } as const;
const certificateFaults: readonly (readonly [number, string])[] = [
  [2, 'unable to get issuer certificate'],
  [3, 'unable to get certificate revocation list'],
  [7, 'certificate signature failure'],
  [9, 'certificate is not yet valid'],
  [10, 'certificate has expired'],
  [18, 'self-signed certificate'],
  [19, 'self-signed certificate in certificate chain'],
  [20, 'unable to get local issuer certificate'],
  [21, 'unable to verify the first certificate'],
  [22, 'certificate chain too long'],
  [23, 'certificate revoked'],
  [24, 'issuer certificate is not a CA'],
  [25, 'path length constraint exceeded'],
  [26, 'unsuitable certificate purpose'],
  [28, 'certificate rejected'],
  [47, 'permitted subtree violation'],
  [48, 'excluded subtree violation'],
  [62, 'hostname mismatch'],
  [64, 'IP address mismatch'],
  [66, 'certificate key too weak'],
  [67, 'issuer certificate key too weak'],
  [68, 'certificate signature algorithm too weak'],
  [79, 'issuer certificate is not a CA'],
];
const alerts: readonly (readonly [number, string])[] = [
  [0, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [22, 'record_overflow'],
  [40, 'handshake_failure'],
  [42, 'bad_certificate'],
  [43, 'unsupported_certificate'],
  [44, 'certificate_revoked'],
  [45, 'certificate_expired'],
  [46, 'certificate_unknown'],
  [47, 'illegal_parameter'],
  [48, 'unknown_ca'],
  [49, 'access_denied'],
  [50, 'decode_error'],
  [51, 'decrypt_error'],
  [70, 'protocol_version'],
  [71, 'insufficient_security'],
  [80, 'internal_error'],
  [86, 'inappropriate_fallback'],
  [90, 'user_canceled'],
  [109, 'missing_extension'],
  [110, 'unsupported_extension'],
  [112, 'unrecognized_name'],
  [113, 'bad_certificate_status_response'],
  [115, 'unknown_psk_identity'],
  [116, 'certificate_required'],
  [120, 'no_application_protocol'],
];
/** '' for a number that is not listed. */
export const failDetails: readonly string[] = (() => {
  const names = new Array<string>(failDetail.max + 1).fill('');
  for (const [number, name] of certificateFaults) names[number] = name;
  for (const [number, name] of alerts) names[failDetail.alert + number] = name;
  return names;
})();

/** TLS versions, by index, as Logpush names them; in the record. */
export const tlsProtocols = ['none', 'TLSv1.2', 'TLSv1.3'] as const;
/** Cipher suites of our listeners, by index, as Logpush names them; in the record. */
export const tlsCiphers = [
  'NONE',
  'AEAD-AES128-GCM-SHA256',
  'AEAD-AES256-GCM-SHA384',
  'AEAD-CHACHA20-POLY1305-SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const;
export const fetchStage = {
  none: 0,
  queued: 1,
  connecting: 2,
  connected: 3,
  sending: 4,
  sent: 5,
  head: 6,
  body: 7,
} as const;
export const followCause = {
  /** The object named by the event can be served from now on, while it still fills. */
  head: 0,
  /** The response is not for sharing: fetch alone. */
  released: 1,
  /** The leader failed before a head came: fetch with collapse again. */
  failed: 2,
  /** A piece has been sent: serve or fetch one that holds `pieceFirst`. */
  slice: 3,
  /** The origin was asked before a purge that came before this request: look again, nothing has failed. */
  purged: 4,
  /** The origin has answered, but not for the key that this request waited under (variants, slices, another version): look again. */
  elsewhere: 5,
} as const;

/** How an exchange ended, by index; the record's outcome. */
export const outcomes = [
  'ok',
  'client_aborted',
  'origin_aborted',
  'timeout',
  'refused',
  'interrupted',
  'internal_error',
  'drained',
  'lost',
] as const;
export const outcome = {
  ok: 0,
  clientAborted: 1,
  originAborted: 2,
  timeout: 3,
  refused: 4,
  interrupted: 5,
  internalError: 6,
  drained: 7,
  /** Not an exchange: the record that tells how many records were dropped. */
  lost: 8,
} as const;

/** Why a request was refused or an exchange cut short, by index; in the record and as a metric label. */
export const reasons = [
  'none',
  'bad_request_line',
  'bad_method',
  'bad_target',
  'bad_version',
  'bad_field_name',
  'bad_field_value',
  'bare_line_feed',
  'bare_carriage_return',
  'obs_fold',
  'space_before_colon',
  'bad_host',
  'missing_host',
  'repeated_host',
  'bad_content_length',
  'repeated_content_length',
  'length_and_coding',
  'bad_transfer_encoding',
  'unknown_transfer_coding',
  'coding_in_1_0',
  'bad_chunk',
  'bad_trailer',
  'head_too_large',
  'target_too_long',
  'too_many_fields',
  'body_too_large',
  'head_timeout',
  'body_timeout',
  'idle_timeout',
  'write_timeout',
  'version_not_supported',
  'method_not_allowed',
  'expectation_failed',
  'no_zone',
  'policy_fault',
  'no_answer',
  'connections_per_address',
  'connections_max',
  'origin_failed',
  'only_if_cached',
  'loop_detected',
  'range_not_satisfiable',
  'precondition_failed',
  'max_forwards',
  'client_reset',
  'origin_truncated',
  'shutdown',
  'exchanges_per_connection',
  'memory',
  'leading_garbage',
  'rule',
  'bad_status_line',
  'log_ring_full',
  'log_job_behind',
  'log_damaged',
  'plain_http_on_tls_port',
] as const;
export type Reason = (typeof reasons)[number];

/**
 * Counters of one worker, u64 each, in this order, in its statistics page. [name, unit, help].
 * Gauges are marked by a name that does not end in `_total`.
 */
export const counters = [
  ['exchanges_total', 'exchanges', 'Requests whose head was read or refused.'],
  ['responses_2xx_total', 'responses', 'Responses sent with a status of 200 to 299.'],
  ['responses_3xx_total', 'responses', 'Responses sent with a status of 300 to 399.'],
  ['responses_4xx_total', 'responses', 'Responses sent with a status of 400 to 499.'],
  ['responses_5xx_total', 'responses', 'Responses sent with a status of 500 to 599.'],
  ['connections_accepted_total', 'connections', 'Client connections accepted.'],
  ['connections_open', 'connections', 'Client connections open now.'],
  [
    'connections_refused_total',
    'connections',
    'Client connections closed at once because a limit was reached.',
  ],
  ['accept_paused_total', 'events', 'Times that accepting stopped because descriptors or memory ran out.'],
  ['bytes_in_total', 'bytes', 'Bytes received from clients.'],
  ['bytes_out_total', 'bytes', 'Bytes sent to clients.'],
  ['origin_connections_opened_total', 'connections', 'Connections opened to origins.'],
  ['origin_connections_open', 'connections', 'Connections to origins open now.'],
  ['origin_connections_idle', 'connections', 'Idle connections in the origin pools.'],
  ['origin_requests_total', 'requests', 'Requests sent to origins, retries included.'],
  ['origin_retries_total', 'requests', 'Requests sent again on a fresh connection.'],
  ['origin_failures_total', 'failures', 'Fetches that brought no usable response.'],
  ['origin_queue', 'exchanges', 'Exchanges waiting for an origin connection.'],
  ['origin_bytes_in_total', 'bytes', 'Bytes received from origins.'],
  ['origin_bytes_out_total', 'bytes', 'Bytes sent to origins.'],
  ['store_hits_total', 'lookups', 'Requests served from the store.'],
  ['store_misses_total', 'lookups', 'Look-ups that found nothing.'],
  ['collapsed_total', 'exchanges', 'Requests that followed a fetch of another one.'],
  ['refused_total', 'exchanges', 'Requests refused by the parser or by a limit.'],
  ['policy_faults_total', 'faults', 'Exceptions thrown by the policy.'],
  ['commands_dropped_total', 'commands', 'Commands for an exchange that had ended.'],
  ['batches_total', 'batches', 'Calls into the policy.'],
  ['events_total', 'events', 'Events handed to the policy.'],
  ['arena_bytes', 'bytes', 'Arena memory in use.'],
  ['arena_full_total', 'events', 'Times that reading stopped because the arena was full.'],
  ['log_records_total', 'records', 'Log records committed to the ring.'],
  ['log_dropped_total', 'records', 'Log records that found the ring full.'],
  ['timeouts_total', 'exchanges', 'Exchanges and connections ended by a timer.'],
  ['heartbeat', 'beats', 'Turns of the worker loop; a stalled worker does not raise it.'],
  ['exchanges_live', 'exchanges', 'Exchanges under way.'],
  ['send_paused_total', 'events', 'Times that reading from an origin stopped because the client was behind.'],
  [
    'exchanges_limit_total',
    'connections',
    'Client connections closed after limits.exchangesPerConnectionMax requests.',
  ],
  [
    'followers_refused_total',
    'exchanges',
    'Requests that fetched alone because a fetch had limits.followersMax followers.',
  ],
  ['idle_closed_total', 'connections', 'Idle client connections closed after timeouts.idleMs.'],
  [
    'origin_queue_full_total',
    'exchanges',
    'Fetches refused because the queue of their server was full, or took too long.',
  ],
  ['tls_handshakes_total', 'handshakes', 'TLS handshakes with clients that were completed.'],
  ['tls_resumed_total', 'handshakes', 'Those of them that resumed an earlier session.'],
  ['tls_handshake_failures_total', 'handshakes', 'TLS handshakes with clients that failed, for any cause.'],
  ['tls_failed_version_total', 'handshakes', 'TLS handshakes refused for the protocol version.'],
  ['tls_failed_cipher_total', 'handshakes', 'TLS handshakes without a common cipher, group or signature.'],
  ['tls_failed_alpn_total', 'handshakes', 'TLS handshakes that offered only unknown application protocols.'],
  [
    'tls_failed_alert_total',
    'handshakes',
    'TLS handshakes that the client gave up with an alert (an unknown CA, for one).',
  ],
  ['tls_failed_closed_total', 'handshakes', 'TLS handshakes whose client closed the connection.'],
  ['tls_failed_timeout_total', 'handshakes', 'TLS handshakes not done within timeouts.handshakeMs.'],
  ['tls_failed_plain_http_total', 'handshakes', 'Plain HTTP requests sent to a TLS port.'],
  ['tls_failed_other_total', 'handshakes', 'TLS handshakes that failed for another cause, garbage included.'],
  ['tls_handshakes_open', 'handshakes', 'TLS handshakes with clients under way.'],
  ['origin_tls_handshakes_total', 'handshakes', 'TLS handshakes with origins that were completed.'],
  ['origin_tls_resumed_total', 'handshakes', 'Those of them that resumed an earlier session.'],
  [
    'origin_tls_failures_total',
    'handshakes',
    'TLS handshakes with origins that failed, refused certificates included.',
  ],
] as const;

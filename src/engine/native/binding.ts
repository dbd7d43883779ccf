/**
 * The typed view of the native addon. One image serves every thread of the process: what begins with `engine` acts on
 * the engine of the calling edge worker thread, the rest on the whole process. Every function returns at once; an error
 * of the operating system is thrown as an Error with its `code`.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readEnvironment } from '../../lib/environment.ts';
import { packageRoot } from '../../lib/package.ts';

/** What the engine needs of a config snapshot: plain data, cloneable, applied as a whole between two batches. */
export interface EngineTables {
  limits: EngineLimits;
  timeouts: EngineTimeouts;
  zones: EngineZones;
  servers: EngineServer[];
  tls: EngineTls;
  /** Pages that stand in for the built-in ones. Left out: there are none. */
  errorPages?: EnginePages;
  /** What becomes of Server in responses, an index into `serverFields`. Left out: 2. */
  serverField?: number;
}

/** `pass`: the origin's; our own answers name us. `remove`: none at all. `replace`: our name in every response. */
export const serverFields = ['pass', 'remove', 'replace'] as const;

/** What a page may put in; each is digits, letters, spaces and hyphens, which need no escaping. */
export const pagePlaceholders = ['status', 'reason', 'ray_id'] as const;

export interface EnginePages {
  pages: { contentType: string /** Texts, and names of `pagePlaceholders`, in turns. */; parts: string[] }[];
  /** `zone`: its number, -1 for all. `status`: one, 4 or 5 for a class, 0 for the rest. The narrowest choice counts. */
  choices: [zone: number, status: number, page: number][];
}

export interface EngineLimits {
  /** Bytes of a request head, request line and final empty line included: 431. */
  headBytesMax: number;
  /** Bytes of a request target: 414. */
  targetBytesMax: number;
  /** Field lines of a request head: 431. */
  fieldsMax: number;
  /** Bytes of a request body, after chunk decoding: 413. */
  bodyBytesMax: number;
  /** Bytes of the trailer section of a chunked request: 431. */
  trailerBytesMax: number;
  /** Bytes that may wait unread of a client that sends requests ahead of their answers; beyond it, reading stops. */
  pipelineBytesMax: number;
  /** Bytes of one response held for a client that reads slowly, before reading from the origin stops. */
  sendBufferBytesMax: number;
  /** Client connections of the whole process: beyond it a connection is closed at once. */
  connectionsMax: number;
  /** Client connections of one address (of one /64 for IPv6), whole process. */
  connectionsPerAddressMax: number;
  exchangesPerConnectionMax: number;
  /** Bytes of a response head from an origin: 502. */
  originHeadBytesMax: number;
  originFieldsMax: number;
  /** Interim (1xx) responses that an origin may send before the final one: 502. */
  originInterimMax: number;
  /** Followers of one collapsed fetch; beyond it a request fetches on its own. */
  followersMax: number;
}

export interface EngineTimeouts {
  /** From the first byte of a request to the end of its head: 408. */
  headMs: number;
  /** From the connection to the end of its TLS handshake. */
  handshakeMs: number;
  /** Between two reads of a request body: 408. */
  bodyMs: number;
  /** Of a connection that waits for its next request. */
  idleMs: number;
  /** Between two writes to a client that does not read. */
  writeMs: number;
  /** For the policy to answer an exchange that it told to wait: 500. */
  answerMs: number;
  /** After the last response, to read what the client still sends, so that a reset does not destroy the response. */
  lingerMs: number;
  /** For exchanges in flight once the engine drains. */
  drainMs: number;
}

/** Hosts are in lower case, without port; an IPv6 literal has its brackets. Numbers index `names` and `keys`. */
export interface EngineZones {
  names: string[];
  /** Key of each zone in the store: stays the same for a zone's name while the process lives. */
  keys: number[];
  exact: [host: string, zone: number][];
  /** `example.com` for `*.example.com`: one label or more below it, never the suffix itself. The longest suffix wins. */
  wildcard: [suffix: string, zone: number][];
  /** Zone of every other host, and of HTTP/1.0 requests without one; -1: none. */
  catchAll: number;
}

export interface EngineServer {
  /** Stays the same while the process lives for the same origin name and URL, so that pools outlive a reload. */
  id: number;
  /** The host of its URL in lower case: Host where the origin wants its own. */
  host: string;
  port: number;
  /** `host` with the port unless it is the scheme's own, as a Host field would carry it. */
  authority: string;
  /** IP literals to connect to, in order of preference; empty: the name has not been resolved (503, dns_error). */
  addresses: string[];
  /** Connections of the whole process to this server. */
  maxConnections: number;
  /** Exchanges of the whole process that may wait for a connection: beyond it connection_limit_reached. */
  queueMax: number;
  queueMs: number;
  connectMs: number;
  /** From the last byte of the request to the first byte of the response. */
  firstByteMs: number;
  betweenBytesMs: number;
  /** Between two writes to an origin that does not read. */
  writeMs: number;
  /** A pooled connection is closed after this time without use. */
  idleMs: number;
  /** Idle connections kept per worker. */
  idleMax: number;
  /** Delay before the next address is tried beside one that has not answered (RFC 8305 5). */
  attemptDelayMs: number;
  /** Undefined: plain HTTP. */
  tls?: EngineServerTls;
}

/** Private keys are in here: tables are never shown. */
export interface EngineTls {
  listeners: EngineTlsListener[];
  /** PEM texts of trusted certificates; `partialChains`: any of them may end a chain, roots or not. */
  trusts: { pem: string; partialChains: boolean }[];
}

export interface EngineTlsListener {
  /** `EngineListener.id`. */
  id: number;
  address: string;
  onlyTls13: boolean;
  /** How long a session may be resumed. */
  sessionSeconds: number;
  /** At least one; the first is the default. */
  certificates: EngineCertificate[];
}

export interface EngineCertificate {
  /** PEM, the certificate itself first. */
  chain: string;
  /** PEM. */
  key: string;
  /** Host names in lower case; `*.example.com` stands for one label. */
  names: string[];
}

export interface EngineServerTls {
  /** Host name or IP literal that is asked for and checked. */
  serverName: string;
  verify: boolean;
  onlyTls13: boolean;
  /** Our certificate and its key, PEM; empty: none. */
  chain: string;
  key: string;
  /** Index into `EngineTls.trusts`; -1: none. */
  trust: number;
}

export interface EngineListener {
  /** Number of the configured listener, as events report it; stays the same for its address while the process lives. */
  id: number;
  /** The listening socket lent to this worker. */
  fd: number;
}

export interface EngineOptions {
  /** Slot of the worker, from 0; names its statistics page. */
  workerIndex: number;
  /** Worker slots of the process. */
  workers: number;
  arenaBytes: number;
  ringPath: string;
  ringBytes: number;
  /** Number of this ring, unique over workers, replacements and restarts on one `logs.directory`. */
  ringId: number;
  /** 16 hexadecimal digits drawn at random once per process. */
  bootIdHex: string;
  /** The first ray id of this engine, 16 hexadecimal digits; each next one is one more, modulo 2^64. */
  rayFirstHex: string;
  ticketKeys: Uint8Array;
}

export interface StoreOptions {
  /** Budget for everything that the store owns, overhead and pinned but unlinked objects included. */
  bytesMax: number;
  objectBytesMax: number;
  /** 32 hexadecimal digits: the key of the hash. */
  secretHex: string;
}

/** Where log records of an engine are kept until the shipper has read them. */
export const ringKinds = ['none', 'memory', 'file'] as const;

export interface EngineCreated {
  arena: ArrayBuffer;
  /** What the shipper opens; empty where there is no ring. */
  ringPath: string;
  /** Index into `ringKinds`: `memory` where the file cannot be made, `none` where every record is dropped and counted. */
  ringKind: number;
  /** errno that the file met, 0 where it was made. */
  ringError: number;
}

export interface EngineStats {
  [name: string]: number;
}

export interface ZoneStats {
  /** Empty: all zones beyond the 131 072 that are counted apart. */
  zone: string;
  requests: number[];
  /** Of bodies, as sent to clients. */
  bytes: number[];
  /** Requests that followed the fetch of another one. */
  collapsed: number;
  /** Received from origins, for background fetches too. */
  originBytes: number;
}

export interface Binding {
  version(): string;
  /** Compiler, version of the Node headers, and sanitizers of this image. */
  buildInfo(): { compiler: string; headers: string; sanitizers: string };

  /**
   * Opens a listening TCP socket: SO_REUSEPORT, IPV6_V6ONLY, non-blocking. `host` is an IP literal without brackets;
   * with port 0 the system chooses, and the port that it chose is returned.
   */
  listen(host: string, port: number, backlog: number): { fd: number; port: number };
  closeFd(fd: number): void;
  /** Takes a lock that lasts until the process ends; `holder` becomes the file's text, for those who come later. */
  lockFile(path: string, holder: string): { held: true } | { held: false; holder: string };
  /** Raises the soft limit of open files to the hard one. */
  raiseFileLimit(): { soft: number; hard: number };

  /** Sends a datagram to the socket of a service manager (sd_notify(3)); `@` begins an abstract name. */
  notify(socket: string, text: string): void;

  /** Two ends of a channel that passes descriptors from process to process, at most 250 in one message. */
  descriptorPair(): [number, number];
  sendDescriptors(channel: number, descriptors: number[]): void;
  /** Those of the next message; empty where none waits. EPIPE: the other end is closed. */
  receiveDescriptors(channel: number): number[];

  storeOpen(options: StoreOptions): void;
  storeStats(): Record<string, number>;
  /** Zones that had requests since the process began, all workers together; `requests` and `bytes` by index of `cacheResults`. */
  zoneStats(): ZoneStats[];
  /**
   * What stands under a key at a time in seconds, as a worker would be told: the words from `eventWord.storeState` to
   * `eventWord.objectBodyHigh`, and the field lines of what is stored, or of a marker, in latin1 (`name: value\r\n`).
   */
  storeLookup(key: Uint8Array, nowSeconds: number): { words: number[]; lines: string };
  /**
   * Removes what is stored under the key of a URL, and all that extends it; `soft` marks it stale. Returns how many things stood
   * under the key itself; -1, as the next two: the store can make no more purges.
   */
  storePurge(key: Uint8Array, soft: boolean): number;
  /** A zone, host, prefix or tag (`Group` of the store, in latin1). Returns 0: nothing is counted. */
  storePurgeGroup(group: number, zone: number, text: Uint8Array, soft: boolean): number;
  /** Returns how many objects there were. */
  storePurgeAll(soft: boolean): number;

  /** The counters of a worker slot (u64 each, see `counters` in the contract), kept when its worker dies. */
  statsPage(workerIndex: number): ArrayBuffer;

  engineCreate(options: EngineOptions, onBatch: () => void): EngineCreated;
  /** Throws where a certificate cannot be used. */
  engineConfigure(snapshotId: number, tables: EngineTables): void;
  /** Throws where `engineConfigure` would, and changes nothing. */
  engineCheck(snapshotId: number, tables: EngineTables): void;
  /** Keys for session tickets, `ticketKeyBytes` each, the current one first. */
  engineSetTicketKeys(keys: Uint8Array): void;
  /** The listeners to accept on from now on; one that is not named any more is left, its connections live on. */
  engineSetListeners(listeners: EngineListener[]): void;
  engineSetAddresses(serverId: number, addresses: string[]): void;
  /** Tells the engine that late commands wait, in case its loop sleeps. */
  engineSubmitLate(): void;
  /** Looks up a key that lies in the arena; the answer is in the reply region. Returns a `storeState`. */
  engineLookup(keyOffset: number, keyLength: number): number;
  /** Arena offset of the stored response head in the reply region, or 0 where the object is gone. */
  engineReadStoredHead(object: number, generation: number): number;
  /** Stores a marker (`varyMarker`, `passMarker`) under a key in the arena, with the bytes that it carries. Returns its generation. */
  enginePutMarker(
    keyOffset: number,
    keyLength: number,
    objectFlags: number,
    freshUntil: number,
    bodyOffset: number,
    bodyLength: number,
  ): number;
  /** Purges a key that lies in the arena (invalidation by an unsafe method, RFC 9111 4.4). */
  enginePurge(keyOffset: number, keyLength: number, soft: boolean): number;
  /** Ids of the snapshots that exchanges still refer to. */
  engineLiveSnapshots(): number[];
  /** Stops accepting, answers with `Connection: close`, closes idle connections. */
  engineDrain(): void;
  /** Closes everything and releases what the engine holds. */
  engineStop(): void;
  engineStats(): EngineStats;

  /** A P-256 certificate for host names and IP literals that signs itself, and its key, as PEM. */
  makeCertificate(names: string[], days: number): { certificate: string; key: string };
}

export const ticketKeyBytes = 80;

export function addonPath(): string {
  return readEnvironment('addon') ?? join(packageRoot(), 'build', 'Release', 'parapet.node');
}

let loaded: Binding | undefined;

/** Loads the addon once per thread. */
export function loadBinding(): Binding {
  loaded ??= createRequire(import.meta.url)(addonPath()) as Binding;
  return loaded;
}

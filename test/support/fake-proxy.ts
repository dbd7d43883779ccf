/**
 * A whole proxy around the policy, without sockets: a request goes in, an origin function is asked, a response comes out.
 * It carries commands out as the contract says, one exchange at a time.
 */
import {
  type Annotation,
  annotations,
  cacheResults,
  cacheStatus,
  commandFlag,
  editOp,
  eventFlag,
  type eventWord,
  failCause,
  reasons,
} from '../../src/engine/contract.ts';
import type { Edit } from '../../src/engine/edits.ts';
import { formatHttpDate } from '../../src/lib/http-date.ts';
import { Policy } from '../../src/pipeline/index.ts';
import {
  defaultCacheSettings,
  defaultOriginSettings,
  defaultPolicyLimits,
  type PolicySnapshot,
} from '../../src/pipeline/protocol.ts';
import { type Command, earlyKey, FakeEngine, type Fields } from './fake-engine.ts';

export interface OriginRequest {
  method: string;
  target: string;
  fields: [string, string][];
  server: number;
  isBackground: boolean;
  get(name: string): string | undefined;
}

export interface OriginResponse {
  status?: number;
  fields?: Fields;
  body?: string;
  delayMs?: number;
  /** No response: the cause. */
  fails?: keyof typeof failCause;
  mayRetry?: boolean;
}

export type Origin = (request: OriginRequest) => OriginResponse;

export interface ClientRequest {
  method?: string;
  target?: string;
  host?: string;
  fields?: Fields;
  body?: boolean;
  peer?: string;
  isTls?: boolean;
  zone?: number;
}

export interface ClientResponse {
  status: number;
  fields: [string, string][];
  body: string;
  cacheResult: string;
  reason: string;
  /** What the record was told of rules. */
  notes: Partial<Record<Annotation, string>>;
  commands: Command[];
  get(name: string): string | undefined;
}

export function snapshotWith(given: Partial<PolicySnapshot> = {}): PolicySnapshot {
  return {
    id: 1,
    zones: [{ name: 'site', key: 7, origin: 0, cache: defaultCacheSettings, rulesets: [] }],
    rulesets: [],
    listeners: [{ id: 0, address: '127.0.0.1', port: 8080 }],
    origins: [{ ...defaultOriginSettings, name: 'site', servers: [{ id: 11, hostHeader: '' }] }],
    trustedProxies: [],
    geo: [],
    limits: defaultPolicyLimits,
    testFaults: false,
    ...given,
  };
}

/** Fields, and their lines joined by name. */
export function valueOf(fields: Fields, name: string): string | undefined {
  const values = fields.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

export function applyEdits(fields: Fields, edits: readonly Edit[]): [string, string][] {
  let result = fields.map(([name, value]): [string, string] => [name, value]);
  for (const { op, name, value } of edits) {
    if (op !== editOp.append) result = result.filter(([other]) => other !== name);
    if (op !== editOp.remove) result.push([name, value ?? '']);
  }
  return result;
}

/** Entries of an `annotate` command. */
function decodeAnnotations(body: string): Partial<Record<Annotation, string>> {
  const bytes = Buffer.from(body, 'utf8');
  const notes: Partial<Record<Annotation, string>> = {};
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16LE(at + 2);
    const name = annotations[bytes.readUInt16LE(at)] as Annotation;
    notes[name] = bytes.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
  }
  return notes;
}

/** Stored, and sent to nobody. */
const ownNames = new Set(['parapet-cache-control', 'cloudflare-cdn-cache-control']);

const conditional = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]);
const forwarding = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'forwarded',
]);

interface Exchange {
  slot: number;
  generation: number;
  request: ClientRequest;
  hasClient: boolean;
  /** Its address, as the policy has left it. */
  client: string;
  attempts: number;
  server: number;
  revalidated: [number, number];
  /** Answer of the origin, while it is decided upon. */
  origin: Required<Pick<OriginResponse, 'status' | 'fields' | 'body'>>;
  commands: Command[];
  result: ClientResponse | undefined;
  notes: Partial<Record<Annotation, string>>;
}

export class FakeProxy {
  readonly engine = new FakeEngine();
  readonly snapshot: PolicySnapshot;
  readonly policy: Policy;
  readonly asked: OriginRequest[] = [];
  origin: Origin;
  #generation = 1;
  readonly #background: (() => void)[] = [];

  constructor(origin: Origin, snapshot: PolicySnapshot = snapshotWith()) {
    this.origin = origin;
    this.snapshot = snapshot;
    this.policy = new Policy(this.engine.memory, this.engine.ports, snapshot, 0);
  }

  get now(): number {
    return this.engine.now;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.engine.now += seconds;
  }

  /** A date, as a field value, relative to now. */
  date(seconds = 0): string {
    return formatHttpDate(this.engine.now + seconds);
  }

  /** Sends a request and returns its response; background fetches have been done then. */
  send(request: ClientRequest = {}): ClientResponse {
    const exchange = this.#begin(request, true);
    this.#decide(exchange, 'request', {});
    for (let next = this.#background.shift(); next !== undefined; next = this.#background.shift()) next();
    if (exchange.result === undefined) throw new Error('the exchange was not answered');
    return exchange.result;
  }

  #begin(request: ClientRequest, hasClient: boolean): Exchange {
    this.#generation += 1;
    return {
      slot: this.#generation % 5,
      generation: this.#generation,
      request,
      hasClient,
      client: request.peer ?? '192.0.2.1',
      attempts: 0,
      server: 0,
      revalidated: [0, 0],
      origin: { status: 0, fields: [], body: '' },
      commands: [],
      result: undefined,
      notes: {},
    };
  }

  #host(request: ClientRequest): string {
    return request.host ?? 'site.example';
  }

  #fields(request: ClientRequest): [string, string][] {
    const own: [string, string][] = (request.fields ?? []).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]);
    return [['host', this.#host(request)], ...own];
  }

  #decide(
    exchange: Exchange,
    kind: 'request' | 'originHead' | 'originFailed' | 'follow',
    words: Partial<Record<keyof typeof eventWord, number>>,
  ): void {
    const { engine } = this;
    const { request } = exchange;
    engine.begin();
    const head = engine.request({
      method: request.method ?? 'GET',
      target: request.target ?? '/',
      fields: this.#fields(request),
    });
    let flags = (exchange.hasClient ? 0 : eventFlag.noClient) | (words.flags ?? 0);
    if (request.isTls) flags |= eventFlag.tls;
    if (request.body) flags |= eventFlag.hasBody;
    const method = request.method ?? 'GET';
    const extendsKey = (engine.words[(head >> 2) + 2]! & 512) !== 0;
    const zone = request.zone ?? 0;
    const keyValid =
      kind === 'request' && !extendsKey && zone >= 0 && (method === 'GET' || method === 'HEAD');
    if (keyValid) flags |= eventFlag.keyValid;
    const originHead = kind === 'originHead' ? engine.response(exchange.origin) : 0;
    const peer = exchange.hasClient ? (request.peer ?? '192.0.2.1') : '::';
    const clientAddress = engine.address(peer, exchange.client);
    const index = engine.event(kind, {
      slot: exchange.slot,
      generation: exchange.generation,
      zone,
      snapshot: this.snapshot.id,
      head,
      originHead,
      clientAddress,
      server: exchange.server,
      attempts: exchange.attempts,
      revalidated: exchange.revalidated[0],
      revalidatedGeneration: exchange.revalidated[1],
      ...words,
      flags,
    });
    if (keyValid) engine.lookUpInto(index, this.#earlyKey(request));
    const commands = engine.run(() => this.policy.onBatch());
    exchange.client = engine.recordedAddress(clientAddress);
    exchange.commands.push(...commands);
    for (const command of commands) this.#apply(exchange, command);
  }

  #earlyKey(request: ClientRequest): string {
    const zone = this.snapshot.zones[request.zone ?? 0]!;
    const host = this.#host(request).replace(request.isTls ? /:443$/ : /:80$/, '');
    return earlyKey(zone.key, host, request.target ?? '/', request.isTls);
  }

  #apply(exchange: Exchange, command: Command): void {
    switch (command.kind) {
      case 'serve':
        return this.#serve(exchange, command, command.word('object'), command.word('objectGeneration'));
      case 'respond':
        return this.#finish(
          exchange,
          command,
          command.word('status'),
          applyEdits([], command.edits),
          command.body,
        );
      case 'fetch':
        return this.#fetch(exchange, command);
      case 'forward':
        return this.#forward(exchange, command);
      case 'refresh':
        return this.#refresh(exchange, command);
      case 'annotate':
        exchange.notes = decodeAnnotations(command.body);
        return;
      default:
        throw new Error(`the fake proxy does not know ${command.kind}`);
    }
  }

  #serve(exchange: Exchange, command: Command, object: number, generation: number): void {
    const stored = this.engine.byHandle(object, generation);
    if (stored === undefined) throw new Error('serves an object that is gone');
    const sent = stored.fields.filter(([name]) => !ownNames.has(name));
    const fields = applyEdits(sent, command.edits);
    const age = command.word('age');
    if (age >= 0) fields.push(['age', String(age)]);
    const kind = command.word('cacheStatus');
    if (kind !== cacheStatus.none) {
      const detail = ['', '', '; detail=SWR', '; detail=SIE'][kind];
      fields.push(['cache-status', `parapet; hit; ttl=${command.word('ttl')}${detail}`]);
    }
    const status = command.word('status') || stored.status;
    let { body } = stored;
    if (status === 206) body = body.slice(command.word('rangeFirstLow'), command.word('rangeLastLow') + 1);
    if ([304, 412, 416].includes(status)) body = '';
    this.#finish(exchange, command, status, fields, body);
  }

  #finish(
    exchange: Exchange,
    command: Command,
    status: number,
    fields: [string, string][],
    body: string,
  ): void {
    if (!exchange.hasClient) return;
    if (exchange.result !== undefined) throw new Error('the exchange was answered twice');
    exchange.result = {
      status,
      fields,
      body: exchange.request.method === 'HEAD' ? '' : body,
      cacheResult: cacheResults[command.word('cacheResult')]!,
      reason: reasons[command.word('reason')]!,
      notes: exchange.notes,
      commands: exchange.commands,
      get: (name) => valueOf(fields, name),
    };
  }

  #fetch(exchange: Exchange, command: Command): void {
    if ((command.flags & commandFlag.background) !== 0) {
      const background = { ...this.#begin(exchange.request, false), client: exchange.client };
      this.#background.push(() => this.#ask(background, command));
      return;
    }
    this.#ask(exchange, command);
  }

  #ask(exchange: Exchange, command: Command): void {
    const { request } = exchange;
    let fields = this.#fields(request);
    if ((command.flags & commandFlag.unconditional) !== 0)
      fields = fields.filter(([name]) => !conditional.has(name));
    if ((command.flags & commandFlag.forwardingFields) !== 0) {
      fields = fields.filter(([name]) => !forwarding.has(name));
      if (exchange.hasClient) fields.push(['x-forwarded-for', request.peer ?? '192.0.2.1']);
    }
    fields = applyEdits(fields, command.edits);
    exchange.attempts += 1;
    exchange.server = command.word('server');
    exchange.revalidated = [command.word('object'), command.word('objectGeneration')];
    const asked: OriginRequest = {
      method: request.method ?? 'GET',
      target: command.target === '' ? (request.target ?? '/') : command.target,
      fields,
      server: exchange.server,
      isBackground: !exchange.hasClient,
      get: (name) => valueOf(fields, name),
    };
    this.asked.push(asked);
    const answer = this.origin(asked);
    if (answer.fails !== undefined) {
      const flags = answer.mayRetry ? eventFlag.mayRetry : 0;
      this.#decide(exchange, 'originFailed', { cause: failCause[answer.fails], flags });
      return;
    }
    const { status = 200, fields: given = [], body = '', delayMs = 0 } = answer;
    exchange.origin = { status, fields: given.map(([name, value]) => [name.toLowerCase(), value]), body };
    this.#decide(exchange, 'originHead', { originDelayMs: delayMs });
  }

  #forward(exchange: Exchange, command: Command): void {
    const { origin } = exchange;
    if ((command.flags & commandFlag.store) !== 0) {
      const key = command.key === '' ? this.#earlyKey(exchange.request) : command.key;
      this.engine.put(key, {
        ...this.#times(command),
        status: origin.status,
        fields: this.#storable(applyEdits(origin.fields, command.storeEdits)),
        body: origin.body,
      });
    }
    const status = command.word('status') || origin.status;
    const hasBody = (command.flags & commandFlag.noBody) === 0;
    this.#finish(
      exchange,
      command,
      status,
      applyEdits(origin.fields, command.edits),
      hasBody ? origin.body : '',
    );
  }

  #refresh(exchange: Exchange, command: Command): void {
    const object = command.word('object');
    const generation = command.word('objectGeneration');
    const stored = this.engine.byHandle(object, generation);
    if (stored === undefined) throw new Error('refreshes an object that is gone');
    stored.fields = this.#storable(applyEdits(stored.fields, command.storeEdits));
    Object.assign(stored, this.#times(command));
    this.#serve(exchange, command, object, generation);
  }

  #storable(fields: [string, string][]): [string, string][] {
    const kept = fields.filter(([name]) => name !== 'age');
    return kept.some(([name]) => name === 'date') ? kept : [...kept, ['date', this.date()]];
  }

  #times(command: Command): object {
    return {
      storedAt: this.now,
      freshUntil: command.word('freshUntil') >>> 0,
      staleWhileRevalidateUntil: command.word('staleWhileRevalidateUntil') >>> 0,
      staleIfErrorUntil: command.word('staleIfErrorUntil') >>> 0,
      flags: command.word('objectFlags'),
      ageAtStore: command.word('ageAtStore'),
    };
  }
}

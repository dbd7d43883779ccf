/**
 * What would be decided for a request, phase by phase. The policy of a worker decides it, over a store in which nothing
 * is, or over the one of the process; here its decisions are put into words.
 */
import { cacheStatus, reasons } from '../engine/contract.ts';
import type { Edit } from '../engine/edits.ts';
import { Policy } from '../pipeline/index.ts';
import type { PolicySnapshot } from '../pipeline/protocol.ts';
import type { Configuration } from './configuration.ts';
import { tellFound } from './explain-found.ts';
import { type ExplainedRule, RuleReport } from './explain-rules.ts';
import { tellStore, variesBy } from './explain-store.ts';
import { type AskStore, Rehearsal, type RehearsedCommand } from './rehearsal.ts';
import { authorityOf, badUrl, parseRequestUrl, type RequestUrl } from './request-url.ts';
import { zoneOf } from './zone-of.ts';

export interface ExplainedRequest {
  method: string;
  url: string;
  /** Names in lower case. */
  fields: readonly (readonly [name: string, value: string])[];
  ip: string;
  /** What the origin is taken to answer; by default 200 with nothing but a type. */
  response?: AssumedResponse;
}

export interface AssumedResponse {
  status: number;
  /** Names in lower case. */
  fields: readonly (readonly [name: string, value: string])[];
}

export interface ExplainedPhase {
  /** `door`, `zone`, a phase of rules, `cache`, `origin`, `store`. */
  phase: string;
  decision: string;
  detail: Readonly<Record<string, unknown>>;
}

/** The phases up to the one that answers, over `store` or an empty one. A message where the URL is none. */
export function explain(
  configuration: Configuration,
  request: ExplainedRequest,
  nowMs: number,
  store?: AskStore,
): ExplainedPhase[] | string {
  const url = parseRequestUrl(request.url);
  if (url === undefined) return badUrl(request.url);
  const zone = zoneOf(configuration.compiled.tables.zones, url.host);
  return new Explanation(configuration, request, url, zone, nowMs, store).phases;
}

/** The snapshot with one zone alone: others have no say, and their rules need not be compiled. */
function snapshotOf({ policy }: Configuration['compiled'], index: number): PolicySnapshot {
  const zone = policy.zones[index];
  const used = zone?.rulesets ?? [];
  return {
    ...policy,
    zones: zone === undefined ? [] : [{ ...zone, rulesets: used.map((_, at) => at) }],
    rulesets: used.map((at) => policy.rulesets[at]).filter((one) => one !== undefined),
  };
}

/** The listener with the port of the URL; the first one where there is none. */
function listenerOf({ listeners }: PolicySnapshot, { port, isTls }: RequestUrl): number {
  const wanted = port === 0 ? (isTls ? 443 : 80) : port;
  return (listeners.find((one) => one.port === wanted) ?? listeners[0])?.id ?? 0;
}

/** A policy of one zone, and the arena that it decides a request for a URL in. */
export function rehearse(
  configuration: Configuration,
  url: RequestUrl,
  zone: number,
  { method, fields, ip }: Pick<ExplainedRequest, 'method' | 'fields' | 'ip'>,
  nowMs: number,
  store?: AskStore,
): { rehearsal: Rehearsal; policy: Policy; snapshot: PolicySnapshot } {
  const snapshot = snapshotOf(configuration.compiled, zone);
  const { isTls, port, path, query } = url;
  const authority = fields.find(([name]) => name === 'host')?.[1] ?? authorityOf(url);
  const others = fields.filter(([name]) => name !== 'host');
  const request = { method, isTls, authority, port, path, query, fields: others, ip };
  const rehearsal = new Rehearsal(request, snapshot.id, listenerOf(snapshot, url), nowMs, store);
  return { rehearsal, policy: new Policy(rehearsal.memory, rehearsal.ports, snapshot, 0), snapshot };
}

const plainResponse: AssumedResponse = { status: 200, fields: [['content-type', 'text/html']] };
const cachePhase = 'http_response_cache_settings';

type Zone = Configuration['config']['zones'][number];

class Explanation {
  readonly phases: ExplainedPhase[] = [];
  readonly #configuration: Configuration;
  readonly #request: ExplainedRequest;
  readonly #url: RequestUrl;
  readonly #zone: Zone | undefined;
  readonly #rehearsal: Rehearsal;
  readonly #policy: Policy;
  readonly #now: number;
  readonly #isLive: boolean;
  #isLookedUp = false;

  constructor(
    configuration: Configuration,
    request: ExplainedRequest,
    url: RequestUrl,
    zone: number,
    nowMs: number,
    store: AskStore | undefined,
  ) {
    this.#isLive = store !== undefined;
    this.#configuration = configuration;
    this.#request = request;
    this.#url = url;
    this.#zone = configuration.config.zones[zone];
    this.#now = Math.floor(nowMs / 1000);
    const { rehearsal, policy, snapshot } = rehearse(configuration, url, zone, request, nowMs, store);
    this.#rehearsal = rehearsal;
    this.#policy = policy;
    const report = new RuleReport(snapshot);
    policy.watch((set, index, verdict, changes) => report.note(set, index, verdict, changes));
    const decide = () => policy.onBatch();
    const commands = this.#rehearsal.request(decide);
    // A stale response may be refreshed beside.
    const answer =
      commands.find(({ kind }) => kind === 'serve') ?? commands.find(({ kind }) => kind !== 'annotate');
    if (answer === undefined) throw new Error('the policy has not answered');
    this.#tell(answer, report, decide);
  }

  #tell(answer: RehearsedCommand, report: RuleReport, decide: () => void): void {
    const isFetched = answer.kind === 'fetch';
    const end = `answered with ${answer.word('status')}`;
    const reason = reasons[answer.word('reason')];
    if (!isFetched && (reason === 'method_not_allowed' || reason === 'loop_detected')) {
      this.#add('door', end, { reason });
      return;
    }
    this.#add('door', 'goes on', { method: this.#request.method, ip: this.#request.ip });
    if (this.#zone === undefined) {
      this.#add('zone', end, { host: this.#url.host, reason });
      return;
    }
    this.#add('zone', this.#zone.name, { host: this.#url.host, hosts: this.#zone.hosts });
    for (const { phase, rules, isEnd } of report.phases('http_request')) {
      this.#add(phase, isEnd ? end : 'goes on', { ...this.#effect(phase, answer, report, rules), rules });
    }
    if (isFetched || answer.kind === 'serve') this.#tellCache(this.#zone, answer);
    if (isFetched) this.#tellOrigin(answer);
    this.#tellResponse(answer, report, decide);
  }

  #effect(phase: string, answer: RehearsedCommand, report: RuleReport, rules: readonly ExplainedRule[]) {
    if (phase === 'http_request_cache_settings') return {};
    if (phase !== 'http_request_transform') return effect(phase, answer, rules);
    const target = report.target(this.#url);
    return target === ownTarget(this.#url) ? {} : { target };
  }

  #add(phase: string, decision: string, detail: Record<string, unknown>): void {
    this.phases.push({ phase, decision, detail });
  }

  #tellCache({ name, cache }: Zone, answer: RehearsedCommand): void {
    const [key] = this.#rehearsal.keys;
    const { mode } = cache;
    this.#isLookedUp = key !== undefined;
    if (key === undefined) return this.#add('cache', this.#whyNot(mode), { mode });
    const detail = { mode, key: readKey(name, key) };
    if (!this.#isLive) {
      const may = 'looked up under the key; fetched and perhaps stored where there is nothing fresh';
      return this.#add('cache', may, detail);
    }
    const variant = variesBy(this.#policy.last.vary, this.#selecting);
    const stored = tellFound(this.#rehearsal.found.at(-1), this.#now);
    this.#add('cache', cacheDecision(answer), { ...detail, ...(variant && { variant }), stored });
  }

  get #selecting() {
    const { caching, changes, request } = this.#policy.last;
    return { caching, requestValue: (name: string) => changes.textOf(name, request) };
  }

  #whyNot(mode: string): string {
    const { method } = this.#request;
    if (mode === 'off') return 'not looked up: caching is off';
    if (method !== 'GET' && method !== 'HEAD') return `not looked up: ${method} is not stored`;
    if (this.#policy.last.caching.settings.cache === false) return 'not looked up: a rule says cache: false';
    return mode === 'cdn'
      ? 'not looked up: the extension is not in the list of mode cdn'
      : 'not looked up: the key would be too long';
  }

  #tellOrigin(answer: RehearsedCommand): void {
    const { config, compiled } = this.#configuration;
    const name = this.#zone?.origin ?? '';
    const origin = config.origins[name];
    const settings = compiled.policy.origins.find((one) => one.name === name);
    const servers = (origin?.servers ?? []).map((server, index) => ({
      url: server.url,
      host: settings?.servers[index]?.hostHeader || authorityOf(this.#url),
    }));
    const target = answer.target === '' ? ownTarget(this.#url) : answer.target;
    this.#add('origin', name, { balance: origin?.balance, servers, target });
  }

  /** What becomes of the response: of the one that was given, or of the one that the origin is taken to answer. */
  #tellResponse(answer: RehearsedCommand, report: RuleReport, decide: () => void): void {
    const given = answer.kind === 'fetch' ? undefined : answer;
    const { status, fields } = this.#request.response ?? plainResponse;
    const answers =
      given === undefined ? this.#rehearsal.originHead(decide, status, fields, answer) : [given];
    const isAskedAgain = answers.some(({ kind }) => kind === 'fetch');
    const sent = given ?? answers.find(({ kind }) => kind === 'forward');
    const phases = report.phases('http_response');
    const tell = (isBefore: boolean) => {
      for (const { phase, rules } of phases) {
        if ((phase === cachePhase) === isBefore)
          this.#add(phase, 'goes on', { ...(sent && effect(phase, sent, rules)), rules });
      }
    };
    if (given === undefined) tell(true);
    if (given === undefined && this.#isLookedUp && this.#request.method === 'GET')
      this.#tellStore(status, isAskedAgain);
    tell(false);
  }

  #tellStore(status: number, isAskedAgain: boolean): void {
    const { decision, response } = this.#policy.last;
    const why = isAskedAgain
      ? 'it is not just what was asked for, and the request goes to the origin as the client has made it'
      : 'a 304 brings up to date what is stored, and is nothing by itself';
    const told =
      (isAskedAgain && decision.mayStore) || status === 304
        ? { decision: `not stored: ${why}`, detail: {} }
        : tellStore({ ...this.#selecting, decision, response, now: this.#now });
    const { fields } = this.#request.response ?? plainResponse;
    const assumed = [`${status}`, ...fields.map(([name, value]) => `${name}: ${value}`)].join('; ');
    this.#add('store', told.decision, { response: assumed, ...told.detail });
  }
}

/** What the store's answer led to. */
function cacheDecision(answer: RehearsedCommand): string {
  if (answer.kind === 'serve') {
    const status = answer.word('status');
    const isStale = answer.word('cacheStatus') === cacheStatus.hitStaleWhileRevalidate;
    const how = isStale ? ', stale while it is validated' : '';
    return `answered from the store${how}${status === 0 ? '' : ` with ${status}`}`;
  }
  return answer.word('object') === 0 ? 'fetched from the origin' : 'validated with the origin';
}

const ownTarget = ({ path, query }: RequestUrl) => (query === undefined ? path : `${path}?${query}`);

/** The parts of a primary key (`src/cache/key.ts`). */
function readKey(zone: string, key: Buffer): Record<string, string> {
  const text = key.toString('latin1', 4);
  const [site = '', ...rest] = text.split('\0');
  const [own = '', ...custom] = rest.join('\0').split('\u0005');
  const [target = '', ...extensions] = own.split('\u0001');
  const more = extensions.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
  const scheme = site.startsWith('s') ? 'https' : 'http';
  const parts = custom.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return equals < 0 ? [part, '(absent)'] : [part.slice(0, equals), part.slice(equals + 1)];
  });
  return {
    zone,
    scheme,
    host: site.slice(1),
    target,
    ...Object.fromEntries(more),
    ...Object.fromEntries(parts),
  };
}

/** What the rules of a phase have written into the command that followed. */
function effect(
  phase: string,
  { edits }: RehearsedCommand,
  rules: readonly ExplainedRule[],
): Record<string, unknown> {
  const matched = rules.filter(({ result }) => result === 'matched');
  if (matched.length === 0) return {};
  const names = new Set(matched.flatMap(({ fields = [] }) => fields));
  if (phase === 'http_request_dynamic_redirect') names.add('location');
  const fields = edits.filter(({ name }) => names.has(name)).map(editText);
  return fields.length === 0 ? {} : { fields };
}

const ops = ['', 'remove', 'set', 'add'];
const editText = ({ op, name, value }: Edit) =>
  `${ops[op]} ${name}${value === undefined ? '' : `: ${value}`}`;

export function formatExplained(phases: readonly ExplainedPhase[]): string {
  const width = Math.max(...phases.map(({ phase }) => phase.length)) + 2;
  const indent = ' '.repeat(width);
  const lines: string[] = [];
  for (const { phase, decision, detail } of phases) {
    lines.push(`${phase.padEnd(width)}${decision}`);
    for (const [key, value] of Object.entries(detail)) lines.push(...formatDetail(indent, key, value));
  }
  return `${lines.join('\n')}\n`;
}

function formatDetail(indent: string, key: string, value: unknown): string[] {
  if (Array.isArray(value) && (typeof value[0] === 'object' || key === 'fields'))
    return value.flatMap((one) => formatDetail(indent, key.replace(/s$/, ''), one));
  if (Array.isArray(value)) return [`${indent}${key}: ${value.join(', ')}`];
  if (typeof value !== 'object' || value === null) return [`${indent}${key}: ${String(value)}`];
  const parts = Object.entries(value)
    .filter(([, inner]) => typeof inner !== 'object')
    .map(([name, inner]) => `${name}=${String(inner)}`);
  return [`${indent}${key}: ${parts.join(' ')}`];
}

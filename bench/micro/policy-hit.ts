/**
 * What the policy costs per event, over an arena that a fake engine lays out once: no sockets, no native code. Each case
 * checks its own answer first. `node bench/micro/policy-hit.ts [seconds]`
 */
import { controlWord, eventFlag, failCause } from '../../src/engine/contract.ts';
import { formatHttpDate } from '../../src/lib/http-date.ts';
import { Policy } from '../../src/pipeline/index.ts';
import { type Command, earlyKey, FakeEngine, type Fields } from '../../test/support/fake-engine.ts';
import { snapshotWith } from '../../test/support/fake-proxy.ts';
import { ruleset } from '../../test/support/rules.ts';
import { hundredRules } from './rules.ts';

export interface Case {
  name: string;
  /** Nanoseconds per event that are aimed at; 0: only watched. */
  aimNs: number;
  /** With the hundred rules of `bench/rules-100.yaml`, none of which matches. */
  hasRules?: true;
  /** Fields of each request beside Host and the usual five of a browser. */
  fields: Fields;
  method?: string;
  /** Response of the origin: the events are its heads then. */
  response?: Fields;
  /** Puts into the store what the requests find. */
  prepare?: (engine: FakeEngine) => void;
  expected: Command['kind'];
  status?: number;
}

const eventsPerBatch = 16;
const host = 'site.example';
const browser: Fields = [
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36',
  ],
  ['accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['accept-language', 'en-US,en;q=0.5'],
  ['cookie', 'session=0123456789abcdef'],
];
const key = earlyKey(7, host, '/asset/app.js');

function putFresh(engine: FakeEngine): void {
  const fields: [string, string][] = [['etag', '"a"']];
  engine.put(key, {
    freshUntil: engine.now + 600,
    storedAt: engine.now - 5,
    flags: 4,
    body: 'x'.repeat(1024),
    fields,
  });
}

function originFields(now: number): Fields {
  return [
    ['date', formatHttpDate(now)],
    ['content-type', 'text/html; charset=utf-8'],
    ['content-length', '1024'],
    ['cache-control', 'public, max-age=600'],
    ['etag', '"0123456789abcdef"'],
    ['last-modified', formatHttpDate(now - 86_400)],
    ['server', 'origin'],
  ];
}

const now = new FakeEngine().now;

export const cases: readonly Case[] = [
  { name: 'hit', aimNs: 150, fields: browser, prepare: putFresh, expected: 'serve' },
  {
    name: 'hit, 100 rules',
    aimNs: 0,
    hasRules: true,
    fields: browser,
    prepare: putFresh,
    expected: 'serve',
  },
  { name: 'miss: request, 100 rules', aimNs: 0, hasRules: true, fields: browser, expected: 'fetch' },
  {
    name: 'hit, 304 by If-None-Match',
    aimNs: 0,
    fields: [...browser, ['if-none-match', '"a"']],
    prepare: putFresh,
    expected: 'serve',
    status: 304,
  },
  { name: 'miss: request', aimNs: 0, fields: browser, expected: 'fetch' },
  {
    name: 'miss: response that is stored',
    aimNs: 0,
    fields: browser,
    response: originFields(now),
    expected: 'forward',
  },
  { name: 'POST: request', aimNs: 0, fields: browser, method: 'POST', expected: 'fetch' },
  {
    name: 'POST: response',
    aimNs: 0,
    fields: browser,
    method: 'POST',
    response: [
      ['date', formatHttpDate(now)],
      ['content-type', 'application/json'],
    ],
    expected: 'forward',
  },
];

/** The requests whose two events together are aimed at one microsecond. */
export const proxiedAimNs = 1000;

const ruled = (() => {
  const { texts, lists } = hundredRules();
  const rules = texts.map((expression) => ({ expression, action: 'block' }));
  const plain = snapshotWith();
  const [zone] = plain.zones;
  if (zone === undefined) throw new Error('the snapshot has no zone');
  const rulesets = [ruleset({ http_request_firewall_custom: rules }, lists)];
  return { ...plain, zones: [{ ...zone, rulesets: [0] }], rulesets };
})();

interface Prepared {
  engine: FakeEngine;
  onBatch: () => void;
}

function prepare(one: Case): Prepared {
  const engine = new FakeEngine();
  const policy = new Policy(engine.memory, engine.ports, one.hasRules ? ruled : snapshotWith(), 0);
  one.prepare?.(engine);
  engine.begin();
  const target = '/asset/app.js';
  const head = engine.request({
    method: one.method ?? 'GET',
    target,
    fields: [['host', host], ...one.fields],
  });
  const originHead = one.response === undefined ? 0 : engine.response({ status: 200, fields: one.response });
  const isRead = one.method === undefined;
  for (let slot = 0; slot < eventsPerBatch; slot += 1) {
    const words = { slot, generation: 1, snapshot: 1, head, server: 11, cause: failCause.none };
    if (one.response === undefined) {
      const index = engine.event('request', { ...words, flags: isRead ? eventFlag.keyValid : 0 });
      if (isRead) engine.lookUpInto(index, key);
    } else {
      engine.event('originHead', { ...words, originHead, flags: isRead ? eventFlag.leads : 0 });
    }
  }
  return { engine, onBatch: () => policy.onBatch() };
}

function check(one: Case, prepared: Prepared): void {
  const commands = prepared.engine.run(prepared.onBatch);
  if (commands.length !== eventsPerBatch) throw new Error(`${one.name}: ${commands.length} commands`);
  for (const command of commands) {
    const isRight = command.kind === one.expected && command.word('status') === (one.status ?? 0);
    if (!isRight) throw new Error(`${one.name}: ${command.kind} ${command.word('status')}`);
  }
}

/** Nanoseconds per event, the best of five rounds of `milliseconds` each. */
export function measure(one: Case, milliseconds: number): number {
  const prepared = prepare(one);
  check(one, prepared);
  const { words } = prepared.engine;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    let batches = 0;
    const start = performance.now();
    let elapsed = 0;
    while (elapsed < milliseconds) {
      for (let turn = 0; turn < 200; turn += 1) {
        words[controlWord.commandCount] = 0;
        words[controlWord.outUsed] = 0;
        prepared.onBatch();
      }
      batches += 200;
      elapsed = performance.now() - start;
    }
    best = Math.min(best, (elapsed * 1e6) / (batches * eventsPerBatch));
  }
  check(one, { engine: prepared.engine, onBatch: rewind(prepared) });
  return best;
}

function rewind(prepared: Prepared): () => void {
  return () => {
    prepared.engine.words[controlWord.commandCount] = 0;
    prepared.engine.words[controlWord.outUsed] = 0;
    prepared.onBatch();
  };
}

/** Bytes of the heap that one event costs, averaged over many: what the hot path allocates. */
export function heapBytesPerEvent(one: Case, batches: number): number {
  const prepared = prepare(one);
  const onBatch = rewind(prepared);
  for (let index = 0; index < batches; index += 1) onBatch();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < batches; index += 1) onBatch();
  return (process.memoryUsage().heapUsed - before) / (batches * eventsPerBatch);
}

function main(): void {
  const milliseconds = Number(process.argv[2] ?? 0.2) * 1000;
  const results = new Map<string, number>();
  for (const one of cases) {
    const ns = measure(one, milliseconds);
    results.set(one.name, ns);
    const aim = one.aimNs === 0 ? '' : `   aim ${one.aimNs} ns`;
    console.log(`${one.name.padEnd(32)} ${ns.toFixed(0).padStart(6)} ns per event${aim}`);
  }
  const proxied = results.get('miss: request')! + results.get('miss: response that is stored')!;
  console.log(
    `${'miss, both events'.padEnd(32)} ${proxied.toFixed(0).padStart(6)} ns   aim ${proxiedAimNs} ns`,
  );
}

if (import.meta.main) main();

/** Expressions over requests that a fake engine lays out, for the tests of the rules. */

import { Arena } from '../../src/engine/arena.ts';
import { eventFlag } from '../../src/engine/contract.ts';
import { EventView } from '../../src/engine/event-view.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { compileSet, type NamedList, requestScheme } from '../../src/rules/compile/index.ts';
import { loadSet, type Matcher, RequestReader } from '../../src/rules/run/index.ts';
import { FakeEngine } from '../support/fake-engine.ts';

export interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly version?: 10 | 11;
  readonly ip?: string;
  readonly isTls?: boolean;
  readonly fields?: readonly (readonly [string, string])[];
}

export const servers = [{ address: '198.51.100.1', port: 8009 }];
export const now = 1_800_000_000_123;

const eventsOffset = 4096;

/** Lays requests out one at a time, and puts a reader to them. */
export class Bench {
  readonly reader = new RequestReader(servers);
  readonly #engine = new FakeEngine();
  readonly #arena = new Arena(this.#engine.memory);
  readonly #head = new HeadView(this.#arena);
  readonly #event = new EventView(this.#arena);

  send(sent: Sent): void {
    const engine = this.#engine;
    engine.begin();
    const host: [string, string][] = sent.host === undefined ? [] : [['host', sent.host]];
    const head = engine.request({
      method: sent.method ?? 'GET',
      target: sent.target ?? '/',
      version: sent.version ?? 11,
      fields: [...host, ...(sent.fields ?? [])],
    });
    const flags = sent.isTls === true ? eventFlag.tls : 0;
    const clientAddress = sent.ip === undefined ? 0 : engine.address(sent.ip);
    engine.event('request', { slot: 0, generation: 1, snapshot: 1, head, flags, clientAddress });
    this.#event.base = eventsOffset >> 2;
    this.#head.reset(head);
    this.reader.begin(this.#head, this.#event, now);
  }

  /** The same request once more. */
  again(): void {
    this.reader.begin(this.#head, this.#event, now);
  }

  load(texts: readonly string[], lists: ReadonlyMap<string, NamedList> = new Map()): Matcher {
    const { program, findings } = compile(texts, lists);
    if (program === undefined)
      throw new Error(findings.map(({ index, message }) => `${texts[index]}: ${message}`).join('\n'));
    // As a worker gets it.
    return loadSet(structuredClone(program), this.reader);
  }
}

export function compile(
  texts: readonly string[],
  lists: ReadonlyMap<string, NamedList> = new Map(),
): ReturnType<typeof compileSet> {
  return compileSet({
    scheme: requestScheme,
    lists,
    expressions: texts.map((text) => ({ text, want: 'Bool' })),
  });
}

/** Indexes of the expressions that are true now, as the walk from rule to rule finds them. */
export function walk(matcher: Matcher): number[] {
  const found: number[] = [];
  for (let at = matcher.next(0); at >= 0; at = matcher.next(at + 1)) found.push(at);
  return found;
}

/** Whether one expression is true of one request: asked with and without the prefilter. */
export function isTrue(text: string, sent: Sent, lists?: ReadonlyMap<string, NamedList>): boolean {
  const bench = new Bench();
  const matcher = bench.load([text], lists);
  bench.send(sent);
  const isMatch = matcher.next(0) === 0;
  if (matcher.test(0) !== isMatch) throw new Error(`${text}: the prefilter says ${isMatch}`);
  return isMatch;
}

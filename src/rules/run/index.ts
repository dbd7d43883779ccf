/** Expressions at run time: loads a program, reads fields, answers which expression is true. Loaded by edge and shipper. */
import type { EventView } from '../../engine/event-view.ts';
import type { HeadView } from '../../engine/head-view.ts';
import type { ExpressionProgram, FieldReader, IpWords, Matcher, Slot } from '../protocol.ts';

export type { ExpressionProgram, FieldReader, IpWords, MatchCounts, Matcher, Slot } from '../protocol.ts';

/** Where a listener accepts, for cf.edge.server_ip and cf.edge.server_port; by listener index of the event. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Reads request fields from the head and the event of the exchange at hand. One per snapshot and thread, shared by all
 * matchers of that snapshot.
 */
export class RequestReader implements FieldReader {
  epoch = 0;
  readonly servers: readonly ServerAddress[];

  constructor(servers: readonly ServerAddress[]) {
    this.servers = servers;
  }

  /** Takes up an exchange. The views must not be moved elsewhere while expressions are evaluated. */
  begin(_head: HeadView, _event: EventView, _nowMs: number): void {}

  /** What a rule has rewritten; the raw fields stay. Latin1 text. */
  rewritePath(_path: string): void {}
  /** null: no query any more. */
  rewriteQuery(_query: string | null): void {}
  /** All values of a request field, name in lower case; null removes it. */
  rewriteHeader(_name: string, _values: readonly string[] | null): void {}

  bind(_slot: Slot): number {
    return 0;
  }
  text(_id: number): string | null {
    return null;
  }
  int(_id: number): number | null {
    return null;
  }
  truth(_id: number): boolean | null {
    return null;
  }
  ip(_id: number): IpWords | null {
    return null;
  }
  list(_id: number): null {
    return null;
  }
  map(_id: number): null {
    return null;
  }
}

/** Makes a program ready for a reader, all at once. */
export function loadSet(_program: ExpressionProgram, _reader: FieldReader): Matcher {
  throw new Error('not there yet');
}

/** The same in slices of a few milliseconds at most: run it step by step, the last step returns the matcher. */
export function* loadInSlices(program: ExpressionProgram, reader: FieldReader): Generator<void, Matcher> {
  yield;
  return loadSet(program, reader);
}

/** Runs matchers over synthetic requests, in slices, so that their code is optimised before they are put in force. */
export function* warm(_matchers: readonly Matcher[], _reader: RequestReader): Generator<void, void> {
  yield;
}

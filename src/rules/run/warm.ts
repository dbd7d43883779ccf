/**
 * Runs matchers over synthetic requests before they are put in force, so that no request has to wait for their code to be
 * compiled and optimised. In slices, between which the worker serves.
 */
import { Arena } from '../../engine/arena.ts';
import { EventView } from '../../engine/event-view.ts';
import { HeadView } from '../../engine/head-view.ts';
import type { Matcher } from '../protocol.ts';
import type { RequestReader } from '../request/reader.ts';
import { syntheticBytes, syntheticRequests, writeSynthetic } from './synthetic.ts';

const rounds = 200;
const roundsPerSlice = 20;
const expressionsPerSlice = 64;

/** The reader must not have an exchange at hand that is still to be decided. */
export function* warm(matchers: readonly Matcher[], reader: RequestReader): Generator<void, void> {
  const arena = new Arena(new ArrayBuffer(syntheticBytes));
  const head = new HeadView(arena);
  const event = new EventView(arena);
  for (const request of syntheticRequests) {
    for (const matcher of matchers) {
      for (let from = 0; from < matcher.size; from += expressionsPerSlice) {
        yield;
        // Whoever had the reader meanwhile has moved it.
        writeSynthetic(arena, request, head, event);
        reader.begin(head, event, 0);
        evaluate(matcher, from, Math.min(matcher.size, from + expressionsPerSlice));
      }
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    if (round % roundsPerSlice === 0) yield;
    writeSynthetic(arena, syntheticRequests[round % syntheticRequests.length]!, head, event);
    reader.begin(head, event, 0);
    for (const matcher of matchers) matcher.next(0);
  }
}

function evaluate(matcher: Matcher, from: number, to: number): void {
  for (let index = from; index < to; index += 1) {
    if (matcher.isBytes(index)) matcher.bytes(index);
    else matcher.test(index);
  }
}

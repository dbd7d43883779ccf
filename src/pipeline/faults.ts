/**
 * Makes the policy fail on demand, for the tests of what the engine and control do then. The phase exists only in a plan
 * whose snapshot says `testFaults`, which no configuration can.
 */

import { noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';
import type { Exchange } from './exchange.ts';
import { next } from './phase.ts';

const fieldName = latin1Bytes('x-parapet-test-fault');

/** What the field may ask for. */
export const testFaults = ['throw', 'loop', 'heap', 'reject'] as const;

function overrunHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
}

export function injectFault(exchange: Exchange): number {
  const { request } = exchange;
  const field = request.findNamed(fieldName, 0, request.fieldAt(0));
  if (field === noField) return next;
  switch (request.valueText(field)) {
    case 'throw':
      throw new Error('a test asked the policy to throw');
    case 'loop':
      for (;;);
    case 'heap':
      return overrunHeap();
    case 'reject':
      void Promise.reject(new Error('a test asked for a rejection that nobody handles'));
      return next;
    default:
      return next;
  }
}

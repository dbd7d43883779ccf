/** The benchmark of the policy, tiny: its own answers are right, and the common paths allocate nothing. */
import t from 'tap';
import { cases, heapBytesPerEvent, measure } from '../../bench/micro/policy-hit.ts';

t.test('every case gives the answer that it measures', async (t) => {
  for (const one of cases) t.ok(measure(one, 1) > 0, one.name);
});

t.test('an event of the common paths leaves nothing on the heap', async (t) => {
  for (const one of cases) {
    // What the engine's own compiler leaves behind counts too, once: the least of several measurements is the code's own.
    const least = Math.min(...Array.from({ length: 5 }, () => heapBytesPerEvent(one, 2000)));
    t.ok(least < 8, `${one.name}: ${least}`);
  }
});

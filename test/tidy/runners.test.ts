/** The sum at the end of a run is itself checked: what counts as a test, and that nothing can pass by not running. */
import t from 'tap';
import { close, emptyResult } from '../../scripts/runners/support/result.mjs';
import { countTap } from '../../scripts/runners/support/tap-count.mjs';

const stream = `TAP version 14
# Subtest: outer
    ok 1 - an assertion
    # Subtest: inner
        ok 1 - an assertion
        ok 2 - another
        1..2
    ok 2 - inner # time=1ms
    ok 3 - left out # SKIP why
    1..3
ok 1 - outer # time=2ms
# Subtest: wrong
    not ok 1 - expected \\# one
      ---
      diff: |
        not ok 1 - a line of the diagnostics
      ...
    1..1
not ok 2 - wrong # time=2ms
ok 3 - later # ${['TO', 'DO'].join('')}
ok 4 - buffered # time=1ms {
    ok 1 - an assertion
    1..1
}
ok 5 - a bare assertion
1..5
`;

t.test('named tests are counted, not the assertions inside them', async (t) => {
  const { passed, skips, failures } = countTap('a.test.ts', stream, 1);
  t.equal(passed, 3, 'inner, buffered, and the bare assertion');
  t.equal(skips.length, 2);
  t.match(skips[0], /^a\.test\.ts > outer > left out \(SKIP why\)$/);
  t.equal(failures.length, 1);
  t.match(failures[0], /^a\.test\.ts > wrong\n {2}expected # one\n/);
});

t.test('a file that ran no test, or failed outside its tests, is a failure', async (t) => {
  t.match(countTap('a.test.ts', '1..0\n', 0).failures[0], /ran no test/);
  t.match(countTap('a.test.ts', 'TAP version 14\n', 7).failures[0], /ended with 7/);
  t.match(countTap('a.test.ts', 'ok 1 - x\n1..1\n', 1).failures[0], /outside its tests/);
  t.same(countTap('a.test.ts', '1..0 # skip no compiler\n', 0).skips, ['a.test.ts (no compiler)']);
});

t.test('a runner that looked at nothing has failed', async (t) => {
  t.equal(close(emptyResult('x')).failed, 1);
  t.equal(close({ ...emptyResult('x'), looked: 1 }).failed, 0);
});

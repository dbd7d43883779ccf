/** Generated code, with its prefilter and what expressions share, against the plain interpreter. */
import * as fc from 'fast-check';
import t from 'tap';
import { expression, lists, type Rewrite, request, rewrite, worldOf } from './generated.ts';
import { Interpreter, type Wrong } from './interpreter.ts';
import { Bench, type Sent, walk } from './support.ts';

const expressions = fc.array(expression, { minLength: 1, maxLength: 40 });
const requests = fc.array(fc.tuple(request, fc.option(rewrite)), { minLength: 1, maxLength: 4 });
const runs = { numRuns: 150, seed: 20_261_122 };

function check(
  texts: readonly string[],
  sent: readonly (readonly [Sent, Rewrite | null])[],
  wrong?: Wrong,
): boolean {
  const bench = new Bench();
  const matcher = bench.load(texts, lists);
  const isRight = (change?: Rewrite, of?: Sent): boolean => {
    const interpreter = new Interpreter(worldOf(of!, change), wrong);
    const expected = texts.flatMap((text, index) => (interpreter.isTrue(text) ? [index] : []));
    const found = walk(matcher);
    const plain = texts.flatMap((_, index) => (matcher.test(index) ? [index] : []));
    return String(found) === String(expected) && String(plain) === String(expected);
  };
  for (const [one, change] of sent) {
    bench.send(one);
    if (!isRight(undefined, one)) return false;
    if (change === null) continue;
    if (change.path !== null) bench.reader.rewritePath(change.path);
    bench.reader.rewriteQuery(change.query);
    if (change.header !== null) bench.reader.rewriteHeader(...change.header);
    if (!isRight(change, one)) return false;
  }
  return true;
}

t.test('generated code says what the interpreter says, also after a rewrite', async () => {
  fc.assert(
    fc.property(expressions, requests, (texts, sent) => check(texts, sent)),
    runs,
  );
});

t.test('an interpreter that is wrong is found out', async (t) => {
  const wrongs: Wrong[] = [
    'ne of nil',
    'or as and',
    'wildcard with case',
    'all of nothing',
    'range without its end',
  ];
  for (const wrong of wrongs) {
    const found = fc.check(
      fc.property(expressions, requests, (texts, sent) => check(texts, sent, wrong)),
      { ...runs, numRuns: 2000, endOnFailure: true },
    );
    t.ok(found.failed, wrong);
  }
});

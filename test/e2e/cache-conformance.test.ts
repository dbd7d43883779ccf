/**
 * The public suite of tests for HTTP caches, in its packaged form, against a Parapet as an operator would run it. Every
 * case that is not passed stands in the expectations with a reason; one that fails unexpectedly is a fault, and so is
 * one that passes unexpectedly.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { expectations } from '../conformance/expectations.ts';
import {
  type Case,
  type Kind,
  kinds,
  type Outcome,
  packagedCases,
  runAllCases,
  runOneCase,
  startTestOrigin,
} from '../conformance/suite.ts';
import { siteConfig, url } from '../support/config.ts';
import { repository, skipReason, startParapet } from '../support/parapet.ts';
import { patience } from '../support/scale.ts';

t.setTimeout(patience(240_000));

/** The cases of the package that is pinned: a run that has looked at fewer has proven nothing. */
const known: Record<Kind, number> = { required: 165, optimal: 95, check: 90 };
/** Unexpected failures that are tried again alone: on a busy machine a second of freshness may pass unused. */
const triedAgainMax = 12;

function countByKind(cases: ReadonlyMap<string, Case>, isCounted: (id: string) => boolean) {
  const counts: Record<Kind, number> = { required: 0, optimal: 0, check: 0 };
  for (const [id, { kind }] of cases) if (isCounted(id)) counts[kind] += 1;
  return counts;
}

/** A case that passes, and all that it needs. */
function isPassed(
  id: string,
  cases: ReadonlyMap<string, Case>,
  outcomes: ReadonlyMap<string, Outcome>,
): boolean {
  const needs = cases.get(id)?.needs ?? [];
  return outcomes.get(id) === true && needs.every((each) => isPassed(each, cases, outcomes));
}

async function tryAgain(base: string, outcomes: Map<string, Outcome>): Promise<string[]> {
  const failed = [...outcomes].filter(([id, outcome]) => outcome !== true && !expectations.has(id));
  if (failed.length > triedAgainMax) return [];
  for (const [id] of failed) outcomes.set(id, await runOneCase(base, id));
  return failed.map(([id]) => id);
}

t.test('the expectations name cases of the suite, by their kind, with a reason', async (t) => {
  const cases = await packagedCases();
  t.same(
    countByKind(cases, () => true),
    known,
  );
  for (const [id, { kind, reason }] of expectations) {
    t.equal(cases.get(id)?.kind, kind, id);
    t.ok(reason.length > 20, `${id}: ${reason}`);
  }
});

t.test(
  'every case of the suite ends as expected',
  { skip: skipReason, timeout: patience(230_000) },
  async (t) => {
    const cases = await packagedCases();
    const origin = await startTestOrigin(t);
    const parapet = await startParapet(t, siteConfig(origin));
    const base = url(parapet.listener());
    const outcomes = await runAllCases(base);
    t.same(
      countByKind(cases, (id) => outcomes.has(id)),
      known,
      'every case was run',
    );
    const again = await tryAgain(base, outcomes);
    if (again.length > 0) t.comment(`tried again alone: ${again.join(' ')}`);

    const passed = countByKind(cases, (id) => isPassed(id, cases, outcomes));
    for (const [id, outcome] of outcomes) {
      const isExpected = !expectations.has(id);
      if (outcome === true && !isExpected)
        t.fail(`${id} passes: remove it from test/conformance/expectations.ts`);
      if (outcome !== true && isExpected) t.fail(`${id}: ${outcome}`);
    }
    t.ok(passed.optimal >= 80, `${passed.optimal} optimal cases`);
    const row = `| Parapet | ${kinds.map((kind) => passed[kind]).join(' | ')} |`;
    const page = readFileSync(join(repository, 'docs/caching.md'), 'utf8');
    t.ok(page.includes(row), `docs/caching.md has the figures: ${row}`);
    t.comment(`figures: ${kinds.map((kind) => `${kind} ${passed[kind]} of ${known[kind]}`).join(', ')}`);
  },
);

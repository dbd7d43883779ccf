/** Makes functions of a program's source. What the source may name is the list of parameters here, and nothing else. */
import { inRanges, isSameAddress } from '../address.ts';
import type { ExpressionProgram, FieldReader, Matcher } from '../protocol.ts';
import { functions } from '../scheme/functions.ts';
import { type Chunk, ProgramMatcher, type Value } from './matcher.ts';
import { makeRegex } from './regex.ts';
import { flatten, hasBits, inInts, isGlob, itemAt, mapValues } from './tests.ts';

const helpers = {
  inInts,
  hasBits,
  isGlob,
  mapValues,
  flatten,
  itemAt,
  inRanges,
  isSameAddress,
  none: [] as readonly never[],
};

/**
 * R reader, S slots as the reader numbers them, T texts, N integers, A addresses, X sets of texts, Y of integers, Z of
 * addresses, P patterns, G wildcards, F functions, C shared code, M kept results, W the epochs that they are of, H helpers.
 */
const parameters = ['R', 'S', 'T', 'N', 'A', 'X', 'Y', 'Z', 'P', 'G', 'F', 'C', 'M', 'W', 'H'] as const;
const bodiesPerSlice = 16;
const itemsPerSlice = 20_000;

type Compiled = (...args: unknown[]) => unknown;

class Loader {
  readonly #program: ExpressionProgram;
  readonly #reader: FieldReader;
  readonly #shared: unknown[] = [];
  #tables: unknown[] = [];
  #work = 0;

  constructor(program: ExpressionProgram, reader: FieldReader) {
    this.#program = program;
    this.#reader = reader;
  }

  *load(): Generator<void, Matcher> {
    const program = this.#program;
    const patterns = [];
    for (const source of program.patterns) {
      patterns.push(makeRegex(source));
      if (this.#isSliceFull(itemsPerSlice / bodiesPerSlice)) yield;
    }
    const textSets: Set<string>[] = [];
    for (const texts of program.textSets) {
      const set = new Set<string>();
      for (const text of texts) {
        set.add(text);
        if (this.#isSliceFull(1)) yield;
      }
      textSets.push(set);
    }
    this.#tables = [
      this.#reader,
      program.slots.map((slot) => this.#reader.bind(slot)),
      program.texts,
      program.integers,
      program.addresses,
      textSets,
      program.intSets,
      program.ipSets,
      patterns,
      program.globs,
      program.functions.map((name) => functions[name]!.call),
      this.#shared,
      new Array<unknown>(program.memos).fill(null),
      new Int32Array(program.memos).fill(-1),
      helpers,
    ];
    return yield* this.#compile();
  }

  *#compile(): Generator<void, Matcher> {
    const { shared, chunks, values, kinds, prefilter } = this.#program;
    yield* this.#each(shared, (body) => this.#shared.push(this.#make(body)));
    const made: Chunk[] = [];
    yield* this.#each(chunks, (body) => made.push(this.#make(body) as Chunk));
    const texts = new Map<number, Value>();
    yield* this.#each(values, ([index, body]) => texts.set(index, this.#make(body) as Value));
    const truths = new Int32Array(chunks.length);
    for (const [index, kind] of kinds.entries())
      if (kind === 'Bool') truths[index >> 5]! |= 1 << (index & 31);
    return new ProgramMatcher(
      { size: kinds.length, chunks: made, values: texts },
      truths,
      prefilter,
      this.#reader,
    );
  }

  *#each<Item>(items: readonly Item[], take: (item: Item) => void): Generator<void, void> {
    for (const item of items) {
      take(item);
      if (this.#isSliceFull(itemsPerSlice / bodiesPerSlice)) yield;
    }
  }

  #isSliceFull(work: number): boolean {
    this.#work += work;
    if (this.#work < itemsPerSlice) return false;
    this.#work = 0;
    return true;
  }

  /** The body names the parameters above, and was written by the compiler alone. */
  #make(body: string): unknown {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- generated code; see emit.ts
    const compiled = new Function(...parameters, body) as Compiled;
    return compiled(...this.#tables);
  }
}

/** Makes a program ready for a reader, step by step: a step takes a few milliseconds, the last one returns the matcher. */
export function loadInSlices(program: ExpressionProgram, reader: FieldReader): Generator<void, Matcher> {
  return new Loader(program, reader).load();
}

/** The same, all at once. */
export function loadSet(program: ExpressionProgram, reader: FieldReader): Matcher {
  const steps = loadInSlices(program, reader);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
